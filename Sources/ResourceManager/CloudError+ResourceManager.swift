internal import Base
internal import Wire

/// The errors that Azure Resource Manager itself answers with, in its words.
///
/// Source: Microsoft, "Troubleshoot common Azure deployment errors" and the answers of management.azure.com.
extension CloudError {
  static func invalidRequestContent(_ detail: String) -> CloudError {
    CloudError(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '\(detail)'.")
  }

  static func subscriptionNotFound(_ id: GUID) -> CloudError {
    CloudError(404, "SubscriptionNotFound", "The subscription '\(id)' could not be found.")
  }

  static func groupNotFound(_ name: String) -> CloudError {
    CloudError(404, "ResourceGroupNotFound", "Resource group '\(name)' could not be found.")
  }

  static func groupBeingDeleted(_ name: String) -> CloudError {
    CloudError(
      409, "ResourceGroupBeingDeleted", "The resource group '\(name)' is in deprovisioning state and cannot perform this operation.")
  }

  static func resourceNotFound(_ id: ResourceID) -> CloudError {
    let names = id.provided.last?.segments.map(\.name).joined(separator: "/") ?? id.name
    let place = id.resourceGroup.map { " under resource group '\($0)'" } ?? ""
    return CloudError(
      404, "ResourceNotFound",
      "The Resource '\(id.type ?? "")/\(names)'\(place) was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix")
  }

  static func parentNotFound(_ id: ResourceID, parent: ResourceID) -> CloudError {
    CloudError(
      404, "ParentResourceNotFound",
      "Failed to perform 'write' on resource(s) of type '\(typeBelowNamespace(id))', because the parent resource '\(parent)' could not be found.")
  }

  static func invalidNamespace(_ namespace: String) -> CloudError {
    CloudError(404, "InvalidResourceNamespace", "The resource namespace '\(namespace)' is invalid.")
  }

  static func invalidType(_ type: String, in namespace: String, apiVersion: String, supported: [String]) -> CloudError {
    CloudError(
      404, "InvalidResourceType",
      "The resource type '\(type)' could not be found in the namespace '\(namespace)' for api version '\(apiVersion)'. "
        + "The supported api-versions are '\(supported.joined(separator: ","))'.")
  }

  static func preconditionFailed() -> CloudError {
    CloudError(412, "PreconditionFailed", "The condition specified using HTTP conditional header(s) is not met.")
  }

  static func authorizationFailed(client: String, objectID: GUID, action: String, scope: String) -> CloudError {
    CloudError(
      403, "AuthorizationFailed",
      "The client '\(client)' with object id '\(objectID)' does not have authorization to perform action '\(action)' over scope '\(scope)' "
        + "or the scope is invalid. If access was recently granted, please refresh your credentials.")
  }

  static func linkedAuthorizationFailed(
    client: String, objectID: GUID, action: String, scope: ResourceID, linked: [(permission: String, target: ResourceID)]
  ) -> CloudError {
    CloudError(
      403, "LinkedAuthorizationFailed",
      "The client '\(client)' with object id '\(objectID)' has permission to perform action '\(action)' on scope '\(scope)'; however, it does not have "
        + "permission to perform action(s) '\(linked.map(\.permission).joined(separator: ","))' on the linked scope(s) "
        + "'\(linked.map(\.target.description).joined(separator: ","))' (respectively) or the linked scope(s) are invalid.")
  }

  static func locationNotAvailable(_ location: String, type: String, available: [String]) -> CloudError {
    CloudError(
      400, "LocationNotAvailableForResourceType",
      "The provided location '\(location)' is not available for resource type '\(type)'. "
        + "List of available regions for the resource type is '\(available.joined(separator: ","))'.")
  }

  static func locationNotAvailableForGroup(_ location: String, available: [String]) -> CloudError {
    CloudError(
      400, "LocationNotAvailableForResourceGroup",
      "The provided location '\(location)' is not available for resource group. List of available regions is '\(available.joined(separator: ","))'.")
  }

  static func locationRequired() -> CloudError {
    CloudError(400, "LocationRequired", "The location property is required for this definition.")
  }

  static func invalidSkipToken() -> CloudError {
    CloudError(400, "InvalidSkipToken", "The provided '$skiptoken' is invalid.")
  }

  static func invalidFilter(_ filter: String) -> CloudError {
    CloudError(400, "InvalidFilterInQueryString", "Invalid $filter '\(filter)' specified in the query string.")
  }

  /// `storageAccounts/blobServices` of `Microsoft.Storage/storageAccounts/blobServices`.
  private static func typeBelowNamespace(_ id: ResourceID) -> String {
    id.provided.last?.segments.map(\.type).joined(separator: "/") ?? ""
  }
}
