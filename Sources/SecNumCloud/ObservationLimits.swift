/// Bounds of observing.
public enum ObservationLimits {
  /// One look at one control. Past it: `non évalué`.
  public static let maximumDuration: Duration = .seconds(30)
  /// The evidence of one finding, as JSON text, in bytes. What is longer is cut by the observation itself, which says so.
  public static let maximumEvidenceBytes = 256 << 10
  /// Observations of one control that are kept: the latest, and each at which something changed.
  public static let maximumHistory = 200
  /// What a listing of the observed platform reads at most.
  public static let maximumListed = 100_000
  /// A piece or register, in bytes.
  public static let maximumDocumentBytes = 64 << 20
  /// How much of one core all observations together may take at rest.
  public static let maximumLoad = 0.01
}
