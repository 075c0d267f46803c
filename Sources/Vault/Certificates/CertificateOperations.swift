internal import Access
internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on certificates.
struct CertificateOperations: Sendable {
  let certificates: VaultCertificates
  /// Somebody's file says how long it takes to open it.
  private let opening = KeyThreads(1, maximumWaiting: CertificateLimits.maximumWaitingImports)

  init(_ certificates: VaultCertificates) {
    self.certificates = certificates
  }

  private var services: VaultServices { certificates.services }
  private var objects: VaultObjects { certificates.objects }

  var operations: [VaultOperation] {
    making + present + deletions + lists + PendingCertificateOperations(certificates: certificates).operations
      + CertificateSettingsOperations(services: services).operations + CertificateBackupOperations(certificates: certificates).operations
  }

  static func permission(_ action: String, _ policy: String) -> VaultPermission { .data("certificates/\(action)", .certificates, policy) }

  private var making: [VaultOperation] {
    [
      VaultOperation("Create Certificate", .POST, "/certificates/{name}/create", Self.permission("create/action", "create"), run: create),
      VaultOperation("Import Certificate", .POST, "/certificates/{name}/import", Self.permission("import/action", "import"), run: take),
    ]
  }

  private var present: [VaultOperation] {
    let get = Self.permission("read", "get")
    let update = Self.permission("update/action", "update")
    return [
      VaultOperation("Get Certificate", .GET, "/certificates/{name}", get, run: get(_:)),
      VaultOperation("Get Certificate", .GET, "/certificates/{name}/{version}", get, run: get(_:)),
      VaultOperation("Update Certificate", .PATCH, "/certificates/{name}", update, run: update(_:)),
      VaultOperation("Update Certificate", .PATCH, "/certificates/{name}/{version}", update, run: update(_:)),
      VaultOperation("Get Certificate Policy", .GET, "/certificates/{name}/policy", get, run: getPolicy),
      VaultOperation("Update Certificate Policy", .PATCH, "/certificates/{name}/policy", update, run: updatePolicy),
    ]
  }

  private var deletions: [VaultOperation] {
    [
      VaultOperation("Delete Certificate", .DELETE, "/certificates/{name}", Self.permission("delete", "delete"), run: delete),
      VaultOperation("Get Deleted Certificate", .GET, "/deletedcertificates/{name}", Self.permission("read", "get"), run: getDeleted),
      VaultOperation(
        "Recover Deleted Certificate", .POST, "/deletedcertificates/{name}/recover", Self.permission("recover/action", "recover"), run: recover),
      VaultOperation("Purge Deleted Certificate", .DELETE, "/deletedcertificates/{name}", Self.permission("purge/action", "purge"), run: purge),
    ]
  }

  private var lists: [VaultOperation] {
    let list = Self.permission("read", "list")
    return [
      VaultOperation("Get Certificates", .GET, "/certificates", list, run: list(_:)),
      // Source: Microsoft, "Get Deleted Certificates", Key Vault REST reference.
      VaultOperation("Get Deleted Certificates", .GET, "/deletedcertificates", list) { call in
        try await VaultLists(objects).things(call, deleted: true) { call.certificateItem($0, $1, withVersion: false) }
      },
      // Source: Microsoft, "Get Certificate Versions", Key Vault REST reference.
      VaultOperation("Get Certificate Versions", .GET, "/certificates/{name}/versions", list) { call in
        try await VaultLists(objects).versions(call) { call.certificateItem($0, $1, withVersion: true) }
      },
    ]
  }

  // MARK: Making

