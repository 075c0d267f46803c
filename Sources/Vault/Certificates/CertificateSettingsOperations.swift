internal import Access
internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// Contacts and issuers of a vault.
struct CertificateSettingsOperations: Sendable {
  let services: VaultServices

  var operations: [VaultOperation] { contacts + issuers }

  private var contacts: [VaultOperation] {
    let permission = VaultPermission.data("certificatecontacts/write", .certificates, "managecontacts")
    return [
      VaultOperation("Get Certificate Contacts", .GET, "/certificates/contacts", permission, run: getContacts),
      VaultOperation("Set Certificate Contacts", .PUT, "/certificates/contacts", permission, run: setContacts),
      VaultOperation("Delete Certificate Contacts", .DELETE, "/certificates/contacts", permission, run: deleteContacts),
    ]
  }

  private var issuers: [VaultOperation] {
    let path = "/certificates/issuers/{issuer}"
    func permission(_ action: String, _ policy: String) -> VaultPermission { .data("certificatecas/\(action)", .certificates, policy) }
    return [
      VaultOperation("Get Certificate Issuers", .GET, "/certificates/issuers", permission("read", "listissuers"), run: listIssuers),
      VaultOperation("Get Certificate Issuer", .GET, path, permission("read", "getissuers"), run: getIssuer),
      VaultOperation("Set Certificate Issuer", .PUT, path, permission("write", "setissuers")) { try await changeIssuer($0, isNew: true) },
      VaultOperation("Update Certificate Issuer", .PATCH, path, permission("write", "setissuers")) { try await changeIssuer($0, isNew: false) },
      VaultOperation("Delete Certificate Issuer", .DELETE, path, permission("delete", "deleteissuers"), run: deleteIssuer),
    ]
  }

  // MARK: Contacts

  /// Source: Microsoft, "Get Certificate Contacts", Key Vault REST reference.
  private func getContacts(_ call: VaultCall) async throws -> VaultAnswer {
    let settings = try await services.records.read { try Self.settings(call, $0) }
    guard !settings.contacts.isEmpty else { throw CertificateError.contactsNotFound }
    return VaultAnswer(200, Self.json(settings.contacts, call))
  }

  /// Source: Microsoft, "Set Certificate Contacts", Key Vault REST reference.
  private func setContacts(_ call: VaultCall) async throws -> VaultAnswer {
    guard let items = call.body.member("contacts")?.array, (1...CertificateLimits.maximumContacts).contains(items.count) else {
      throw CertificateError.invalid("contacts")
    }
    let contacts = try items.map { item in
      guard let email = try Self.text(item, "email"), email.isMailAddress else { throw CertificateError.invalid("email") }
      return CertificateSettings.Contact(email: email, name: try Self.text(item, "name"), phone: try Self.text(item, "phone"))
    }
    try await change(call, "\(call.vaultURL)/certificates/contacts") { $0.contacts = contacts }
    return VaultAnswer(200, Self.json(contacts, call))
  }

  /// Source: Microsoft, "Delete Certificate Contacts", Key Vault REST reference.
  private func deleteContacts(_ call: VaultCall) async throws -> VaultAnswer {
    let contacts = try await change(call, "\(call.vaultURL)/certificates/contacts") { settings in
      guard !settings.contacts.isEmpty else { throw CertificateError.contactsNotFound }
      defer { settings.contacts = [] }
      return settings.contacts
    }
    return VaultAnswer(200, Self.json(contacts, call))
  }

  private static func json(_ contacts: [CertificateSettings.Contact], _ call: VaultCall) -> JSON {
    [
      "id": .string("\(call.vaultURL)/certificates/contacts"),
      "contacts": .array(
        contacts.map { .object(["email": .string($0.email), "name": JSON.string($0.name), "phone": JSON.string($0.phone)]) }),
    ]
  }

  // MARK: Issuers

  /// Source: Microsoft, "Get Certificate Issuers", Key Vault REST reference.
  private func listIssuers(_ call: VaultCall) async throws -> VaultAnswer {
    let limit = call.query["maxresults"].flatMap { Int($0) } ?? VaultLimits.maximumPage
    guard (1...VaultLimits.maximumPage).contains(limit) else {
      throw VaultError.badParameter("Invalid value of maxresults: it must be between 1 and \(VaultLimits.maximumPage).")
    }
    let after = call.query["$skiptoken"]?.lowercased() ?? ""
    let rest = try await services.records.read { try Self.settings(call, $0) }.issuers.filter { $0.name.lowercased() > after }
    let shown = rest.prefix(limit)
    var next: JSON = .null
    if rest.count > limit, let last = shown.last {
      let query = [("api-version", call.apiVersion), ("maxresults", String(limit)), ("$skiptoken", last.name)]
      next = .string(
        "\(call.vaultURL)/certificates/issuers?" + query.map { "\(percentEncoded($0, keeping: "$"))=\(percentEncoded($1))" }.joined(separator: "&"))
    }
    let items = shown.map { issuer -> JSON in ["id": .string(Self.id(issuer.name, call)), "provider": .string(issuer.provider)] }
    return VaultAnswer(200, ["value": .array(Array(items)), "nextLink": next])
  }

  /// Source: Microsoft, "Get Certificate Issuer", Key Vault REST reference.
  private func getIssuer(_ call: VaultCall) async throws -> VaultAnswer {
    let name = try Self.name(call)
    guard let issuer = try await services.records.read({ try Self.settings(call, $0).issuer(name) }) else {
      throw CertificateError.issuerNotFound(name)
    }
    return VaultAnswer(200, Self.json(issuer, call))
  }

