public import Base
internal import Identity
public import Keyring
internal import Ledger
public import Records
internal import Wire

/// The register of operators. It is changed from the host alone: no route of the operators' API does, so no operator gives himself or another a role.
///
/// Each change is in the ledger in its own transaction.
public struct OperatorRegister: Sendable {
  let records: any RecordStore
  let keyring: Keyring
  let clock: any WallClock
  let random: any RandomSource

  public init(records: any RecordStore, keyring: Keyring, clock: any WallClock, random: any RandomSource) {
    self.records = records
    self.keyring = keyring
    self.clock = clock
    self.random = random
  }

  /// Who changes the register: an account of the host, as `LedgerEntry.personal` has it.
  public typealias Account = [String: String]

  // MARK: Reading

  /// The operator of an id as it is now; nil for one that was removed or disabled.
  public static func principal(_ id: GUID, in reader: any RecordReader) throws -> OperatorPrincipal? {
    try active(id, in: reader)?.principal
  }

  static func active(_ id: GUID, in reader: any RecordReader) throws -> Operator? {
    guard let found = try reader.fetch(Operator.self, Operator.key(id)), found.disabled == nil else { return nil }
    return found
  }

  public func list() async throws -> [Operator] {
    try await records.read { try $0.list(Operator.self, under: Operator.all, limit: OperatorLimits.maximumOperators) }
  }

  /// The operator of an id or an e-mail address. Throws `OperatorRefusal`.
  public func find(_ name: String) async throws -> Operator {
    try await records.read { try Self.find(name, in: $0) }
  }

  private static func find(_ name: String, in reader: any RecordReader) throws -> Operator {
    if let id = GUID(name) {
      if let found = try reader.fetch(Operator.self, Operator.key(id)) { return found }
    } else if let found = try holder(Operator.emailIndex, name.lowercased(), in: reader) {
      return found
    }
    throw OperatorRefusal.unknown(name)
  }

  private static func holder(_ index: String, _ value: String, in reader: any RecordReader) throws -> Operator? {
    try reader.list(Operator.self, index: index, [value], tenant: .zero, limit: 1).first
  }

  // MARK: Changes

  /// Enters a person, with a certificate for the key of a PKCS#10 request in PEM. Throws `OperatorRefusal`.
  public func add(
    name: String, email: String, roles: Set<OperatorRole>, request: String, days: Int = OperatorLimits.certificateDays.upperBound, by account: Account
  ) async throws -> Operator {
    let person = try OperatorPerson(name: name, email: email)
    try Self.requireRoles(roles)
    let request = try CertificateRequest(pem: request)
    let id = random.guid()
    let now = clock.now()
    return try await records.write { transaction in
      if let holder = try Self.holder(Operator.emailIndex, person.email.lowercased(), in: transaction) {
        throw OperatorRefusal(
          "« \(person.email) » est déjà inscrite, pour \(holder.name) : une personne, un certificat.",
          "“\(person.email)” is registered already, for \(holder.name): one person, one certificate.")
      }
      guard try transaction.count(Operator.self, under: Operator.all, limit: OperatorLimits.maximumOperators) < OperatorLimits.maximumOperators else {
        throw OperatorRefusal(
          "Le registre a déjà \(OperatorLimits.maximumOperators) opérateurs.",
          "The register has \(OperatorLimits.maximumOperators) operators already.")
      }
      let made = Operator(
        id: id, name: person.name, email: person.email, roles: roles.sorted { $0.rawValue < $1.rawValue },
        credential: try credential(request, person, days: days, now: now, in: transaction), publicKey: request.digest, added: now,
        addedBy: account["caller"] ?? "")
      try save(made, "operator added", at: now, by: account, in: transaction)
      return made
    }
  }

  /// Gives a person a certificate for another key; the one before is good no more, nor are the tokens that it was used for. Throws `OperatorRefusal`.
  public func renew(
    _ name: String, request: String, days: Int = OperatorLimits.certificateDays.upperBound, by account: Account
  ) async throws -> Operator {
    let request = try CertificateRequest(pem: request)
    return try await change(name, "operator certificate renewed", by: account) { changed, now, transaction in
      let person = try OperatorPerson(name: changed.name, email: changed.email)
      changed.credential = try credential(request, person, of: changed.id, days: days, now: now, in: transaction)
      changed.publicKey = request.digest
    }
  }

  /// Replaces a person's roles. Throws `OperatorRefusal`.
  public func setRoles(_ roles: Set<OperatorRole>, of name: String, by account: Account) async throws -> Operator {
    try Self.requireRoles(roles)
    return try await change(name, "operator roles changed", by: account) { changed, _, _ in
      changed.roles = roles.sorted { $0.rawValue < $1.rawValue }
    }
  }

