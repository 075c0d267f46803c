internal import Base
internal import NIOHTTP1
internal import Records
internal import Wire

/// The users of a ledger: with one role at `/app/users`, with several at `/app/ledgerUsers`.
struct UserOperations: Sendable {
  let ledgers: ConfidentialLedgers

  var operations: [LedgerOperation] {
    [false, true].flatMap { hasRoles -> [LedgerOperation] in
      let (path, noun) = hasRoles ? ("/app/ledgerUsers", "Ledger User") : ("/app/users", "User")
      return [
        LedgerOperation("List \(noun)s", .GET, path, .reader) { try await list($0, hasRoles) },
        LedgerOperation("Get \(noun)", .GET, "\(path)/{userId}", .reader) { try await get($0, hasRoles) },
        LedgerOperation("Create Or Update \(noun)", .PATCH, "\(path)/{userId}", .administrator) { try await set($0, hasRoles) },
        LedgerOperation("Delete \(noun)", .DELETE, "\(path)/{userId}", .administrator, run: delete),
      ]
    }
  }

  /// Source: Microsoft, "List Users" and "List Ledger Users", REST reference. A ledger has no more users than fit into one page.
  private func list(_ call: LedgerCall, _ hasRoles: Bool) async throws -> LedgerAnswer {
    let ledger = call.ledger
    let users = try await ledgers.records.read { try LedgerUser.all(of: ledger, in: $0) }
    return LedgerAnswer(json: ["ledgerUsers": .array(users.map { hasRoles ? $0.jsonWithRoles : $0.json })])
  }

  /// Source: Microsoft, "Get User" and "Get Ledger User", REST reference.
  private func get(_ call: LedgerCall, _ hasRoles: Bool) async throws -> LedgerAnswer {
    let (id, ledger) = (try Self.userID(call), call.ledger)
    guard let user = try await ledgers.records.read({ try $0.fetch(LedgerUser.self, LedgerUser.key(ledger, id)) }) else {
      throw ConfidentialLedgers.noSuchUser(id)
    }
    return LedgerAnswer(json: hasRoles ? user.jsonWithRoles : user.json)
  }

  /// Source: Microsoft, "Create Or Update User" and "Create Or Update Ledger User", REST reference.
  private func set(_ call: LedgerCall, _ hasRoles: Bool) async throws -> LedgerAnswer {
    let (id, ledger) = (try Self.userID(call), call.ledger)
    let roles = try Self.roles(call.body, hasRoles)
    let (user, transaction) = try await ledgers.records.write { [ledgers] transaction -> (LedgerUser, TransactionID) in
      let existing = try transaction.fetch(LedgerUser.self, LedgerUser.key(ledger, id))
      let wanted = LedgerUser.Wanted(userID: id, roles: roles, isFromResource: existing?.isFromResource ?? false)
      return (wanted.user(of: ledger), try ledgers.setUser(wanted, of: ledger, in: transaction))
    }
    return LedgerAnswer(json: hasRoles ? user.jsonWithRoles : user.json, transaction: transaction)
  }

  /// Source: Microsoft, "Delete User" and "Delete Ledger User", REST reference.
  @Sendable private func delete(_ call: LedgerCall) async throws -> LedgerAnswer {
    let (id, ledger) = (try Self.userID(call), call.ledger)
    let transaction = try await ledgers.records.write { [ledgers] in try ledgers.removeUser(id, of: ledger, in: $0) }
    return LedgerAnswer(status: 204, transaction: transaction)
  }

  private static func userID(_ call: LedgerCall) throws -> GUID { try LedgerUser.id(parsing: call.parameters["userId"] ?? "") }

  private static func roles(_ body: JSON, _ hasRoles: Bool) throws -> [LedgerRole] {
    let names: [String?]
    if hasRoles {
      guard let list = body["assignedRoles"]?.array, !list.isEmpty else {
        throw LedgerServiceError.invalidInput("The user has no 'assignedRoles', which is an array of roles.")
      }
      names = list.prefix(LedgerRole.allCases.count + 1).map(\.string)
    } else {
      names = [body["assignedRole"]?.string]
    }
    var roles: Set<LedgerRole> = []
    for name in names {
      guard let name, let role = LedgerRole(rawValue: name) else {
        let choices = LedgerRole.allCases.map(\.rawValue).joined(separator: ", ")
        throw LedgerServiceError.invalidInput("The role '\(name?.prefix(64) ?? "")' is none of \(choices).")
      }
      roles.insert(role)
    }
    return roles.sorted()
  }
}
