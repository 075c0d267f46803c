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

/// The keys that one issuer signs its tokens with: at rest sealed, in memory while it runs, each with a successor in time.
package final class SigningKeyRing: Sendable {
  package let keys = SigningKeys()
  private let owner: SigningKey.Owner?
  private let bits: Int
  private let records: any RecordStore
  private let keyring: Keyring
  private let clock: any WallClock
  private let hasher: SecretHasher
  private let logger: Logger

  /// `owner` is nil for the tenants' issuer. `bits` are those of a new key's modulus.
  init(
    owner: SigningKey.Owner?, bits: Int, records: any RecordStore, keyring: Keyring, clock: any WallClock, hasher: SecretHasher, logger: Logger
  ) {
    self.owner = owner
    self.bits = bits
    self.records = records
    self.keyring = keyring
    self.clock = clock
    self.hasher = hasher
    self.logger = logger
  }

  /// The first key is made where there is none.
  package func ready() async throws {
    if keys.newest == nil { try await load() }
  }

  /// Makes a new signing key. It is in the key set at once and signs after `leadSeconds`; the earlier keys stay in the set until the last token
  /// that they signed has expired, so that nobody is logged out.
  func rotate(leadSeconds: Int64) async throws {
    try await add(leadSeconds: leadSeconds, onlyFirst: false)
    logger.info("signing key rotated", metadata: ["kid": "\(keys.newest?.record.id ?? "")"])
  }

  /// Makes a new signing key when the youngest has signed for `IdentityLimits.signingKeySeconds`, less the time that the new one waits, and removes those
  /// that no good token was signed with.
  package func maintain() async throws {
    let now = clock.now()
    try await records.write { [owner] transaction in
      let stored = try Self.stored(owner, in: transaction)
      for index in stored.indices where SigningKeys.isRetired(index, in: stored, at: now) {
        try transaction.remove(SigningKey.self, stored[index].key)
      }
    }
    try await read()
    guard let newest = keys.newest else { return }
    let age = now.seconds - newest.record.signsFrom.seconds
    if age > IdentityLimits.signingKeySeconds - IdentityLimits.signingKeyLeadSeconds {
      try await rotate(leadSeconds: IdentityLimits.signingKeyLeadSeconds)
    }
  }

  func load() async throws {
    try await read()
    if keys.newest == nil { try await add(leadSeconds: 0, onlyFirst: true) }
  }

  private func read() async throws {
    let entries = try await records.read { [owner, keyring] reader in
      try Self.stored(owner, in: reader).map { record in
        let der = try keyring.open(record.sealedPrivateKey, context: SigningKey.sealContext, tenant: .zero, in: reader)
        let key = try _RSA.Signing.PrivateKey(derRepresentation: der)
        return SigningKeys.Entry(record: record, privateKey: key, publicKey: key.publicKey)
      }
    }
    keys.replace(with: entries)
  }

  private func add(leadSeconds: Int64, onlyFirst: Bool) async throws {
    let key = try await hasher.run { [bits] in try _RSA.Signing.PrivateKey(keySize: _RSA.Signing.KeySize(bitCount: bits)) }
    let primitives = try key.publicKey.getKeyPrimitives()
    let now = clock.now()
    try await records.write { [owner, keyring] transaction in
      let stored = try Self.stored(owner, in: transaction)
      if onlyFirst && !stored.isEmpty { return }
      guard stored.count < IdentityLimits.maximumSigningKeys else { throw CloudError.serverBusy("Too many signing keys are in use.") }
      let sealed = try keyring.seal(Array(key.derRepresentation), context: SigningKey.sealContext, tenant: .zero, in: transaction)
      try transaction.save(
        SigningKey(
          id: Base64URL.encode(SHA256.hash(data: key.publicKey.derRepresentation)), modulus: Base64URL.encode(primitives.modulus),
          exponent: Base64URL.encode(primitives.publicExponent), sealedPrivateKey: sealed, created: now,
          signsFrom: now.advanced(by: .seconds(leadSeconds)), owner: owner))
    }
    try await read()
  }

  /// One issuer's keys, in the order in which they sign.
  private static func stored(_ owner: SigningKey.Owner?, in reader: any RecordReader) throws -> [SigningKey] {
    try stored(in: reader).filter { $0.owner == owner }
  }

  /// Every issuer's keys, in the order in which they sign.
  static func stored(in reader: any RecordReader) throws -> [SigningKey] {
    let limit = IdentityLimits.maximumSigningKeys * IdentityLimits.issuers
    return try reader.list(SigningKey.self, under: SigningKey.all, limit: limit).sorted { $0.signsFrom < $1.signsFrom }
  }
}
