internal import Base
internal import Keyring
internal import Ledger
internal import Records
internal import SecurityModule
internal import SwiftASN1
internal import Wire
internal import X509

/// Certificates of vaults: each version with a key and a secret of the same name and version, which come and go with it.
struct VaultCertificates: Sendable {
  let keys: VaultKeys
  /// The platform's own authority; nil: nobody has given one.
  let authority: (any CertificateIssuer)?
  let objects: VaultObjects
  let secrets: VaultObjects

  init(_ keys: VaultKeys, authority: (any CertificateIssuer)?) {
    self.keys = keys
    self.authority = authority
    objects = VaultObjects(keys.services, .certificates)
    secrets = VaultObjects(keys.services, .secrets)
  }

  var services: VaultServices { keys.services }

  /// What a version is to be like.
  struct Wish: Sendable {
    var name: String
    var policy: CertificatePolicy
    var isEnabled = true
    var tags: [String: String]?
    var keepsOrder: Bool?
  }

  // MARK: Making

  /// Makes the next version of a certificate, or as much of it as can be made without somebody else.
  ///
  /// `expected` is the version that must be the current one at the end, where one is named; nil comes back where it is not. `entry` is given the name as it is
  /// written. Throws 400, 403 for what the issuer does not certify, 409.
  func make(
    _ wish: Wish, in vault: Vault, now: Timestamp, expected: String? = nil, entry: @escaping @Sendable (String) -> LedgerEntry
  ) async throws -> CertificateOperation? {
    try wish.policy.requireMakeable()
    let names = try await issuerNames(wish.policy, in: vault)
    try names?.require(wish.policy)
    let present = try await services.records.read { try self.present(wish.name, in: vault, $0) }
    if let expected, present?.version.version != expected { return nil }
    let (key, isReused) = try await obtainKey(wish.policy, present, in: vault)
    let maker = CertificateMaker(policy: wish.policy, key: try signer(key, for: vault.tenant))
    let request = try await maker.request(names.map { _ in IssuerNames.usages(wish.policy) })
    let chain = try await chain(wish.policy, maker, request, now: now)
    let secret = try chain.map { try CertificateChain.secret($0, key: wish.policy.isExportable ? key.content : nil, wish.policy.contentType) }
    return try await services.records.write { [self] transaction -> CertificateOperation? in
      let vault = try objects.current(vault, transaction)
      let current = try self.present(wish.name, in: vault, transaction)
      if let expected, current?.version.version != expected { return nil }
      let payload = services.random.guid()
      var operation = CertificateOperation(
        tenant: vault.tenant, partition: vault.partition, name: current?.object.name ?? wish.name, requestID: services.random.guid(),
        status: chain == nil ? .inProgress : .completed, request: request, version: services.random.bytes(16).hexadecimal, policy: wish.policy.text,
        isEnabled: wish.isEnabled, tags: wish.tags, keepsOrder: wish.keepsOrder, created: now,
        keyDescription: description(key, wish.policy).text, payloadID: payload, reusesKey: isReused)
      if let old = try transaction.fetch(CertificateOperation.self, operation.key) { try old.remove(now: now, transaction) }
      if let chain, let secret {
        try record(operation, wish.policy, key, chain, secret, in: vault, now: now, transaction)
      } else {
        operation.moduleKey = key.moduleKey
        operation.sealedKey = try key.content.map {
          try services.keyring.sealPayload($0, id: payload, key: vault.dataKey, tenant: vault.tenant, in: transaction)
        }
      }
      if !isReused { try keys.settle(key.moduleKey, transaction) }
      try transaction.save(operation)
      try entry(operation.name).append(in: transaction)
      return operation
    }
  }