  /// What is made without anybody else is there before the answer goes out.
  ///
  /// Source: Microsoft, "Create Certificate", Key Vault REST reference.
  private func create(_ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    let stored = try await storedPolicy(call)
    let policy: CertificatePolicy
    if let body = call.body.member("policy") {
      policy = try CertificatePolicy(body)
    } else {
      guard let stored else { throw CertificateError.missing("policy") }
      policy = stored
    }
    let wish = VaultCertificates.Wish(
      name: call.name, policy: policy, isEnabled: attributes.isEnabled ?? true, tags: attributes.tags, keepsOrder: try Self.keepsOrder(call.body))
    let operation = try await certificates.make(wish, in: call.vault, now: call.now) { name in
      call.entry(.controlWrite, subject: call.certificateURL(name), random: services.random)
    }
    guard let operation else { throw CertificateError.inProgress }
    return VaultAnswer(202, call.createdCertificateOperation(operation))
  }

  /// Source: Microsoft, "Import Certificate", Key Vault REST reference.
  private func take(_ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    guard let value = call.body.member("value") else { throw CertificateError.missing("value") }
    guard let text = value.string, !text.isEmpty else { throw CertificateError.invalid("value") }
    let password = try call.body.member("pwd").map { member in
      guard let password = member.string else { throw CertificateError.invalid("pwd") }
      return password
    }
    let body = call.body.member("policy")
    let expected = body?.member("secret_props", "contentType")?.string.flatMap { CertificatePolicy.ContentType(rawValue: $0.lowercased()) }
    let keepsOrder = try Self.keepsOrder(call.body)
    let random = services.random
    let content = try await opening.run(for: call.vault.tenant) {
      try CertificateContent(text, password: password, expected: expected, keepsOrder: keepsOrder == true)
    }
    let wish = VaultCertificates.Wish(
      name: call.name, policy: try CertificatePolicy(importing: content, body), isEnabled: attributes.isEnabled ?? true, tags: attributes.tags,
      keepsOrder: keepsOrder)
    let (object, version) = try await certificates.take(content, wish, in: call.vault, now: call.now) { name in
      call.entry(.controlWrite, subject: call.certificateURL(name), random: random)
    }
    return VaultAnswer(200, try call.certificate(object, version))
  }

  private static func keepsOrder(_ body: JSON) throws -> Bool? {
    guard let value = body.member("preserveCertOrder") else { return nil }
    guard let flag = value.boolean else { throw CertificateError.invalid("preserveCertOrder") }
    return flag
  }

  /// Nil where there is no certificate.
  private func storedPolicy(_ call: VaultCall) async throws -> CertificatePolicy? {
    let key = VaultObject.key(tenant: call.vault.tenant, call.vault.partition, .certificates, call.name)
    return try await services.records.read { CertificatePolicy(stored: try $0.fetch(VaultObject.self, key)?.policy) }
  }

  // MARK: Present ones

  /// Source: Microsoft, "Get Certificate", Key Vault REST reference.
  private func get(_ call: VaultCall) async throws -> VaultAnswer {
    do {
      let (object, version) = try await objects.find(call.name, call.parameters["version"], in: call.vault)
      return VaultAnswer(200, try call.certificate(object, version))
    } catch let error as CloudError where error.status == 404 {
      guard let pending = try await firstOperation(call) else { throw error }
      return VaultAnswer(200, call.certificate(pending))
    }
  }

  /// Of a certificate that has no version yet; nil where it has one, or nothing is known of the name.
  private func firstOperation(_ call: VaultCall) async throws -> CertificateOperation? {
    try await services.records.read { reader in
      let key = VaultObject.key(tenant: call.vault.tenant, call.vault.partition, .certificates, call.name)
      guard try !reader.exists(VaultObject.self, key) else { return nil }
      let pending = try? certificates.operation(call.name, in: call.vault, reader)
      if let version = call.parameters["version"], version != pending?.version { return nil }
      return pending
    }
  }

