internal import Base
internal import Keyring
internal import Ledger
internal import Records
internal import SecurityModule

/// A key in use by a request.
struct KeyInUse: Sendable {
  var stored: StoredKey
  var description: KeyDescription
  /// With its version.
  var url: String
  var engine: any KeyEngine
}

extension VaultKeys {
  /// Runs an operation with the key that the call names, if that may be used for it now, and enters the use in the ledger before the answer goes out.
  ///
  /// `check` sees whether the request fits the key, before anything is done with it. Throws 403 `KeyOperationForbidden`, `KeyDisabled`, `KeyExpired`,
  /// `KeyNotYetValid`, 404.
  func use<Value: Sendable>(
    _ operation: KeyOperation, _ call: VaultCall, algorithm: String, check: @Sendable (KeyDescription, String) throws -> Void,
    _ body: (KeyInUse) async throws -> Value
  ) async throws -> (value: Value, key: KeyInUse) {
    let (object, version) = try await objects.find(call.name, call.parameters["version"], in: call.vault)
    guard let description = KeyDescription(version.publicPart) else { throw CloudError.internalError(KeyringError.corrupt) }
    try Self.require(operation, version, description, call.now)
    let url = call.keyURL(object.name, version.version)
    try check(description, url)
    var stored = try await stored(object, version, description, in: call.vault)
    stored.purpose = KeyPurpose(call, url: url)
    let key = KeyInUse(stored: stored, description: description, url: url, engine: try engine(of: stored))
    do {
      let value = try await body(key)
      try await enter(operation, call, key, algorithm, .succeeded)
      return (value, key)
    } catch let error as CloudError where error.status < 500 || description.externalID != nil {
      // Of what the customer's side said, or that it said nothing, there is an entry whatever it was.
      let isRefusal = description.externalID != nil && error.status == 403
      let code = error.members.first { $0.name == VaultError.innerMember }?.value ?? error.code
      try await enter(operation, call, key, algorithm, isRefusal ? .refused : .failed, code: code)
      throw error
    }
  }

  private static func require(
    _ operation: KeyOperation, _ version: VaultObjectVersion, _ description: KeyDescription, _ now: Timestamp
  ) throws {
    guard version.isEnabled else { throw KeyError.disabled(operation) }
    guard description.operations.contains(operation) else { throw KeyError.notPermitted(operation) }
    if operation.ignoresValidity { return }
    if let notBefore = version.notBefore, now < notBefore { throw KeyError.notYetValid(operation) }
    if let expires = version.expires, now >= expires { throw KeyError.expired(operation) }
  }

  private func enter(
    _ operation: KeyOperation, _ call: VaultCall, _ key: KeyInUse, _ algorithm: String, _ outcome: LedgerEntry.Outcome, code: String? = nil
  ) async throws {
    var facts = ["use": operation.rawValue, "algorithm": algorithm]
    if let code { facts["code"] = code }
    if let external = key.description.externalID {
      facts["external"] = external
      facts["reason"] = KeyPurpose.vaultOperation
    }
    let entry = call.entry(.keyUse, subject: key.url, outcome: outcome, facts: facts, random: services.random)
    try await services.records.write { try entry.append(in: $0) }
  }
}

extension VaultCall {
  /// `https://<vault>.vault.<domain>/keys/<name>`, with a version where one is given.
  func keyURL(_ name: String, _ version: String? = nil) -> String {
    "\(vaultURL)/\(VaultCollection.keys.rawValue)/\(name)" + (version.map { "/" + $0 } ?? "")
  }
}
