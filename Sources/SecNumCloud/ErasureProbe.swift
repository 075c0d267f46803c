internal import Base
internal import Extents
internal import Identity
internal import Keyring
internal import NIOCore
internal import Records
internal import Wire

/// A whole end of contract, tried on a tenant that the platform made for it: with an account, a secret and an extent, erased by the very steps that erase
/// a customer.
struct ErasureProbe {
  let platform: ObservedPlatform

  struct Look: Sendable {
    var gaps: [Text] = []
    /// Things that were tried.
    var attempts = 0
    var erased: [String: Int] = [:]
    var destroyedKeys = 0
    var rawBytes = 0
    /// Index entries of the platform that a step looks through at most.
    static let maximumLooked = 20_000
  }

  private static let textBytes = 32 << 10
  private static let context = "secnumcloud.erasureProbe"
  private static let maximumAdvances = 5

  func look() async throws -> Look {
    try await ThrowawayTenant.with(platform) { try await look($0) }
  }

  private func look(_ tenant: ThrowawayTenant) async throws -> Look {
    var look = Look()
    let token = try await tenant.administratorToken(for: "management")
    guard try await tenant.present(token) == 200 else {
      throw ObservationFailure(
        "la porte d'entrée n'a pas servi le locataire d'essai.", "the front door did not serve the tenant that was made to try.")
    }
    let belongings = try await furnish(tenant.id)
    guard try await read(belongings, tenant.id) == belongings.text, try await secret(belongings.sealed, tenant.id) == Self.secret else {
      throw ObservationFailure("ce qui devait être effacé n'a pas pu être relu avant.", "what was to be erased could not be read back before.")
    }
    let raw = try await rawBytes(belongings.extent, tenant.id)
    look.rawBytes = raw.count

    let erasure = TenantErasure(platform: platform, resources: NoTenantResources())
    try await erasure.begin(tenant)
    // The records are still there: it is the destruction of the keys that is seen.
    look.note(try await isReadable { _ = try await read(belongings, tenant.id) }, "un extent", "an extent")
    look.note(try await isReadable { _ = try await secret(belongings.sealed, tenant.id) }, "un secret scellé", "a sealed secret")
    look.note(platform.keyring.cachedDataKey(belongings.key, tenant: tenant.id) != nil, "une clé en mémoire", "a key in memory")
    look.note(try await tenant.present(token) == 200, "un jeton d'accès", "an access token")
    look.note(try await tenant.signIn(tenant.administrator).isGiven, "une identité", "an identity")
    if case .legible = RawBytes(segment: raw) {
      look.gaps.append(Text("les octets bruts de l'extent ne sont pas du bruit.", "the raw bytes of the extent are no noise."))
    }
    let certificate = try await finish(erasure, tenant.id)
    guard let certificate else {
      look.gaps.append(Text("l'effacement ne va pas à son terme.", "the erasure does not come to its end."))
      return look
    }
    try look.read(certificate, key: platform.evidenceKey)
    try await inspect(tenant.id, &look)
    return look
  }

  private func finish(_ erasure: TenantErasure, _ tenant: GUID) async throws -> ErasureCertificate? {
    for _ in 0..<Self.maximumAdvances {
      if let certificate = try await erasure.advance(tenant, maximumLooked: Look.maximumLooked) { return certificate }
    }
    return nil
  }

  private func inspect(_ tenant: GUID, _ look: inout Look) async throws {
    let identity = platform.identity
    let (entries, isThere) = try await platform.records.read { reader in
      (try reader.entries(of: tenant, limit: 1).count, try identity.isTenant(tenant, in: reader))
    }
    look.note(entries > 0, "un enregistrement", "a record")
    look.note(isThere, "le locataire", "the tenant")
  }

  // MARK: What there is to erase

  private struct Belongings: Sendable {
    var key: DataKeyID
    var extent: ExtentID
    var text: [UInt8]
    var sealed: [UInt8]
  }

  private static let secret = Array("secret du client d'essai".utf8)

