internal import Base
internal import Crypto
internal import CryptoExtras
internal import Keyring
internal import Logging
internal import Records
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

extension IdentityService {
  /// Makes a new signing key. It is in the key set at once and signs after `leadSeconds`; the earlier keys stay in the set until the last token
  /// that they signed has expired, so that nobody is logged out.
  public func rotateSigningKey(leadSeconds: Int64 = IdentityLimits.signingKeyLeadSeconds) async throws {
    try await addSigningKey(leadSeconds: leadSeconds, onlyFirst: false)
    logger.info("signing key rotated", metadata: ["kid": "\(signingKeys.newest?.record.id ?? "")"])
  }

  /// Makes a new signing key when the youngest has signed for `IdentityLimits.signingKeySeconds`, less the time that the new one waits.
  func rotateSigningKeyIfDue() async throws {
    try await readSigningKeys()
    guard let newest = signingKeys.newest else { return }
    let age = clock.now().seconds - newest.record.signsFrom.seconds
    if age > IdentityLimits.signingKeySeconds - IdentityLimits.signingKeyLeadSeconds { try await rotateSigningKey() }
  }

  func loadSigningKeys() async throws {
    try await readSigningKeys()
    if signingKeys.newest == nil { try await addSigningKey(leadSeconds: 0, onlyFirst: true) }
  }

  private func readSigningKeys() async throws {
    let keyring = keyring
    let entries = try await records.read { reader in
      try Self.storedKeys(in: reader).map { record in
        let der = try keyring.open(record.sealedPrivateKey, context: SigningKey.sealContext, tenant: .zero, in: reader)
        let key = try _RSA.Signing.PrivateKey(derRepresentation: der)
        return SigningKeys.Entry(record: record, privateKey: key, publicKey: key.publicKey)
      }
    }
    signingKeys.replace(with: entries)
  }

  private func addSigningKey(leadSeconds: Int64, onlyFirst: Bool) async throws {
    let key = try await hasher.run { try _RSA.Signing.PrivateKey(keySize: _RSA.Signing.KeySize(bitCount: IdentityLimits.signingKeyBits)) }
    let primitives = try key.publicKey.getKeyPrimitives()
    let now = clock.now()
    try await records.write { transaction in
      let stored = try Self.storedKeys(in: transaction)
      if onlyFirst && !stored.isEmpty { return }
      guard stored.count < IdentityLimits.maximumSigningKeys else { throw CloudError.serverBusy("Too many signing keys are in use.") }
      let sealed = try self.keyring.seal(Array(key.derRepresentation), context: SigningKey.sealContext, tenant: .zero, in: transaction)
      try transaction.save(
        SigningKey(
          id: Base64URL.encode(SHA256.hash(data: key.publicKey.derRepresentation)), modulus: Base64URL.encode(primitives.modulus),
          exponent: Base64URL.encode(primitives.publicExponent), sealedPrivateKey: sealed, created: now,
          signsFrom: now.advanced(by: .seconds(leadSeconds))))
    }
    try await readSigningKeys()
  }

  static func storedKeys(in reader: any RecordReader) throws -> [SigningKey] {
    try reader.list(SigningKey.self, under: SigningKey.all, limit: IdentityLimits.maximumSigningKeys).sorted { $0.signsFrom < $1.signsFrom }
  }
}
