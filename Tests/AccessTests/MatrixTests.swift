import Access
import Base
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// Every built-in role against representative actions, as text that a change of permissions shows up in.
@Suite struct MatrixTests {
  private static let actions: [Action] = [
    Action("Microsoft.Resources/subscriptions/read"),
    Action("Microsoft.Resources/subscriptions/resourceGroups/read"),
    Action("Microsoft.Resources/subscriptions/resourceGroups/write"),
    Action("Microsoft.Resources/subscriptions/resourceGroups/delete"),
    Action("Microsoft.Resources/deployments/write"),
    Action("Microsoft.Authorization/roleAssignments/read"),
    Action("Microsoft.Authorization/roleAssignments/write"),
    Action("Microsoft.Authorization/roleAssignments/delete"),
    Action("Microsoft.Authorization/roleDefinitions/write"),
    Action("Microsoft.Authorization/locks/delete"),
    Action("Microsoft.Insights/eventtypes/values/Read"),
    Action("Microsoft.Storage/storageAccounts/read"),
    Action("Microsoft.Storage/storageAccounts/write"),
    Action("Microsoft.Storage/storageAccounts/delete"),
    Action("Microsoft.Storage/storageAccounts/listKeys/action"),
    Action("Microsoft.Storage/storageAccounts/regenerateKey/action"),
    Action("Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"),
    Action("Microsoft.Storage/storageAccounts/blobServices/containers/read"),
    Action("Microsoft.Storage/storageAccounts/blobServices/containers/write"),
    Action("Microsoft.Storage/storageAccounts/blobServices/containers/delete"),
    Action(data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"),
    Action(data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"),
    Action(data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"),
    Action(data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"),
    Action(data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/manageOwnership/action"),
    Action("Microsoft.Storage/storageAccounts/queueServices/queues/write"),
    Action(data: "Microsoft.Storage/storageAccounts/queueServices/queues/messages/read"),
    Action(
      data: "Microsoft.Storage/storageAccounts/queueServices/queues/messages/add/action",
      or: ["Microsoft.Storage/storageAccounts/queueServices/queues/messages/write"]),
    Action(data: "Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action"),
    Action("Microsoft.Storage/storageAccounts/tableServices/tables/write"),
    Action(data: "Microsoft.Storage/storageAccounts/tableServices/tables/entities/read"),
    Action(data: "Microsoft.Storage/storageAccounts/tableServices/tables/entities/write"),
    Action("Microsoft.KeyVault/vaults/read"),
    Action("Microsoft.KeyVault/vaults/write"),
    Action("Microsoft.KeyVault/vaults/accessPolicies/write"),
    Action("Microsoft.KeyVault/locations/deletedVaults/purge/action"),
    Action(data: "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
    Action(data: "Microsoft.KeyVault/vaults/secrets/getSecret/action"),
    Action(data: "Microsoft.KeyVault/vaults/secrets/setSecret/action"),
    Action(data: "Microsoft.KeyVault/vaults/keys/read"),
    Action(data: "Microsoft.KeyVault/vaults/keys/create/action"),
    Action(data: "Microsoft.KeyVault/vaults/keys/sign/action"),
    Action(data: "Microsoft.KeyVault/vaults/keys/unwrap/action"),
    Action(data: "Microsoft.KeyVault/vaults/keys/release/action"),
    Action(data: "Microsoft.KeyVault/vaults/certificates/read"),
    Action(data: "Microsoft.KeyVault/vaults/certificates/create/action"),
    Action("Microsoft.CustomerLockbox/requests/UpdateApproval/action"),
    Action("microsoft.directory/users/standard/read"),
    Action("microsoft.directory/users/create"),
    Action("microsoft.directory/users/password/update"),
    Action("microsoft.directory/groups/members/update"),
    Action("microsoft.directory/applications/credentials/update"),
    Action("microsoft.directory/servicePrincipals/create"),
    DirectoryRole.roleManagement,
  ]

  @Test func theMatrixOfRolesAndActionsIsTheGoldenOne() async throws {
    let fixture = try AccessFixture()
    var lines: [String] = []
    for role in BuiltInRole.all + DirectoryRole.all {
      lines.append("\(role.roleName) (\(role.id))")
      let principal = fixture.application()
      let isDirectory = role.assignableScopes == [AccessScope.directory]
      try await fixture.assign(
        role.id, to: principal.objectID, at: isDirectory ? AccessScope.directory : fixture.subscriptionPath, type: .servicePrincipal)
      for action in Self.actions {
        let path = action.name.hasPrefix("microsoft.directory/") ? AccessScope.directory : fixture.containerPath("c")
        let mark = try await fixture.decide(principal, action, path) == .allowed ? "allow" : "deny "
        lines.append("  \(mark) \(action.isDataAction ? "data " : "")\(action.name)")
      }
    }
    try await fixture.close()
    let matrix = lines.joined(separator: "\n") + "\n"
    let path = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Golden/matrix.txt"
    if ProcessInfo.processInfo.environment["COCAGNE_UPDATE_GOLDEN"] != nil { try Data(matrix.utf8).write(to: URL(filePath: path)) }
    let golden = try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    #expect(matrix == golden, "run the tests with COCAGNE_UPDATE_GOLDEN=1 once the change is meant")
  }
}