  /// Source: Microsoft, "Update Certificate", Key Vault REST reference.
  private func update(_ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    let policy = call.body.member("policy")
    let (object, version) = try await services.records.write { transaction in
      var (object, version) = try objects.update(call.name, call.parameters["version"], in: call.vault, transaction) { version in
        version.isEnabled = attributes.isEnabled ?? version.isEnabled
        version.tags = attributes.tags ?? version.tags
        version.updated = call.now
      }
      for owned in [certificates.keys.objects, certificates.secrets] {
        let changed = try owned.update(object.name, version.version, in: call.vault, asManaged: true, transaction) { owned in
          owned.isEnabled = version.isEnabled
          owned.tags = version.tags
          owned.updated = call.now
        }
        if changed.object.collection == .keys { certificates.keys.forget(changed.object, after: transaction) }
      }
      if let policy { try change(&object, policy, call, transaction) }
      let current = object.currentVersion == version.version ? version : try objects.version(nil, of: object, transaction)
      try CertificateRenewal.plan(object, current, in: call.vault, transaction)
      try call.entry(.controlWrite, subject: call.id(of: object, version), random: services.random).append(in: transaction)
      return (object, version)
    }
    return VaultAnswer(200, try call.certificate(object, version))
  }

  /// Source: Microsoft, "Get Certificate Policy", Key Vault REST reference.
  private func getPolicy(_ call: VaultCall) async throws -> VaultAnswer {
    let stored = try await firstOperation(call)?.policy
    if let stored, let policy = CertificatePolicy(stored: stored) {
      return VaultAnswer(200, policy.json(id: "\(call.certificateURL(call.name))/policy"))
    }
    let object = try await objects.find(call.name, nil, in: call.vault).object
    guard let policy = CertificatePolicy(stored: object.policy) else { throw CloudError.internalError(PKCS12Error.malformed) }
    return VaultAnswer(200, policy.json(id: "\(call.certificateURL(object.name))/policy"))
  }

  /// It says how the next version will be.
  ///
  /// Source: Microsoft, "Update Certificate Policy", Key Vault REST reference.
  private func updatePolicy(_ call: VaultCall) async throws -> VaultAnswer {
    let object = try await services.records.write { transaction in
      _ = try objects.current(call.vault, transaction)
      var object = try objects.object(call.name, in: call.vault, transaction)
      try change(&object, call.body, call, transaction)
      try CertificateRenewal.plan(object, try objects.version(nil, of: object, transaction), in: call.vault, transaction)
      try call.entry(.controlWrite, subject: "\(call.certificateURL(object.name))/policy", random: services.random).append(in: transaction)
      return object
    }
    return VaultAnswer(200, CertificatePolicy(stored: object.policy)?.json(id: "\(call.certificateURL(object.name))/policy"))
  }

  private func change(_ object: inout VaultObject, _ body: JSON, _ call: VaultCall, _ transaction: RecordTransaction) throws {
    var policy = try CertificatePolicy(body, over: CertificatePolicy(stored: object.policy))
    policy.updated = call.now
    try policy.requireMakeable()
    object.policy = policy.text
    try objects.save(object, transaction)
  }

  // MARK: Deletion

  /// Source: Microsoft, "Delete Certificate", Key Vault REST reference.
  private func delete(_ call: VaultCall) async throws -> VaultAnswer {
    if let pending = try await firstOperation(call) {
      // It never had a version: there is nothing to recover.
      try await services.records.write { transaction in
        try certificates.operation(call.name, in: call.vault, transaction).remove(now: call.now, transaction)
        try call.entry(.controlWrite, subject: call.certificateURL(pending.name), random: services.random).append(in: transaction)
      }
      return VaultAnswer(200, call.certificate(pending))
    }
    let (object, version) = try await services.records.write { transaction in
      let (object, version) = try objects.delete(call.name, in: call.vault, now: call.now, transaction)
      let key = try certificates.keys.objects.delete(object.name, in: call.vault, now: call.now, asManaged: true, transaction).object
      _ = try certificates.secrets.delete(object.name, in: call.vault, now: call.now, asManaged: true, transaction)
      certificates.keys.forget(key, after: transaction)
      try? certificates.operation(call.name, in: call.vault, transaction).remove(now: call.now, transaction)
      try CertificateRenewal.plan(object, version, in: call.vault, transaction)
      try call.entry(.controlWrite, subject: call.certificateURL(object.name), random: services.random).append(in: transaction)
      return (object, version)
    }
    return VaultAnswer(200, try call.certificate(object, version))
  }