  private func furnish(_ tenant: GUID) async throws -> Belongings {
    let (keyring, extents) = (platform.keyring, platform.extents)
    let line = Array("DONNEES DU CLIENT \(platform.random.guid()) ".utf8)
    let text = Array(repeatElement(line, count: Self.textBytes / line.count).joined())
    let (key, sealed) = try await platform.records.write { transaction in
      (
        try keyring.makeDataKey(tenant: tenant, in: transaction),
        try keyring.seal(Self.secret, context: Self.context, tenant: tenant, in: transaction)
      )
    }
    let writer = try await extents.write(length: text.count, tenant: tenant, key: key)
    try await writer.append(ByteBuffer(bytes: text))
    let extent = try await writer.finish()
    try await platform.records.write { try extents.commit(extent, in: $0) }
    return Belongings(key: key, extent: extent.id, text: text, sealed: sealed)
  }

  private func read(_ belongings: Belongings, _ tenant: GUID) async throws -> [UInt8] {
    let extents = platform.extents
    let slice = ExtentSlice(id: belongings.extent, range: 0..<belongings.text.count)
    let reader = try await platform.records.read { try extents.reader([slice], tenant: tenant, in: $0) }
    var bytes: [UInt8] = []
    while let chunk = try await reader.next(upTo: belongings.text.count) { bytes.append(contentsOf: chunk.readableBytesView) }
    return bytes
  }

  /// As they lie on the disk. Compaction may move them between the two steps: then they are looked for again.
  private func rawBytes(_ extent: ExtentID, _ tenant: GUID) async throws -> [UInt8] {
    let extents = platform.extents
    for _ in 0..<Self.maximumAdvances {
      guard let place = try await platform.records.read({ try extents.place(of: extent, tenant: tenant, in: $0) }) else { continue }
      let raw = try platform.host.bytes(of: platform.site.segments + "/" + place.file, from: place.range.lowerBound, limit: place.range.count)
      let after = try await platform.records.read { try extents.place(of: extent, tenant: tenant, in: $0) }
      if let raw, raw.count == place.range.count, after == place { return raw }
    }
    throw ObservationFailure("l'extent d'essai n'a pas été retrouvé dans les segments.", "the extent was not found again in the segments.")
  }

  private func secret(_ sealed: [UInt8], _ tenant: GUID) async throws -> [UInt8] {
    let keyring = platform.keyring
    return try await platform.records.read { try keyring.open(sealed, context: Self.context, tenant: tenant, in: $0) }
  }

  private func isReadable(_ body: () async throws -> Void) async throws -> Bool {
    do {
      try await body()
      return true
    } catch is ExtentError {
      return false
    } catch let error as KeyringError {
      // A root key that is away says nothing about what the tenant's keys still open.
      guard error.retryAfterSeconds == nil else { throw error }
      return false
    }
  }
}

extension ErasureProbe.Look {
  /// One thing that must not be there any more.
  mutating func note(_ isThere: Bool, _ french: String, _ english: String) {
    attempts += 1
    if isThere { gaps.append(Text("\(french) du locataire effacé sert encore.", "\(english) of the erased tenant still serves.")) }
  }

  /// What the certificate says must be what there was.
  mutating func read(_ certificate: ErasureCertificate, key: EvidenceKey) throws {
    attempts += 1
    guard certificate.isValid(key) else {
      gaps.append(Text("le certificat d'effacement n'est pas signé comme il le doit.", "the certificate of erasure is not signed as it must be."))
      return
    }
    let statement = try JSON(parsing: Array(certificate.statement.utf8))
    destroyedKeys = statement["destroyedKeys"]?.array?.count ?? 0
    for (kind, count) in statement["erased"]?.object?.members ?? [] { erased[kind] = Int(count.integer ?? 0) }
    let expected = ["extent", "identity.tenant", "identity.user", "keyring.tenantKey", "keyring.dataKey"]
    if let missing = expected.first(where: { erased[$0, default: 0] == 0 }) {
      gaps.append(
        Text("le certificat ne compte pas ce qui a été effacé : \(missing).", "the certificate does not count what was erased: \(missing)."))
    }
    if destroyedKeys == 0 { gaps.append(Text("le certificat ne nomme aucune clé détruite.", "the certificate names no destroyed key.")) }
  }
}