  /// Takes somebody's key and certificates as the next version.
  func take(
    _ content: CertificateContent, _ wish: Wish, in vault: Vault, now: Timestamp, entry: @escaping @Sendable (String) -> LedgerEntry
  ) async throws -> (object: VaultObject, version: VaultObjectVersion) {
    try CertificateChain.requireCurrent(content.chain[0], now: now)
    let key = MadeKey(kind: content.key.kind, publicKey: try content.key.publicKey, content: content.key.content, moduleKey: nil)
    let secret = try CertificateChain.secret(content.chain, key: wish.policy.isExportable ? key.content : nil, wish.policy.contentType)
    return try await services.records.write { [self] transaction in
      let vault = try objects.current(vault, transaction)
      let name = try present(wish.name, in: vault, transaction)?.object.name ?? wish.name
      let operation = CertificateOperation(
        tenant: vault.tenant, partition: vault.partition, name: name, requestID: services.random.guid(), status: .completed, request: [],
        version: services.random.bytes(16).hexadecimal, policy: wish.policy.text, isEnabled: wish.isEnabled, tags: wish.tags,
        keepsOrder: wish.keepsOrder, created: now, keyDescription: description(key, wish.policy).text,
        payloadID: services.random.guid())
      let added = try record(operation, wish.policy, key, content.chain, secret, in: vault, now: now, transaction)
      try entry(name).append(in: transaction)
      return added
    }
  }

  /// Ends what waits for its certificate with the certificate. Throws 400 for one of another key, 404, 403 where nothing waits.
  func merge(
    _ certificates: [[UInt8]], _ name: String, attributes: VaultAttributes, in vault: Vault, now: Timestamp,
    entry: @escaping @Sendable (String) -> LedgerEntry
  ) async throws -> (object: VaultObject, version: VaultObjectVersion) {
    let (pending, content) = try await services.records.read { [self] reader -> (CertificateOperation, [UInt8]?) in
      let pending = try operation(name, in: vault, reader)
      guard pending.status != .completed else { throw CertificateError.notInProgress }
      return (
        pending,
        try pending.sealedKey.map {
          try services.keyring.openPayload($0, id: pending.payloadID, key: vault.dataKey, tenant: vault.tenant, in: reader)
        }
      )
    }
    guard let description = KeyDescription(pending.keyDescription), let publicKey = description.publicKey,
      let policy = CertificatePolicy(stored: pending.policy)
    else { throw CloudError.internalError(PKCS12Error.malformed) }
    let key = MadeKey(kind: description.kind, publicKey: publicKey, content: content, moduleKey: pending.moduleKey)
    let chain = try CertificateChain.ordered(certificates, for: try publicKey.x509, keepsOrder: pending.keepsOrder == true)
    try CertificateChain.requireCurrent(chain[0], now: now)
    let secret = try CertificateChain.secret(chain, key: policy.isExportable ? content : nil, policy.contentType)
    return try await services.records.write { [self] transaction in
      var current = try operation(name, in: vault, transaction)
      guard current == pending else { throw CertificateError.notInProgress }
      current.isEnabled = attributes.isEnabled ?? current.isEnabled
      current.tags = attributes.tags ?? current.tags
      // What is asked of a taken name is asked again: a key may have got it meanwhile.
      let added = try record(current, policy, key, chain, secret, in: vault, now: now, transaction)
      (current.status, current.sealedKey, current.moduleKey) = (.completed, nil, nil)
      try transaction.save(current)
      try entry(current.name).append(in: transaction)
      return added
    }
  }

  // MARK: Parts

