internal import Base
internal import Wire

/// What the lockbox refuses, on either side.
enum LockboxErrors {
  // MARK: The tenant's side

  static func requestNotFound(_ id: String) -> CloudError {
    CloudError(
      404, "ResourceNotFound",
      "The Resource 'Microsoft.CustomerLockbox/requests/\(id)' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix")
  }

  /// Azure tells the state in `additionalInfo`; here it stands in the message.
  static func invalidStatus(_ id: GUID, _ status: LockboxRequest.Status, _ decision: LockboxDecision) -> CloudError {
    CloudError(
      409, "InvalidRequestStatus",
      "The Lockbox request '\(id)' cannot be updated with '\(decision.rawValue)': its current status is '\(status.rawValue)'.", target: "status")
  }

  static func invalidContent(_ detail: String, target: String? = nil) -> CloudError {
    CloudError(
      400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '\(detail)'.", target: target)
  }

  static func invalidFilter(_ filter: String) -> CloudError {
    CloudError(400, "InvalidFilterInQueryString", "Invalid $filter '\(filter.prefix(256))' specified in the query string.")
  }

  static func foreignTenant(_ id: String) -> CloudError {
    CloudError(404, "TenantNotFound", "The tenant '\(id.prefix(64))' could not be found.")
  }

  // MARK: The operator's side

  static func unknownRequest(_ id: String) -> CloudError {
    CloudError(404, "ResourceNotFound", "There is no request '\(id.prefix(64))'.")
  }

  static func invalid(_ name: String, _ message: String) -> CloudError {
    CloudError(400, "InvalidParameter", "'\(name)': \(message)", target: name)
  }

  static func subscriptionNotFound(_ id: GUID) -> CloudError {
    CloudError(404, "SubscriptionNotFound", "The subscription '\(id)' could not be found.")
  }

  static let lockboxDisabled = CloudError(
    409, "LockboxNotEnabled", "The tenant has not enabled Customer Lockbox. Without it nobody can be given access to what is its own.")

  static let tooMany = CloudError(
    429, "TooManyRequests", "Too many requests for access wait for a decision.", headers: [("Retry-After", "3600")])

  static func notPending(_ status: LockboxRequest.Status) -> CloudError {
    CloudError(409, "InvalidRequestStatus", "The request is not open any more: its current status is '\(status.rawValue)'.")
  }
}