  /// Source: Microsoft, "Get Deleted Certificate", Key Vault REST reference.
  private func getDeleted(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.read { reader in
      let object = try objects.deletedObject(call.name, in: call.vault, reader)
      return VaultAnswer(200, try call.certificate(object, try objects.version(nil, of: object, reader)))
    }
  }

  /// Source: Microsoft, "Recover Deleted Certificate", Key Vault REST reference.
  private func recover(_ call: VaultCall) async throws -> VaultAnswer {
    let (object, version) = try await services.records.write { transaction in
      let (object, version) = try objects.recover(call.name, in: call.vault, transaction)
      for owned in [certificates.keys.objects, certificates.secrets] {
        _ = try owned.recover(object.name, in: call.vault, asManaged: true, transaction)
      }
      try CertificateRenewal.plan(object, version, in: call.vault, transaction)
      try call.entry(.controlWrite, subject: call.certificateURL(object.name), random: services.random).append(in: transaction)
      return (object, version)
    }
    return VaultAnswer(200, try call.certificate(object, version))
  }

  /// Source: Microsoft, "Purge Deleted Certificate", Key Vault REST reference.
  private func purge(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.write { transaction in
      let object = try objects.purge(call.name, in: call.vault, transaction)
      for owned in [certificates.keys.objects, certificates.secrets] {
        let purged = try owned.purge(object.name, in: call.vault, asManaged: true, transaction)
        if purged.collection == .keys { certificates.keys.forget(purged, after: transaction) }
      }
      try call.entry(.controlWrite, subject: call.certificateURL(object.name), random: services.random).append(in: transaction)
    }
    return VaultAnswer(204, nil)
  }

  // MARK: Lists

  /// With `includePending` the last page has those that wait for their first version too.
  ///
  /// Source: Microsoft, "Get Certificates", Key Vault REST reference.
  private func list(_ call: VaultCall) async throws -> VaultAnswer {
    var answer = try await VaultLists(objects).things(call) { call.certificateItem($0, $1, withVersion: false) }
    guard call.query["includePending"]?.lowercased() == "true", case .object(var members)? = answer.json, members["nextLink"]?.isNull != false else {
      return answer
    }
    let pending = try await services.records.read { reader in
      try reader.list(CertificateOperation.self, under: RecordKey(tenant: call.vault.tenant, call.vault.partition), limit: VaultLimits.maximumPage)
        .filter { pending in
          guard pending.status != .completed else { return false }
          return try !reader.exists(VaultObject.self, VaultObject.key(tenant: pending.tenant, pending.partition, .certificates, pending.name))
        }
    }
    members["value"] = .array((members["value"]?.array ?? []) + pending.map { call.certificateItem($0) })
    answer.json = .object(members)
    return answer
  }
}

extension CertificatePolicy {
  /// Of an imported certificate: what it is, with what the importer wants to be done with it.
  fileprivate init(importing content: CertificateContent, _ body: JSON?) throws {
    let described = CertificatePolicy(describing: try content.leaf, keyKind: content.key.kind)
    var wanted = described
    if let body {
      guard body.member("key_props", "kty")?.string?.lowercased().hasSuffix("-hsm") != true else {
        throw CertificateError.invalid("kty", "A private key from outside is not taken into the security module: create the certificate there.")
      }
      wanted = try CertificatePolicy(body, over: described)
    }
    self = described
    contentType = content.contentType
    isExportable = wanted.isExportable
    reusesKey = wanted.reusesKey
    issuer = wanted.issuer
    lifetimeActions = wanted.lifetimeActions
    isEnabled = wanted.isEnabled
  }
}
