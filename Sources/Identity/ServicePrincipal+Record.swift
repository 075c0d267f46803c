public import Base
internal import Records

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Every token's principal is read from its record: it rests in binary form. Records of format 1 are JSON.
extension ServicePrincipal {
  public static var format: UInt8 { 2 }

  public func encode(to writer: inout ByteWriter) throws {
    writer.guid(id)
    writer.guid(tenant)
    writer.guid(appID)
    writer.string(displayName)
    writer.optional(description) { $0.string($1) }
    writer.list(servicePrincipalNames) { $0.string($1) }
    writer.string(servicePrincipalType)
    writer.flag(accountEnabled)
    writer.guid(appOwnerOrganizationID)
    writer.list(tags) { $0.string($1) }
    writer.timestamp(created)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let credentials =
      passwordCredentials.isEmpty && keyCredentials.isEmpty
      ? nil : Array(try encoder.encode(Credentials(passwords: passwordCredentials, keys: keyCredentials)))
    writer.optional(credentials) { $0.blob($1) }
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    guard format > 1 else {
      self = try JSONDecoder().decode(Self.self, from: Data(try reader.blob()))
      return
    }
    let (id, tenant, appID) = (try reader.guid(), try reader.guid(), try reader.guid())
    let displayName = try reader.string()
    let description = try reader.optional { try $0.string() }
    let names = try reader.list { try $0.string() }
    let (type, isEnabled, owner) = (try reader.string(), try reader.flag(), try reader.guid())
    let tags = try reader.list { try $0.string() }
    self.init(
      id: id, tenant: tenant, appID: appID, displayName: displayName, servicePrincipalNames: names, servicePrincipalType: type,
      accountEnabled: isEnabled, appOwnerOrganizationID: owner, created: try reader.timestamp())
    self.description = description
    self.tags = tags
    guard let bytes = try reader.optional({ try $0.blob() }) else { return }
    let credentials = try JSONDecoder().decode(Credentials.self, from: Data(bytes))
    (passwordCredentials, keyCredentials) = (credentials.passwords, credentials.keys)
  }

  private struct Credentials: Codable {
    var passwords: [PasswordCredential]
    var keys: [KeyCredential]
  }
}
