internal import Base
internal import Declarations
internal import Records
internal import ResourceManager
internal import SecNumCloud
internal import Storage
internal import Vault
internal import Wire

/// What the running cloud does for the operator's commands on the ends of contracts.
extension TenantErasure {
  static let commands = ["tenant list", "tenant end", "tenant cancel", "tenant erase", "tenant erasure"]

  /// What a command gives. Throws `OperatorError` where it is refused.
  func handle(_ command: String, _ arguments: JSON) async throws -> JSON {
    let name = arguments["name"]?.string ?? ""
    do {
      switch command {
      case "tenant list": return ["tenants": .array(try await list().map(\.json))]
      case "tenant end":
        let notice = arguments["notice"]?.string ?? ""
        guard let day = CalendarDate(notice) else {
          throw OperatorError("« \(notice) » n'est pas un jour : AAAA-MM-JJ.", "“\(notice)” is no day: YYYY-MM-DD.")
        }
        return try await giveNotice(name, lastDay: day).json
      case "tenant cancel": return try await cancelNotice(name).json
      case "tenant erase": return ["tenantId": .string(try await begin(name).description)]
      default: return try await erasure(name)
      }
    } catch let refusal as Refusal {
      throw OperatorError(refusal.text.french, refusal.text.english)
    }
  }

  private func erasure(_ id: String) async throws -> JSON {
    guard let tenant = GUID(id) else { throw OperatorError("« \(id) » n'est pas un identifiant.", "“\(id)” is no id.") }
    switch try await progress(of: tenant) {
    case .erasing(let waitsFor): return .object(["state": .string(Entry.State.erasing.rawValue), "waitsFor": waitsFor?.json])
    case .erased(let certificate): return ["state": .string(Entry.State.erased.rawValue), "certificate": document(of: certificate)]
    case .none: throw OperatorError("Aucun effacement de \(id) n'est connu.", "No erasure of \(id) is known.")
    }
  }
}

extension ContractEnd {
  fileprivate var json: JSON {
    [
      "tenantId": .string(tenant.description), "name": .string(name), "notified": .string(notified.iso8601), "lastDay": .string(lastDay.description),
    ]
  }
}

extension TenantErasure.Entry {
  fileprivate var json: JSON {
    .object([
      "tenantId": .string(tenant.description), "name": name.map { .string($0) }, "state": .string(state.rawValue),
      "lastDay": lastDay.map { .string($0.description) }, "erased": erased.map { .string($0.iso8601) }, "waitsFor": waitsFor?.json,
    ])
  }
}

/// What tenants have in the world, taken away through Resource Manager.
struct TenantResourceRemoval: TenantResources {
  let manager: ResourceManager
  let accounts: StorageAccounts
  let vaults: Vaults
  let random: any RandomSource

  func unserved(of tenant: GUID) async throws -> [String] { try await manager.unservedResources(of: tenant).map(\.description) }

  func forget(_ tenant: GUID, in transaction: RecordTransaction) throws {
    try accounts.forgetAccounts(of: tenant, in: transaction)
    try vaults.forgetVaults(of: tenant, in: transaction)
  }

  /// A vault that Resource Manager deletes can be recovered: it is ended for good here.
  func clear(_ tenant: GUID) async throws -> [String] {
    let resources = try await manager.clear(tenant).map(\.description)
    return resources + (try await vaults.clear(tenant, random: random)).filter { !resources.contains($0) }
  }
}