  /// Takes the right to sign in away from a person, or gives it back. Tokens end at once and for good; grants that have not ended are
  /// there again when the person is. Throws `OperatorRefusal`.
  public func setDisabled(_ isDisabled: Bool, _ name: String, by account: Account) async throws -> Operator {
    try await change(name, isDisabled ? "operator disabled" : "operator enabled", by: account) { changed, now, _ in
      if isDisabled, changed.disabled == nil { changed.disablings += 1 }
      changed.disabled = isDisabled ? changed.disabled ?? now : nil
    }
  }

  /// Takes a person out of the register. Tokens end at once. Throws `OperatorRefusal`.
  public func remove(_ name: String, by account: Account) async throws -> Operator {
    let entry = random.guid()
    let now = clock.now()
    return try await records.write { transaction in
      let removed = try Self.find(name, in: transaction)
      try transaction.remove(Operator.self, removed.key)
      try ledgerEntry(entry, "operator removed", removed, at: now, by: account).append(in: transaction)
      return removed
    }
  }

  private func change(
    _ name: String, _ operation: String, by account: Account,
    _ body: @escaping @Sendable (inout Operator, Timestamp, RecordTransaction) throws -> Void
  ) async throws -> Operator {
    let now = clock.now()
    return try await records.write { transaction in
      var changed = try Self.find(name, in: transaction)
      try body(&changed, now, transaction)
      try save(changed, operation, at: now, by: account, in: transaction)
      return changed
    }
  }

  private func save(_ saved: Operator, _ operation: String, at now: Timestamp, by account: Account, in transaction: RecordTransaction) throws {
    try transaction.save(saved)
    try ledgerEntry(random.guid(), operation, saved, at: now, by: account).append(in: transaction)
  }

  private func ledgerEntry(_ id: GUID, _ operation: String, _ subject: Operator, at now: Timestamp, by account: Account) -> LedgerEntry {
    LedgerEntry(
      id: id, time: now, tenant: .zero, kind: .operatorAction, subject: "/operators/\(subject.id)", outcome: .succeeded,
      facts: ["operation": operation, "roles": subject.roles.map(\.rawValue).joined(separator: " "), "expires": subject.notAfter.iso8601],
      personal: account.merging(["person": subject.name, "email": subject.email, "certificate": subject.thumbprint.hexadecimal]) { $1 })
  }

  private func credential(
    _ request: CertificateRequest, _ person: OperatorPerson, of owner: GUID? = nil, days: Int, now: Timestamp, in transaction: RecordTransaction
  ) throws -> KeyCredential {
    guard OperatorLimits.certificateDays.contains(days) else {
      throw OperatorRefusal(
        "Un certificat vaut de \(OperatorLimits.certificateDays.lowerBound) à \(OperatorLimits.certificateDays.upperBound) jours.",
        "A certificate is good for \(OperatorLimits.certificateDays.lowerBound) to \(OperatorLimits.certificateDays.upperBound) days.")
    }
    if let holder = try Self.holder(Operator.keyIndex, request.digest, in: transaction) {
      throw holder.id == owner
        ? OperatorRefusal.badRequest("le nouveau certificat veut une nouvelle clé", "the new certificate wants a new key")
        : OperatorRefusal.badRequest("sa clé est celle d'un autre opérateur", "its key is another operator's")
    }
    let authority = try OperatorAuthority.ready(keyring: keyring, now: now, in: transaction)
    let certificate = try authority.issue(
      request.publicKey, name: person.name, email: person.email, days: days, now: now, keyring: keyring, in: transaction)
    do {
      return try KeyCredential(keyID: random.guid(), displayName: nil, certificateDER: certificate, keys: .operators)
    } catch is CloudError {
      throw OperatorRefusal.badRequest(
        "sa clé doit être P-256, P-384 ou RSA d'au moins \(IdentityLimits.minimumOperatorRSAKeyBits) bits",
        "its key must be P-256, P-384 or RSA of at least \(IdentityLimits.minimumOperatorRSAKeyBits) bits")
    }
  }

  private static func requireRoles(_ roles: Set<OperatorRole>) throws {
    guard !roles.isEmpty else {
      let known = OperatorRole.allCases.map(\.rawValue).joined(separator: ", ")
      throw OperatorRefusal("Il faut un rôle au moins : \(known).", "One role at least is needed: \(known).")
    }
  }

  // MARK: The authority

  /// The certificate of the authority over operators' certificates, in PEM.
  public func authorityCertificate() async throws -> String {
    let now = clock.now()
    return try await records.write { try OperatorAuthority.ready(keyring: keyring, now: now, in: $0).certificate }
  }
}
