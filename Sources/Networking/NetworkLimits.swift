/// The bounds of networks.
///
/// Source: Microsoft, "Azure subscription and service limits, quotas, and constraints", networking limits.
public enum NetworkLimits {
  public static let maximumVirtualNetworks = 1000
  public static let maximumSubnetsPerNetwork = 3000
  public static let maximumPrefixesPerNetwork = 256
  public static let maximumPeeringsPerNetwork = 500
  public static let maximumSecurityGroups = 5000
  public static let maximumRulesPerGroup = 1000
  public static let maximumInterfaces = 65_536
  public static let maximumPublicAddresses = 1000
  public static let maximumConfigurationsPerInterface = 256
  /// Addresses at the start of each subnet that the platform keeps: the network, the gateway and two for names.
  public static let reservedFirstAddresses = 4
  /// A subnet has at least eight addresses.
  public static let longestSubnetPrefix = 29
  public static let shortestPrefix = 8
  /// Seconds between two rounds that look for drift.
  public static let reconcileIntervalSeconds = 5
  /// Seconds that a starting machine waits for its interfaces.
  public static let connectSeconds = 60
}
