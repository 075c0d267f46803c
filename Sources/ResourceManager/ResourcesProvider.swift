/// Microsoft.Resources: what Resource Manager itself keeps. Its operations are its own; here they are described.
struct ResourcesProvider: ResourceProvider {
  let namespace = "Microsoft.Resources"
  let types: [any ResourceType] = []
  let actions: [ProviderAction] = []

  let listedTypes = [
    ListedType("deployments", ["2025-04-01", "2024-11-01", "2021-04-01", "2020-10-01"]),
    ListedType("deployments/operations", ["2025-04-01", "2024-11-01", "2021-04-01"]),
    ListedType("tenants", ["2022-12-01", "2020-01-01"]),
    ListedType("subscriptions", ["2022-12-01", "2020-01-01", "2016-06-01"]),
    ListedType("subscriptions/locations", ["2022-12-01", "2020-01-01"]),
    ListedType("subscriptions/operationresults", ["2024-11-01", "2021-04-01"]),
    ListedType("subscriptions/providers", ["2024-11-01", "2021-04-01"]),
    ListedType("subscriptions/resourceGroups", ["2025-04-01", "2024-11-01", "2021-04-01"]),
    ListedType("subscriptions/resourceGroups/resources", ["2025-04-01", "2024-11-01", "2021-04-01"]),
    ListedType("subscriptions/resources", ["2025-04-01", "2024-11-01", "2021-04-01"]),
    ListedType("subscriptions/tagNames", ["2024-11-01", "2021-04-01"]),
    ListedType("subscriptions/tagNames/tagValues", ["2024-11-01", "2021-04-01"]),
    ListedType("resourceGroups", ["2025-04-01", "2024-11-01", "2021-04-01"]),
    ListedType("providers", ["2024-11-01", "2021-04-01"]),
    ListedType("resources", ["2025-04-01", "2024-11-01", "2021-04-01"]),
    ListedType("tags", ["2024-11-01", "2021-04-01"]),
    ListedType("operations", ["2024-11-01", "2021-04-01"]),
  ]

  let operations: [ProviderOperation] = [
    .init("Microsoft.Resources/deployments/read", "Deployment", "Get deployment", "Gets or lists deployments."),
    .init("Microsoft.Resources/deployments/write", "Deployment", "Create or update deployment", "Creates or updates a deployment."),
    .init("Microsoft.Resources/deployments/delete", "Deployment", "Delete deployment", "Deletes a deployment."),
    .init("Microsoft.Resources/deployments/cancel/action", "Deployment", "Cancel deployment", "Cancels a deployment."),
    .init("Microsoft.Resources/deployments/validate/action", "Deployment", "Validate deployment", "Validates a deployment."),
    .init("Microsoft.Resources/deployments/whatIf/action", "Deployment", "What-if", "Predicts template deployment changes."),
    .init("Microsoft.Resources/deployments/exportTemplate/action", "Deployment", "Export template", "Exports the template of a deployment."),
    .init(
      "Microsoft.Resources/deployments/operations/read", "Deployment operation", "Get deployment operation", "Gets or lists deployment operations."),
    .init("Microsoft.Resources/subscriptions/read", "Subscription", "Get subscription", "Gets the list of subscriptions."),
    .init("Microsoft.Resources/subscriptions/locations/read", "Location", "List locations", "Gets the list of locations supported."),
    .init(
      "Microsoft.Resources/subscriptions/operationresults/read", "Operation result", "Get operation results",
      "Get the subscription operation results."),
    .init("Microsoft.Resources/subscriptions/providers/read", "Provider", "Get resource provider", "Gets or lists resource providers."),
    .init("Microsoft.Resources/subscriptions/resources/read", "Resource", "List resources", "Gets resources of a subscription."),
    .init("Microsoft.Resources/subscriptions/resourceGroups/read", "Resource group", "Get resource group", "Gets or lists resource groups."),
    .init(
      "Microsoft.Resources/subscriptions/resourceGroups/write", "Resource group", "Create or update resource group",
      "Creates or updates a resource group."),
    .init(
      "Microsoft.Resources/subscriptions/resourceGroups/delete", "Resource group", "Delete resource group",
      "Deletes a resource group and all its resources."),
    .init(
      "Microsoft.Resources/subscriptions/resourceGroups/resources/read", "Resource group", "List resources",
      "Gets the resources of the resource group."),
    .init("Microsoft.Resources/subscriptions/tagNames/read", "Tag name", "Get tag name", "Gets or lists subscription tags."),
    .init("Microsoft.Resources/subscriptions/tagNames/write", "Tag name", "Create tag name", "Adds a subscription tag."),
    .init("Microsoft.Resources/subscriptions/tagNames/delete", "Tag name", "Delete tag name", "Deletes a subscription tag."),
    .init("Microsoft.Resources/subscriptions/tagNames/tagValues/write", "Tag value", "Create tag value", "Adds a subscription tag value."),
    .init("Microsoft.Resources/subscriptions/tagNames/tagValues/delete", "Tag value", "Delete tag value", "Deletes a subscription tag value."),
    .init("Microsoft.Resources/tags/read", "Tags", "Get tags", "Gets all the tags on a resource."),
    .init("Microsoft.Resources/tags/write", "Tags", "Update tags", "Updates the tags on a resource by replacing or merging existing tags."),
    .init("Microsoft.Resources/tags/delete", "Tags", "Delete tags", "Removes all the tags on a resource."),
  ]
}

