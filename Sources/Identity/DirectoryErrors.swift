internal import Base

/// What the directory refuses, in Graph's codes and words.
enum DirectoryErrors {
  static func conflict(_ property: String) -> CloudError {
    CloudError(
      400, "Request_BadRequest", "Another object with the same value for property \(property) already exists.", target: property,
      details: [CloudError(400, "ObjectConflict", "Another object with the same value for property \(property) already exists.", target: property)])
  }

  static func invalid(_ property: String, _ resource: String) -> CloudError {
    CloudError(400, "Request_BadRequest", "Invalid value specified for property '\(property)' of resource '\(resource)'.", target: property)
  }

  static func notFound(_ id: GUID) -> CloudError {
    CloudError(
      404, "Request_ResourceNotFound",
      "Resource '\(id)' does not exist or one of its queried reference-property objects are not present.")
  }

  static let domain = CloudError(
    400, "Request_BadRequest",
    "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
    target: "userPrincipalName")

  static let password = CloudError(
    400, "Request_BadRequest",
    "The specified password does not comply with password complexity requirements. Please provide a different password.", target: "passwordProfile")

  static let alreadyMember = CloudError(
    400, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'.",
    target: "members")

  static let appExists = CloudError(
    409, "Request_MultipleObjectsWithSameKeyValue",
    "The service principal cannot be created, updated, or restored because the service principal name is already in use.",
    target: "servicePrincipalNames")

  static func noApplication(_ appID: GUID) -> CloudError {
    CloudError(
      400, "Request_BadRequest",
      "When using this permission, the backing application of the service principal being created must in the local tenant, or be multi-tenant: '\(appID)'.",
      target: "appId")
  }

  static func quota(_ what: String) -> CloudError {
    CloudError(403, "Directory_QuotaExceeded", "The directory object quota limit for \(what) has been exceeded.")
  }
}
