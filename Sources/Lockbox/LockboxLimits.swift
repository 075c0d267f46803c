/// The bounds of the lockbox.
public enum LockboxLimits {
  /// How long a tenant has to decide. Source: Microsoft, "Customer Lockbox for Microsoft Azure": a request that is not decided in four days expires.
  public static let undecided: Duration = .seconds(4 * 86_400)
  /// Hours that a grant may last. Source: the same; an access is granted for eight hours.
  public static let maximumHours = 8
  /// Minutes that a grant lasts at least.
  public static let minimumMinutes = 1
  /// Bytes of a justification, and of the reason of a decision.
  public static let maximumTextBytes = 1000
  /// Bytes of a ticket's number.
  public static let maximumTicketBytes = 64
  /// Bytes of a scope's id.
  public static let maximumScopeBytes = 1000
  /// Requests of one tenant that wait for its decision.
  public static let maximumPendingOfTenant = 50
  /// Requests of one operator that wait for a decision.
  public static let maximumPendingOfOperator = 20
  /// Grants of one tenant that a change of its mind ends in one transaction.
  static let maximumLiveOfTenant = 10_000
  /// Requests of one page of a list.
  public static let maximumPageItems = 100
  /// Requests that one filtered page looks through.
  static let maximumScannedRequests = 1000
  /// Requests whose time is over that one transaction ends.
  static let maximumEndedAtOnce = 100
  /// How long after a failure the end of requests is tried again.
  static let retry: Duration = .seconds(5)
  /// Bytes of a blob that one look gives.
  public static let maximumLookBytes = 4 << 20
  /// Items of one page of a look at a list.
  public static let maximumLookItems = 500
  /// Bytes of one text of an authority's request.
  public static let maximumAuthorityTextBytes = 1000
}
