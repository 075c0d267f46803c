internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on secrets.
struct SecretOperations: Sendable {
  private let services: VaultServices
  private let objects: VaultObjects
  private let backups: VaultBackups

  init(_ services: VaultServices) {
    self.services = services
    objects = VaultObjects(services, .secrets)
    backups = VaultBackups(services)
  }

  var operations: [VaultOperation] { values + deletions + lists + moves }

  private static func permission(_ action: String, _ policy: String) -> VaultPermission { .data("secrets/\(action)", .secrets, policy) }

  private var values: [VaultOperation] {
    let get = Self.permission("getSecret/action", "get")
    let update = Self.permission("update/action", "set")
    return [
      VaultOperation("Set Secret", .PUT, "/secrets/{name}", Self.permission("setSecret/action", "set"), run: set),
      VaultOperation("Get Secret", .GET, "/secrets/{name}", get, run: get(_:)),
      VaultOperation("Get Secret", .GET, "/secrets/{name}/{version}", get, run: get(_:)),
      VaultOperation("Update Secret", .PATCH, "/secrets/{name}", update, run: update(_:)),
      VaultOperation("Update Secret", .PATCH, "/secrets/{name}/{version}", update, run: update(_:)),
    ]
  }

  private var deletions: [VaultOperation] {
    [
      VaultOperation("Delete Secret", .DELETE, "/secrets/{name}", Self.permission("delete", "delete"), run: delete),
      VaultOperation("Get Deleted Secret", .GET, "/deletedsecrets/{name}", Self.permission("readMetadata/action", "get"), run: getDeleted),
      VaultOperation("Recover Deleted Secret", .POST, "/deletedsecrets/{name}/recover", Self.permission("recover/action", "recover"), run: recover),
      VaultOperation("Purge Deleted Secret", .DELETE, "/deletedsecrets/{name}", Self.permission("purge/action", "purge"), run: purge),
    ]
  }

  private var lists: [VaultOperation] {
    let list = Self.permission("readMetadata/action", "list")
    return [
      // Source: Microsoft, "Get Secrets", REST reference.
      VaultOperation("Get Secrets", .GET, "/secrets", list) { call in
        try await VaultLists(objects).things(call) { SecretDocument.item(call, $0, $1) }
      },
      // Source: Microsoft, "Get Deleted Secrets", REST reference.
      VaultOperation("Get Deleted Secrets", .GET, "/deletedsecrets", list) { call in
        try await VaultLists(objects).things(call, deleted: true) { call.deleted(SecretDocument.item(call, $0, $1), $0) }
      },
      // Source: Microsoft, "Get Secret Versions", REST reference.
      VaultOperation("Get Secret Versions", .GET, "/secrets/{name}/versions", list) { call in
        try await VaultLists(objects).versions(call) { SecretDocument.bundle(call, $0, $1) }
      },
    ]
  }

  private var moves: [VaultOperation] {
    [
      VaultOperation("Backup Secret", .POST, "/secrets/{name}/backup", Self.permission("backup/action", "backup"), run: backUp),
      VaultOperation(
        "Restore Secret", .POST, "/secrets/restore", Self.permission("restore/action", "restore"),
        maximumBodyBytes: VaultLimits.maximumBackupBodyBytes, run: restore),
    ]
  }

  // MARK: Values

  /// Source: Microsoft, "Set Secret", REST reference.
  private func set(_ call: VaultCall) async throws -> VaultAnswer {
    guard let member = call.body.member("value") else { throw VaultError.badParameter("Property value is required\r\n") }
    guard let value = member.string else { throw VaultAttributes.invalid("value") }
    guard value.utf8.count <= VaultLimits.maximumSecretBytes else {
      throw VaultError.badParameter("Secret is beyond the maximum permitted length of \(VaultLimits.maximumSecretBytes) characters.")
    }
    var draft = VaultVersionDraft()
    try VaultAttributes(parsing: call.body).apply(to: &draft)
    draft.contentType = try Self.contentType(call.body)
    draft.content = Array(value.utf8)
    let (object, version) = try await change(call) { [draft] in try objects.add(draft, name: call.name, in: call.vault, now: call.now, $0) }
    return VaultAnswer(200, SecretDocument.bundle(call, object, version, value: value))
  }