/// Microsoft.Authorization: roles and assignments, kept by `Access`. Its operations are Resource Manager's own; here they are described.
struct AuthorizationProvider: ResourceProvider {
  let namespace = "Microsoft.Authorization"
  let types: [any ResourceType] = []
  let actions: [ProviderAction] = []

  let listedTypes = [
    ListedType("locks", ["2020-05-01", "2017-04-01", "2016-09-01"]),
    ListedType("policyAssignments", ["2025-11-01", "2023-04-01", "2021-06-01"]),
    ListedType("policyDefinitions", ["2025-11-01", "2023-04-01", "2021-06-01"]),
    ListedType("roleAssignments", ["2022-04-01", "2020-04-01-preview", "2018-01-01-preview", "2015-07-01"]),
    ListedType("roleDefinitions", ["2022-05-01-preview", "2022-04-01", "2018-01-01-preview", "2015-07-01"]),
    ListedType("permissions", ["2022-04-01", "2018-07-01", "2015-07-01"]),
    ListedType("providerOperations", ["2022-04-01", "2018-01-01-preview", "2015-07-01"]),
    ListedType("operations", ["2022-04-01", "2015-07-01"]),
  ]

  let operations: [ProviderOperation] = [
    .init("Microsoft.Authorization/locks/read", "Management lock", "Get management lock", "Gets management locks."),
    .init("Microsoft.Authorization/locks/write", "Management lock", "Create or update management lock", "Creates or updates management locks."),
    .init("Microsoft.Authorization/locks/delete", "Management lock", "Delete management lock", "Deletes management locks."),
    .init("Microsoft.Authorization/policyAssignments/read", "Policy assignment", "Get policy assignment", "Gets policy assignments."),
    .init(
      "Microsoft.Authorization/policyAssignments/write", "Policy assignment", "Create or update policy assignment",
      "Creates or updates policy assignments."),
    .init("Microsoft.Authorization/policyAssignments/delete", "Policy assignment", "Delete policy assignment", "Deletes policy assignments."),
    .init("Microsoft.Authorization/policyDefinitions/read", "Policy definition", "Get policy definition", "Gets policy definitions."),
    .init(
      "Microsoft.Authorization/policyDefinitions/write", "Policy definition", "Create or update policy definition",
      "Creates or updates policy definitions."),
    .init("Microsoft.Authorization/policyDefinitions/delete", "Policy definition", "Delete policy definition", "Deletes policy definitions."),
    .init(
      "Microsoft.Authorization/roleAssignments/read", "Role assignment", "Get information about a role assignment",
      "Get information about a role assignment."),
    .init(
      "Microsoft.Authorization/roleAssignments/write", "Role assignment", "Create role assignment", "Create a role assignment at the specified scope."
    ),
    .init(
      "Microsoft.Authorization/roleAssignments/delete", "Role assignment", "Delete role assignment",
      "Delete a role assignment at the specified scope."),
    .init(
      "Microsoft.Authorization/roleDefinitions/read", "Role definition", "Get information about a role definition",
      "Get information about a role definition."),
    .init(
      "Microsoft.Authorization/roleDefinitions/write", "Role definition", "Create or update custom role definition",
      "Create or update a custom role definition with specified permissions and assignable scopes."),
    .init(
      "Microsoft.Authorization/roleDefinitions/delete", "Role definition", "Delete custom role definition",
      "Delete the specified custom role definition."),
    .init("Microsoft.Authorization/permissions/read", "Permission", "List permissions", "Lists all the permissions the caller has at a given scope."),
    .init(
      "Microsoft.Authorization/providerOperations/read", "Provider operation", "Get operations for resource providers",
      "Get operations for all resource providers which can be used in role definitions."),
  ]
}

extension ProviderOperation {
  fileprivate init(_ name: String, _ resource: String, _ operation: String, _ description: String) {
    self.init(name: name, resource: resource, operation: operation, description: description)
  }
}
