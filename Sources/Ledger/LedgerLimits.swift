/// The bounds of the ledger.
public enum LedgerLimits {
  /// Entries that get their places in one transaction.
  static let maximumBatchEntries = 256
  /// How long the sequencer gathers what comes together before it gives places: one transaction for many entries.
  static let gathering: Duration = .milliseconds(50)
  /// How long it waits after an error.
  static let retry: Duration = .seconds(1)
  /// How often a grown log gets a signed head.
  public static let headInterval: Duration = .seconds(60)
  /// Bytes of one text of an entry; what is longer is cut.
  public static let maximumTextBytes = 1024
  /// Named texts in `facts` and in `personal`, each; further ones are left out.
  public static let maximumTexts = 32
  /// Entries of one page of a list.
  public static let maximumPageEntries = 1000
  /// Entries whose personal data one transaction erases: their numbers fit into one text.
  public static let maximumErasedAtOnce = 64
  /// Drafts that `status` counts.
  static let maximumCountedDrafts = 10_000
  /// Bytes of a request to a witness.
  public static let maximumWitnessRequestBytes = 64 << 10
  /// Lines of a consistency proof. Source: C2SP, "Transparency Log Witnesses".
  static let maximumProofLines = 63
  /// Signature lines of a note.
  static let maximumNoteSignatures = 64
}
