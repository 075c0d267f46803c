internal import Base
internal import Records
internal import Wire

extension ConfidentialLedgers {
  /// Gives a user these roles, and none else, by a transaction of the ledger. Throws 400 where the ledger has too many users.
  @discardableResult
  func setUser(_ wanted: LedgerUser.Wanted, of ledger: ConfidentialLedger, in transaction: RecordTransaction) throws -> TransactionID {
    let user = wanted.user(of: ledger)
    if try !transaction.exists(LedgerUser.self, user.key) {
      try Self.requireRoom(for: try LedgerUser.all(of: ledger, in: transaction).count + 1)
    }
    try transaction.save(user)
    return try append([draft(event: ["user": user.jsonWithRoles])], to: ledger, in: transaction)
  }

  private static func requireRoom(for count: Int) throws {
    guard count <= LedgerServiceLimits.maximumUsers else {
      throw LedgerServiceError.invalidInput("The ledger would have more than \(LedgerServiceLimits.maximumUsers) users, which is the limit.")
    }
  }

  /// Takes all roles from a user, by a transaction of the ledger. Throws 404.
  @discardableResult
  func removeUser(_ id: GUID, of ledger: ConfidentialLedger, in transaction: RecordTransaction) throws -> TransactionID {
    guard try transaction.remove(LedgerUser.self, LedgerUser.key(ledger, id)) else { throw Self.noSuchUser(id) }
    return try append([draft(event: ["removedUser": .string(id.description)])], to: ledger, in: transaction)
  }

  static func noSuchUser(_ id: GUID) -> CloudError { CloudError(404, "ResourceNotFound", "The user '\(id)' does not exist.") }

  /// Makes the users that the ARM resource names these, by one transaction of the ledger. Users that the ledger's administrators added themselves stay.
  func replaceResourceUsers(of ledger: ConfidentialLedger, by wanted: [LedgerUser.Wanted], in transaction: RecordTransaction) throws {
    let present = try LedgerUser.all(of: ledger, in: transaction)
    let named = Set(wanted.map(\.userID))
    let removed = present.filter { $0.isFromResource && !named.contains($0.userID) }
    let known = Set(present.map(\.userID))
    try Self.requireRoom(for: present.count - removed.count + named.subtracting(known).count)
    let changed = wanted.map { $0.user(of: ledger) }.filter { !present.contains($0) }
    guard !removed.isEmpty || !changed.isEmpty else { return }
    for user in removed { try transaction.remove(LedgerUser.self, user.key) }
    for user in changed { try transaction.save(user) }
    let event: JSON = [
      "users": .array(changed.map(\.jsonWithRoles)), "removedUsers": .array(removed.map { .string($0.userID.description) }),
    ]
    try append([draft(event: event)], to: ledger, in: transaction)
  }
}
