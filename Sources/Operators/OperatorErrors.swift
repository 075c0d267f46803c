public import Base

/// What the operators' API refuses, in the codes and words of Resource Manager.
public enum OperatorErrors {
  static let notFound = CloudError(404, "ResourceNotFound", "The operators' API has no such path.")
  static let methodNotAllowed = CloudError(405, "MethodNotAllowed", "The path exists, but not for this method.")
  static let malformedPath = CloudError(400, "InvalidRequestUri", "The request's path holds a malformed escape.")
  static let invalidContent = CloudError(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")
  static let noToken = CloudError(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")

  /// The same for each reason: whoever has no good token learns nothing of why.
  static let badToken = CloudError(401, "InvalidAuthenticationToken", "The access token is invalid.")

  static func denied(_ permission: OperatorPermission) -> CloudError {
    CloudError(403, "AuthorizationFailed", "The operator does not have authorization to perform action '\(permission.rawValue)'.")
  }

  /// No grant of a tenant covers what was asked for.
  public static let noGrant = CloudError(
    403, "AuthorizationFailed",
    "No approved request for access covers this. A tenant's resource is open to an operator by the tenant's approval alone.")
}
