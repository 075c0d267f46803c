internal import Access
internal import Base
public import Keyring
internal import Ledger
internal import Records
internal import SecurityModule
internal import Wire

/// The keys of vaults as what protects other services' data keys. A service asks with its resource's own identity and is judged as any caller is; there is
/// no request to the vault's host.
public struct VaultCustomerKeys: CustomerKeys {
  let keys: VaultKeys
  let decisions: VaultAccess
  let principals: any PrincipalResolver
  let notes: LedgerNotes?

  /// RSA keys of these sizes protect data keys.
  ///
  /// Source: Microsoft, "Customer-managed keys for Azure Storage encryption".
  private static let keyBits: Set = [2048, 3072, 4096]
  /// Seconds after which something that failed inside may be tried again.
  private static let retrySeconds = 1

  public func wrap(_ content: [UInt8], with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> CustomerWrapping {
    try await run(.wrapKey, key, use) { found in
      // Who loses all that a lost key protects must not be able to lose it at once.
      guard found.vault.hasPurgeProtection else { throw CustomerKeyError.unprotectedVault }
      return CustomerWrapping(version: found.version.version, wrapped: try await wrapped(content, found, use))
    }
  }

  public func unwrap(_ wrapping: CustomerWrapping, with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> [UInt8] {
    try await run(.unwrapKey, key.at(wrapping.version), use) { try await unwrapped(wrapping.wrapped, $0, use) }
  }

  public func check(_ key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String {
    do {
      let found = try await find(.unwrapKey, key, use)
      if found.description.externalID != nil {
        try await ExternalKeyEngine(services: keys.services).check(try await stored(found, use))
      }
      return found.object.currentVersion
    } catch {
      throw Self.meaning(of: error)
    }
  }

  // MARK: Using

  private func wrapped(_ content: [UInt8], _ found: FoundCustomerKey, _ use: CustomerKeyUse) async throws -> [UInt8] {
    if found.description.externalID != nil {
      return try await ExternalKeyEngine(services: keys.services).wrap(content, .oaep(.sha256), try await stored(found, use))
    }
    guard let publicKey = found.description.publicKey else { throw CustomerKeyError.corrupt }
    return try publicKey.encrypt(content, .oaep(.sha256))
  }

  private func unwrapped(_ wrapped: [UInt8], _ found: FoundCustomerKey, _ use: CustomerKeyUse) async throws -> [UInt8] {
    let stored = try await stored(found, use)
    return try await keys.engine(of: stored).decrypt(wrapped, .oaep(.sha256), stored)
  }

  private func stored(_ found: FoundCustomerKey, _ use: CustomerKeyUse) async throws -> StoredKey {
    var stored = try await keys.stored(found.object, found.version, found.description, in: found.vault)
    stored.purpose = KeyPurpose(use)
    return stored
  }

  /// Uses a key and enters that in the ledger, before anybody has what came of it.
  private func run<Value: Sendable>(
    _ operation: KeyOperation, _ key: CustomerKey, _ use: CustomerKeyUse, _ body: (FoundCustomerKey) async throws -> Value
  ) async throws(CustomerKeyError) -> Value {
    let found: FoundCustomerKey
    do {
      found = try await find(operation, key, use)
    } catch {
      let error = Self.meaning(of: error)
      if error.isRefusal { note(error, operation, key, use) }
      throw error
    }
    do {
      let value = try await body(found)
      try await enter(operation, found, use, .succeeded)
      return value
    } catch {
      let error = Self.meaning(of: error)
      guard error.isRefusal else { throw error }
      do {
        try await enter(operation, found, use, .refused, code: error.code)
      } catch {
        throw Self.meaning(of: error)
      }
      throw error
    }
  }

  // MARK: Finding

  /// The key, if the identity may use it now for that.
  private func find(_ operation: KeyOperation, _ key: CustomerKey, _ use: CustomerKeyUse) async throws -> FoundCustomerKey {
    guard let vault = try await vault(key.vault) else { throw CustomerKeyError.vaultNotFound }
    guard vault.tenant == use.tenant else { throw CustomerKeyError.accessDenied }
    if let rules = vault.networkRules, !rules.admitsServices { throw CustomerKeyError.accessDenied }
    guard let principal = try await principals.principal(tenant: use.tenant, objectID: use.identity) else {
      throw CustomerKeyError.identityNotFound
    }
    for permission in Self.permissions(operation) {
      try await decisions.require(permission, of: principal, in: vault, collection: .keys, name: key.name)
    }
    let (object, version) = try await keys.objects.find(key.name, key.version, in: vault)
    guard let description = KeyDescription(version.publicPart) else { throw CustomerKeyError.corrupt }
    let now = keys.services.clock.now()
    guard version.isEnabled else { throw CustomerKeyError.keyDisabled }
    if let notBefore = version.notBefore, now < notBefore { throw CustomerKeyError.keyNotValid }
    if let expires = version.expires, now >= expires { throw CustomerKeyError.keyNotValid }
    try Self.require(operation, description)
    let url = CustomerKey(vault: vault.url(keys.services.address), name: object.name, version: version.version).url
    return FoundCustomerKey(vault: vault, object: object, version: version, description: description, principal: principal, url: url)
  }

  /// The vault of an address `https://<vault>.vault.<domain>`; nil for any other address.
  private func vault(_ url: String) async throws -> Vault? {
    let prefix = "https://"
    let suffix = ".\(keys.services.address.vaultSuffix)"
    let url = url.lowercased()
    guard url.hasPrefix(prefix), url.hasSuffix(suffix) else { return nil }
    let name = url.dropFirst(prefix.count).dropLast(suffix.count)
    guard !name.isEmpty, !name.contains("."), let vault = try await keys.services.vaults.vault(named: String(name)), vault.deletion == nil else {
      return nil
    }
    return vault
  }

  /// What the identity must be allowed: who makes a wrapping must be able to open it again.
  private static func permissions(_ operation: KeyOperation) -> [VaultPermission] {
    let unwrapping = [VaultPermission.data("keys/read", .keys, "get"), .data("keys/unwrap/action", .keys, KeyOperation.unwrapKey.rawValue)]
    return operation == .wrapKey ? unwrapping + [.data("keys/wrap/action", .keys, KeyOperation.wrapKey.rawValue)] : unwrapping
  }

  private static func require(_ operation: KeyOperation, _ description: KeyDescription) throws(CustomerKeyError) {
    guard case .rsa(let bits) = description.kind, keyBits.contains(bits) else {
      throw .unsuitable("The key type is \(description.typeName). Only RSA keys of 2048, 3072 and 4096 bits are supported.")
    }
    let needed: [KeyOperation] = operation == .wrapKey ? [.wrapKey, .unwrapKey] : [.unwrapKey]
    if let missing = needed.first(where: { !description.operations.contains($0) }) {
      throw .unsuitable("Operation \(missing.rawValue) is not permitted on this key.")
    }
  }

  private static func meaning(of error: any Error) -> CustomerKeyError {
    switch error {
    case let error as CustomerKeyError: return error
    case let error as CloudError:
      switch error.status {
      case 400: return .corrupt
      case 403:
        guard let inner = error.members.first(where: { $0.name == VaultError.innerMember })?.value else { return .accessDenied }
        return ["AccessDenied", "ForbiddenByRbac"].contains(inner) ? .accessDenied : .refused(inner)
      case 404: return .keyNotFound
      default:
        let retry = error.headers.first { $0.name == "Retry-After" }.flatMap { Int($0.value) }
        return .unavailable(retryAfterSeconds: retry ?? retrySeconds)
      }
    case let error as any TemporaryFailure: return .unavailable(retryAfterSeconds: error.retryAfterSeconds ?? retrySeconds)
    default: return .unavailable(retryAfterSeconds: retrySeconds)
    }
  }

  // MARK: The ledger

  private func enter(
    _ operation: KeyOperation, _ found: FoundCustomerKey, _ use: CustomerKeyUse, _ outcome: LedgerEntry.Outcome, code: String? = nil
  ) async throws {
    var facts = Self.facts(operation, use)
    facts["vault"] = found.vault.id.description
    facts["algorithm"] = KeyEncryptionAlgorithm.rsaOAEP256.rawValue
    facts["code"] = code
    facts["external"] = found.description.externalID
    let entry = LedgerEntry(
      id: keys.services.random.guid(), time: keys.services.clock.now(), tenant: use.tenant, kind: .keyUse, subject: found.url, outcome: outcome,
      request: use.request, facts: facts, personal: Self.personal(use).merging(["caller": found.principal.name]) { $1 })
    try await keys.services.records.write { try entry.append(in: $0) }
  }

  /// Notes that nothing was used, and why. It stands in the affairs of the tenant whose data it is, whoever has the vault.
  private func note(_ error: CustomerKeyError, _ operation: KeyOperation, _ key: CustomerKey, _ use: CustomerKeyUse) {
    var facts = Self.facts(operation, use)
    facts["service"] = "vault"
    facts["code"] = error.code
    facts["key"] = key.url
    notes?.note(.refusal, tenant: use.tenant, subject: use.subject, request: use.request, facts: facts, personal: Self.personal(use))
  }

  private static func facts(_ operation: KeyOperation, _ use: CustomerKeyUse) -> [String: String] {
    [
      "operation": operation == .wrapKey ? "Wrap Key" : "Unwrap Key", "use": operation.rawValue, "reason": use.reason.rawValue,
      "resource": use.subject,
    ]
  }

  private static func personal(_ use: CustomerKeyUse) -> [String: String] {
    var personal = ["principal": use.identity.description]
    personal["onBehalfOf"] = use.caller?.description
    return personal
  }
}

/// A version of a key that may be used now.
struct FoundCustomerKey: Sendable {
  var vault: Vault
  var object: VaultObject
  var version: VaultObjectVersion
  var description: KeyDescription
  /// The identity that uses it.
  var principal: Principal
  /// With its version.
  var url: String
}
