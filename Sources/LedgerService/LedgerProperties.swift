internal import Base
internal import Wire

/// The properties of a ledger as a request wants them. What it does not name is nil.
///
/// Source: Microsoft, "LedgerProperties", REST reference.
struct LedgerProperties {
  var type: String?
  var sku: String?
  var users: [LedgerUser.Wanted]?

  /// What belongs to enclaves and to a network of CCF nodes, which this cloud does not have.
  private static let unserved = [
    "hostLevel", "maxBodySizeInMb", "subjectName", "nodeCount", "writeLBAddressPrefix", "workerThreads", "enclavePlatform",
  ]

  init(_ properties: JSON?, tenant: GUID) throws {
    guard let properties, !properties.isNull else { return }
    guard properties.object != nil else { throw Self.invalid("properties", "is not an object") }
    type = try Self.choice(properties, "ledgerType", ["Public", "Private"])
    sku = try Self.choice(properties, "ledgerSku", ["Standard", "Basic"])
    if let state = properties.member("runningState")?.string, state.lowercased() != "active" {
      throw Self.unsupported("A ledger that is paused", "properties.runningState")
    }
    if let application = properties.member("applicationType")?.string, application.lowercased() != "confidentialledger" {
      throw Self.unsupported("The application '\(application.prefix(64))'", "properties.applicationType")
    }
    for name in Self.unserved where properties.member(name) != nil { throw Self.unsupported("'\(name)'", "properties.\(name)") }
    if let certificates = properties.member("certBasedSecurityPrincipals") {
      guard certificates.array?.isEmpty == true else { throw Self.unsupported("A user with a certificate", "properties.certBasedSecurityPrincipals") }
    }
    if let principals = properties.member("aadBasedSecurityPrincipals") { users = try Self.users(principals, tenant: tenant) }
  }

  /// What the resource keeps.
  func stored(over earlier: JSON.Object?) -> JSON.Object {
    var stored = earlier ?? JSON.Object([("ledgerType", "Public"), ("ledgerSku", "Standard")])
    if let type { stored["ledgerType"] = .string(type) }
    if let sku { stored["ledgerSku"] = .string(sku) }
    return stored
  }

  private static func users(_ principals: JSON, tenant: GUID) throws -> [LedgerUser.Wanted] {
    let path = "properties.aadBasedSecurityPrincipals"
    guard let list = principals.array else { throw invalid(path, "is not an array") }
    guard list.count < LedgerServiceLimits.maximumUsers else { throw invalid(path, "has more than \(LedgerServiceLimits.maximumUsers) principals") }
    var users: [LedgerUser.Wanted] = []
    var ids: Set<GUID> = []
    for principal in list {
      guard let id = principal.member("principalId")?.string.flatMap({ GUID($0) }) else {
        throw invalid("\(path).principalId", "is not an object id")
      }
      if let named = principal.member("tenantId")?.string {
        guard let other = GUID(named) else { throw invalid("\(path).tenantId", "is not the id of a tenant") }
        guard other == tenant else { throw unsupported("A user of another tenant", "\(path).tenantId") }
      }
      guard let role = principal.member("ledgerRoleName")?.string.flatMap({ LedgerRole(ignoringCase: $0) }) else {
        throw invalid("\(path).ledgerRoleName", "is none of \(LedgerRole.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard ids.insert(id).inserted else { throw invalid(path, "names the principal '\(id)' twice") }
      users.append(LedgerUser.Wanted(userID: id, roles: [role], isFromResource: true))
    }
    return users
  }

  private static func choice(_ properties: JSON, _ name: String, _ choices: [String]) throws -> String? {
    guard let value = properties.member(name) else { return nil }
    guard let choice = choices.first(where: { $0.lowercased() == value.string?.lowercased() }) else {
      throw invalid("properties.\(name)", "is none of \(choices.joined(separator: ", "))")
    }
    return choice
  }

  private static func invalid(_ path: String, _ why: String) -> CloudError {
    CloudError(400, "InvalidRequestContent", "The request content was invalid: '\(path)' \(why).", target: path)
  }

  private static func unsupported(_ what: String, _ path: String) -> CloudError {
    CloudError(400, "FeatureNotSupported", "\(what) is not supported for ledgers of this cloud.", target: path)
  }
}
