import Access
import FoundationEssentials
import NIOHTTP1
import ResourceManager
import Testing
import Vault

/// `docs/keyvault-operations.md` says which operations the data plane of vaults serves.
struct VaultTableTests {
  private static let path = "\(#filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined())/docs/keyvault-operations.md"

  @Test func theTableOfVaultOperationsIsTheOneThatTheEndpointHas() async throws {
    let made = Self.document(try await House().vault.operations)
    if ProcessInfo.processInfo.environment["COCAGNE_UPDATE_GOLDEN"] != nil { try Data(made.utf8).write(to: URL(filePath: Self.path)) }
    let committed = String(decoding: try Data(contentsOf: URL(filePath: Self.path)), as: UTF8.self)
    #expect(made == committed, "set COCAGNE_UPDATE_GOLDEN=1 to write \(Self.path) anew, then read the difference")
  }

  @Test func everyDataActionIsOneThatTheProviderLists() async throws {
    let house = try await House()
    let listed = Set(
      VaultProvider(vaults: house.vaults, random: house.random, address: house.address, hasSecurityModule: true).operations
        .filter(\.isDataAction).map { $0.name.lowercased() })
    for operation in house.vault.operations where operation.permission.action.isDataAction {
      #expect(listed.contains(operation.permission.action.name.lowercased()), "\(operation.name): \(operation.permission.action.name)")
    }
  }

  private static func document(_ operations: [VaultOperation]) -> String {
    var lines = [
      "# Vaults: the operations that are served", "",
      "Written by `VaultTableTests` from the endpoint's table: `COCAGNE_UPDATE_GOLDEN=1` writes it anew. What is served in part, what is refused, and the "
        + "error that it gets: [keyvault.md](keyvault.md).", "",
      "The permission of the third column decides in a vault that goes by roles, that of the fourth in one that goes by access policies; where nothing "
        + "stands, no policy reaches.", "",
      "Operations: \(Set(operations.map(\.name)).count).", "", "| operation | request | by roles | by access policies |", "|---|---|---|---|",
    ]
    let rows = operations.map { operation in
      let action = operation.permission.action
      let policy = operation.permission.policy.map { "`\($0.collection.rawValue)/\($0.name)`" } ?? ""
      return "| \(operation.name) | `\(operation.method.rawValue) \(operation.pattern)` | `\(shortened(action.name))` | \(policy) |"
    }
    lines += Set(rows).sorted()
    return lines.map { $0 + "\n" }.joined()
  }

  /// Without what all data actions begin with.
  private static func shortened(_ permission: String) -> String {
    let prefix = "Microsoft.KeyVault/vaults/"
    return permission.hasPrefix(prefix) ? String(permission.dropFirst(prefix.count)) : permission
  }
}