  /// The three things of one version.
  @discardableResult
  private func record(
    _ operation: CertificateOperation, _ policy: CertificatePolicy, _ key: MadeKey, _ chain: [[UInt8]], _ secret: String, in vault: Vault,
    now: Timestamp, _ transaction: RecordTransaction
  ) throws -> (object: VaultObject, version: VaultObjectVersion) {
    try requireFree(operation.name, in: vault, transaction)
    let leaf = try Certificate(derEncoded: chain[0])
    var common = VaultVersionDraft()
    common.isEnabled = operation.isEnabled
    common.tags = operation.tags
    common.notBefore = Timestamp(leaf.notValidBefore)
    common.expires = Timestamp(leaf.notValidAfter)
    var keyDraft = common
    (keyDraft.publicPart, keyDraft.content, keyDraft.moduleKey) = (operation.keyDescription, key.content, key.moduleKey)
    _ = try keys.objects.add(keyDraft, name: operation.name, in: vault, now: now, version: operation.version, asManaged: true, transaction)
    var secretDraft = common
    secretDraft.contentType = policy.contentType.rawValue
    secretDraft.content = Array(secret.utf8)
    secretDraft.keyURL = "\(vault.url(services.address))/keys/\(operation.name)/\(operation.version)"
    _ = try secrets.add(secretDraft, name: operation.name, in: vault, now: now, version: operation.version, asManaged: true, transaction)
    var draft = common
    draft.publicPart = CertificateDescription(certificate: chain[0], keepsOrder: operation.keepsOrder).text
    draft.contentType = policy.contentType.rawValue
    var (object, version) = try objects.add(draft, name: operation.name, in: vault, now: now, version: operation.version, transaction)
    var kept = policy
    kept.created = CertificatePolicy(stored: object.policy)?.created ?? now
    kept.updated = now
    object.policy = kept.text
    try objects.save(object, transaction)
    try CertificateRenewal.plan(object, version, in: vault, transaction)
    return (object, version)
  }

  private func description(_ key: MadeKey, _ policy: CertificatePolicy) -> KeyDescription {
    KeyDescription(key, operations: key.kind.operations(policy.usages), isExportable: policy.isExportable)
  }

  private func obtainKey(
    _ policy: CertificatePolicy, _ present: (object: VaultObject, version: VaultObjectVersion)?, in vault: Vault
  ) async throws -> (key: MadeKey, isReused: Bool) {
    if policy.reusesKey, let present, let (key, isExportable) = try await presentKey(present, in: vault), key.kind == policy.keyKind,
      (key.moduleKey != nil) == policy.isHardware
    {
      guard isExportable || !policy.isExportable else { throw CertificateError.notExportable }
      return (key, true)
    }
    return (try await keys.obtain(try KeyRequest(creating: policy.keyBody), in: vault), false)
  }

  private func presentKey(
    _ present: (object: VaultObject, version: VaultObjectVersion), in vault: Vault
  ) async throws -> (key: MadeKey, isExportable: Bool)? {
    try await services.records.read { reader in
      let object = try keys.objects.object(present.object.name, in: vault, reader)
      let version = try keys.objects.version(present.version.version, of: object, reader)
      guard let description = KeyDescription(version.publicPart), let publicKey = description.publicKey else { return nil }
      let content = version.moduleKey == nil ? try keys.objects.content(of: version, in: vault, reader) : nil
      let key = MadeKey(kind: description.kind, publicKey: publicKey, content: content, moduleKey: version.moduleKey)
      return (key, description.isExportable)
    }
  }

  private func signer(_ key: MadeKey, for tenant: GUID) throws -> CertificateKey {
    guard let publicKey = key.publicKey else { throw KeyError.wrongData }
    let place: StoredKey.Place =
      if let moduleKey = key.moduleKey { .module(moduleKey) } else { .open(try SoftwareKey(key.content ?? [], key.kind)) }
    let stored = StoredKey(kind: key.kind, tenant: tenant, incarnation: .zero, id: .zero, place: place)
    return try CertificateKey(publicKey, kind: key.kind, stored: stored, engine: try keys.engine(of: stored))
  }

  /// What the platform's authority may certify, where the policy names an issuer that stands for it. Throws 400 for an issuer that is not there, is
  /// disabled or is not served.
  private func issuerNames(_ policy: CertificatePolicy, in vault: Vault) async throws -> IssuerNames? {
    guard !policy.issuer.isSelf, !policy.issuer.isUnknown else { return nil }
    let settings = try await services.records.read {
      try $0.fetch(CertificateSettings.self, CertificateSettings.key(tenant: vault.tenant, vault.partition))
    }
    guard let issuer = settings?.issuer(policy.issuer.name) else {
      throw VaultError.badParameter("Issuer '\(policy.issuer.name.prefix(127))' is not found in this key vault.")
    }
    guard issuer.isEnabled else { throw VaultError.badParameter("Issuer '\(issuer.name)' is disabled.") }
    guard issuer.isPlatform, let authority else {
      throw VaultError.badParameter("The provider '\(issuer.provider.prefix(64))' of issuer '\(issuer.name)' is not served by this cloud.")
    }
    return IssuerNames(domains: try await authority.domains(of: vault.tenant), cloudDomain: services.address.domain)
  }