  /// Source: Microsoft, "Set Certificate Issuer" and "Update Certificate Issuer", Key Vault REST reference.
  private func changeIssuer(_ call: VaultCall, isNew: Bool) async throws -> VaultAnswer {
    let name = try Self.name(call)
    guard !["self", "unknown"].contains(name.lowercased()) else { throw CertificateError.invalid("issuer-name") }
    let provider = try Self.text(call.body, "provider")
    if isNew, provider == nil { throw CertificateError.missing("provider") }
    let issuer = try await change(call, Self.id(name, call)) { settings in
      let present = settings.issuer(name)
      guard let provider = provider ?? present?.provider, isNew || present != nil else { throw CertificateError.issuerNotFound(name) }
      var issuer =
        isNew
        ? CertificateSettings.Issuer(name: present?.name ?? name, provider: provider, created: present?.created ?? call.now, updated: call.now)
        : present ?? CertificateSettings.Issuer(name: name, provider: provider, created: call.now, updated: call.now)
      issuer.provider = provider
      issuer.updated = call.now
      try Self.read(call.body, into: &issuer)
      settings.issuers.removeAll { $0.name.equalsIgnoringASCIICase(name) }
      guard settings.issuers.count < CertificateLimits.maximumIssuers else {
        throw VaultError.badParameter("A key vault has at most \(CertificateLimits.maximumIssuers) issuers.")
      }
      settings.issuers.append(issuer)
      settings.issuers.sort { $0.name.lowercased() < $1.name.lowercased() }
      return issuer
    }
    return VaultAnswer(200, Self.json(issuer, call))
  }

  /// Source: Microsoft, "Delete Certificate Issuer", Key Vault REST reference.
  private func deleteIssuer(_ call: VaultCall) async throws -> VaultAnswer {
    let name = try Self.name(call)
    let issuer = try await change(call, Self.id(name, call)) { settings in
      guard let issuer = settings.issuer(name) else { throw CertificateError.issuerNotFound(name) }
      settings.issuers.removeAll { $0.name == issuer.name }
      return issuer
    }
    return VaultAnswer(200, Self.json(issuer, call))
  }

  private static func read(_ body: JSON, into issuer: inout CertificateSettings.Issuer) throws {
    if let credentials = body.member("credentials") {
      // The password is not kept: no issuer that is served has one.
      _ = try text(credentials, "pwd")
      issuer.accountID = try text(credentials, "account_id")
    }
    if let organization = body.member("org_details") {
      issuer.organizationID = try text(organization, "id")
      let items = organization.member("admin_details")?.array ?? []
      guard items.count <= CertificateLimits.maximumAdministrators else { throw CertificateError.invalid("admin_details") }
      issuer.administrators = try items.map { item in
        CertificateSettings.Administrator(
          firstName: try text(item, "first_name"), lastName: try text(item, "last_name"), email: try text(item, "email"),
          phone: try text(item, "phone"))
      }
    }
    if let enabled = body.member("attributes", "enabled") {
      guard let flag = enabled.boolean else { throw CertificateError.invalid("enabled") }
      issuer.isEnabled = flag
    }
  }

  private static func json(_ issuer: CertificateSettings.Issuer, _ call: VaultCall) -> JSON {
    let administrators = issuer.administrators.map { person in
      JSON.object([
        "first_name": JSON.string(person.firstName), "last_name": JSON.string(person.lastName), "email": JSON.string(person.email),
        "phone": JSON.string(person.phone),
      ])
    }
    let credentials: JSON? = issuer.accountID.map { ["account_id": .string($0)] }
    let organization: JSON = .object(["id": JSON.string(issuer.organizationID), "zip": 0, "admin_details": .array(administrators)])
    let attributes: JSON = [
      "enabled": .boolean(issuer.isEnabled), "created": .integer(issuer.created.seconds), "updated": .integer(issuer.updated.seconds),
    ]
    return .object([
      "id": .string(id(issuer.name, call)), "provider": .string(issuer.provider), "credentials": credentials, "org_details": organization,
      "attributes": attributes,
    ])
  }

  // MARK: Parts

  private static func id(_ name: String, _ call: VaultCall) -> String { "\(call.vaultURL)/certificates/issuers/\(name)" }

  private static func name(_ call: VaultCall) throws -> String {
    let name = call.parameters["issuer"] ?? ""
    try VaultName.check(name)
    return name
  }

  private static func text(_ json: JSON, _ name: String) throws -> String? {
    guard let value = json.member(name) else { return nil }
    guard let text = value.string, text.count <= CertificateLimits.maximumTextCharacters else { throw CertificateError.invalid(name) }
    return text
  }

  private static func settings(_ call: VaultCall, _ reader: any RecordReader) throws -> CertificateSettings {
    try reader.fetch(CertificateSettings.self, CertificateSettings.key(tenant: call.vault.tenant, call.vault.partition))
      ?? CertificateSettings(tenant: call.vault.tenant, partition: call.vault.partition)
  }

  @discardableResult
  private func change<Value: Sendable>(
    _ call: VaultCall, _ subject: String, _ body: @escaping @Sendable (inout CertificateSettings) throws -> Value
  ) async throws -> Value {
    try await services.records.write { transaction in
      _ = try VaultObjects(services, .certificates).current(call.vault, transaction)
      var settings = try Self.settings(call, transaction)
      let value = try body(&settings)
      try transaction.save(settings)
      try call.entry(.controlWrite, subject: subject, random: services.random).append(in: transaction)
      return value
    }
  }
}