  /// Outside of `nbf` and `exp` too: they tell the reader, and keep nobody from reading.
  ///
  /// Source: Microsoft, "Get Secret", REST reference, and "About Azure Key Vault secrets", date-time controlled operations.
  private func get(_ call: VaultCall) async throws -> VaultAnswer {
    let (object, version) = try await objects.find(call.name, call.parameters["version"], in: call.vault)
    guard version.isEnabled else { throw VaultError.disabled(.secrets) }
    if let wanted = call.query["outContentType"], !wanted.isEmpty, wanted != version.contentType {
      throw VaultError.badParameter("The content of this secret cannot be given as \(wanted.prefix(64)).")
    }
    let value = try await objects.content(of: version, in: call.vault)
    let entry = call.entry(.secretRead, subject: call.id(of: object, version), random: services.random)
    try await services.records.write { try entry.append(in: $0) }
    return VaultAnswer(200, SecretDocument.bundle(call, object, version, value: String(decoding: value, as: UTF8.self)))
  }

  /// Source: Microsoft, "Update Secret", REST reference.
  private func update(_ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    let contentType = try Self.contentType(call.body)
    let (object, version) = try await change(call) { transaction in
      try objects.update(call.name, call.parameters["version"], in: call.vault, transaction) { version in
        try attributes.apply(to: &version, now: call.now)
        version.contentType = contentType ?? version.contentType
      }
    }
    return VaultAnswer(200, SecretDocument.bundle(call, object, version))
  }

  private static func contentType(_ body: JSON) throws -> String? {
    guard let value = body.member("contentType") else { return nil }
    guard let text = value.string, text.utf16.count <= VaultLimits.maximumContentTypeCharacters else { throw VaultAttributes.invalid("contentType") }
    return text
  }

  // MARK: Deletion

  /// Source: Microsoft, "Delete Secret", REST reference.
  private func delete(_ call: VaultCall) async throws -> VaultAnswer {
    let (object, version) = try await change(call) { try objects.delete(call.name, in: call.vault, now: call.now, $0) }
    return VaultAnswer(200, call.deleted(SecretDocument.bundle(call, object, version), object))
  }

  /// Source: Microsoft, "Get Deleted Secret", REST reference.
  private func getDeleted(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.read { reader in
      let object = try objects.deletedObject(call.name, in: call.vault, reader)
      return VaultAnswer(200, call.deleted(SecretDocument.bundle(call, object, try objects.version(nil, of: object, reader)), object))
    }
  }

  /// Source: Microsoft, "Recover Deleted Secret", REST reference.
  private func recover(_ call: VaultCall) async throws -> VaultAnswer {
    let (object, version) = try await change(call) { try objects.recover(call.name, in: call.vault, $0) }
    return VaultAnswer(200, SecretDocument.bundle(call, object, version))
  }

  /// Source: Microsoft, "Purge Deleted Secret", REST reference.
  private func purge(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.write { transaction in
      let object = try objects.purge(call.name, in: call.vault, transaction)
      try call.entry(.controlWrite, subject: call.id(.secrets, object.name), random: services.random).append(in: transaction)
    }
    return VaultAnswer(204, nil)
  }

  /// Runs a change and enters it in the ledger, in one transaction.
  private func change(
    _ call: VaultCall, _ body: @escaping @Sendable (RecordTransaction) throws -> (object: VaultObject, version: VaultObjectVersion)
  ) async throws -> (object: VaultObject, version: VaultObjectVersion) {
    try await services.records.write { transaction in
      let (object, version) = try body(transaction)
      try call.entry(.controlWrite, subject: call.id(of: object, version), random: services.random).append(in: transaction)
      return (object, version)
    }
  }

  // MARK: Backup

  /// Source: Microsoft, "Backup Secret", REST reference.
  private func backUp(_ call: VaultCall) async throws -> VaultAnswer {
    let object = try await services.records.read { try objects.object(call.name, in: call.vault, $0) }
    if object.isManaged { throw VaultObjects.managed(.secrets) }
    let entry = call.entry(.secretRead, subject: call.id(.secrets, object.name), random: services.random)
    return VaultAnswer(200, ["value": .string(try await backups.backUp([(.secrets, call.name)], call, entry))])
  }

  /// Source: Microsoft, "Restore Secret", REST reference.
  private func restore(_ call: VaultCall) async throws -> VaultAnswer {
    guard let blob = call.body.member("value")?.string else { throw VaultError.badParameter("Property value is required\r\n") }
    let restored = try await backups.restore(.secrets, blob, call) { object in
      call.entry(.controlWrite, subject: call.id(.secrets, object.name), random: services.random)
    }
    return VaultAnswer(200, SecretDocument.bundle(call, restored[0].object, restored[0].version))
  }
}