  /// Nil where somebody else is to sign.
  private func chain(_ policy: CertificatePolicy, _ maker: CertificateMaker, _ request: [UInt8], now: Timestamp) async throws -> [[UInt8]]? {
    if policy.issuer.isUnknown { return nil }
    if policy.issuer.isSelf { return [try await maker.selfSigned(now: now, random: services.random)] }
    guard let authority else { return nil }
    let (notBefore, expires) = maker.validity(now)
    let latest = notBefore.advanced(by: .seconds(CertificateLimits.maximumIssuedDays * 86_400))
    let chain = try await authority.issue(
      CertificateIssuance(
        request: request, serialNumber: CertificateMaker.serialNumber(services.random), notBefore: notBefore, expires: min(expires, latest)))
    guard !chain.isEmpty else { throw CloudError.internalError(PKCS12Error.malformed) }
    return chain
  }

  // MARK: Names

  /// The certificate of a name with its current version; nil where there is none. Throws 409 where something else has the name or is being made under it.
  private func present(_ name: String, in vault: Vault, _ reader: any RecordReader) throws -> (object: VaultObject, version: VaultObjectVersion)? {
    let pending = try reader.fetch(CertificateOperation.self, CertificateOperation.key(tenant: vault.tenant, vault.partition, name))
    if pending?.status == .inProgress { throw CertificateError.inProgress }
    try requireFree(name, in: vault, reader)
    guard let object = try reader.fetch(VaultObject.self, VaultObject.key(tenant: vault.tenant, vault.partition, .certificates, name)) else {
      return nil
    }
    return (object, try objects.version(nil, of: object, reader))
  }

  private func requireFree(_ name: String, in vault: Vault, _ reader: any RecordReader) throws {
    for collection in [VaultCollection.certificates, .keys, .secrets] {
      guard let found = try reader.fetch(VaultObject.self, VaultObject.key(tenant: vault.tenant, vault.partition, collection, name)) else { continue }
      if found.deletion != nil { throw VaultError.deletedButRecoverable(collection, name) }
      guard found.isManaged || collection == .certificates else { throw CertificateError.nameTaken(collection, found.name) }
    }
  }

  /// Throws 404 `PendingCertificateNotFound`.
  func operation(_ name: String, in vault: Vault, _ reader: any RecordReader) throws -> CertificateOperation {
    guard let found = try reader.fetch(CertificateOperation.self, CertificateOperation.key(tenant: vault.tenant, vault.partition, name)) else {
      throw CertificateError.pendingNotFound(name)
    }
    return found
  }
}

extension CertificatePolicy {
  /// As a body of "Create Key" names the key.
  fileprivate var keyBody: JSON {
    switch keyKind {
    case .rsa(let bits): ["kty": isHardware ? "RSA-HSM" : "RSA", "key_size": .integer(Int64(bits))]
    case .ec(let curve): ["kty": isHardware ? "EC-HSM" : "EC", "crv": .string(curve.rawValue)]
    case .aes, .hmac: ["kty": "oct"]
    }
  }
}

extension ModuleKeyKind {
  /// What the key of a certificate may be used for.
  ///
  /// Source: Microsoft, "About Azure Key Vault certificates", mapping X.509 usage to key operations.
  fileprivate func operations(_ usages: [CertificatePolicy.Usage]) -> [KeyOperation] {
    let wanted = usages.flatMap { usage -> [KeyOperation] in
      switch usage {
      case .digitalSignature, .nonRepudiation, .keyCertSign, .cRLSign: [.sign, .verify]
      case .keyEncipherment: [.wrapKey, .unwrapKey]
      case .dataEncipherment: [.encrypt, .decrypt]
      case .encipherOnly: [.encrypt]
      case .decipherOnly: [.decrypt]
      case .keyAgreement: []
      }
    }
    return possibleOperations.filter { wanted.contains($0) }
  }
}
