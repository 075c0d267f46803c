internal import Base
internal import ExternalKeys
internal import Records
internal import Wire

/// Which external key manager a vault's external keys live in. A vault has one or none.
///
/// Source: Microsoft, "EkmConnection", Key Vault REST reference, 2026-01-01-preview.
struct ExternalConnection: Record, Codable, Equatable {
  static let kind = "vault.externalConnection"

  var tenant: GUID
  /// `Vault.partition`.
  var partition: String
  /// A name or an address, with a port where it was given one.
  var host: String
  var pathPrefix: String?
  /// In DER.
  var authorities: [[UInt8]]
  var serverCommonName: String?

  var key: RecordKey { Self.key(tenant: tenant, partition) }

  static func key(tenant: GUID, _ partition: String) -> RecordKey { RecordKey(tenant: tenant, partition) }

  /// Nil for what could not have been saved.
  var connection: ExternalKeyConnection? {
    ExternalKeyConnection(host: host, pathPrefix: pathPrefix, authorities: authorities, serverName: serverCommonName)
  }

  var json: JSON {
    .object([
      "host": .string(host), "path_prefix": .string(pathPrefix), "server_ca_certificates": .array(authorities.map { .string(Base64.encode($0)) }),
      "server_subject_common_name": .string(serverCommonName),
    ])
  }

  /// A whole one. Throws 400.
  init(_ body: JSON, of vault: Vault) throws {
    guard let host = body.member("host") else { throw KeyError.missing("host") }
    guard let certificates = body.member("server_ca_certificates") else { throw KeyError.missing("server_ca_certificates") }
    tenant = vault.tenant
    partition = vault.partition
    self.host = try Self.text(host, "host")
    authorities = try Self.authorities(certificates)
    pathPrefix = try body.member("path_prefix").map { try Self.text($0, "path_prefix") }
    serverCommonName = try body.member("server_subject_common_name").map { try Self.text($0, "server_subject_common_name") }
    try requireValid()
  }

  /// What a body names is replaced, the rest stays. Throws 400.
  mutating func change(_ body: JSON) throws {
    if let value = body.member("host") { host = try Self.text(value, "host") }
    if let value = body.member("server_ca_certificates") { authorities = try Self.authorities(value) }
    if let value = body.member("path_prefix") { pathPrefix = try Self.text(value, "path_prefix") }
    if let value = body.member("server_subject_common_name") { serverCommonName = try Self.text(value, "server_subject_common_name") }
    try requireValid()
  }

  private func requireValid() throws {
    func fits(_ host: String, _ prefix: String?, _ name: String?) -> Bool {
      ExternalKeyConnection(host: host, pathPrefix: prefix, authorities: authorities, serverName: name) != nil
    }
    guard fits(host, nil, nil) else { throw KeyError.invalid("host") }
    guard fits(host, pathPrefix, nil) else { throw KeyError.invalid("path_prefix") }
    guard fits(host, pathPrefix, serverCommonName) else { throw KeyError.invalid("server_subject_common_name") }
  }

  private static func text(_ value: JSON, _ name: String) throws -> String {
    guard let text = value.string else { throw KeyError.invalid(name) }
    return text
  }

  private static func authorities(_ value: JSON) throws -> [[UInt8]] {
    guard let items = value.array, (1...ExternalKeyLimits.maximumAuthorities).contains(items.count) else {
      throw KeyError.invalid("server_ca_certificates")
    }
    return try items.map { item in
      guard let text = item.string, text.utf8.count <= 2 * ExternalKeyLimits.maximumCertificateBytes, let bytes = Base64.decode(text),
        bytes.count <= ExternalKeyLimits.maximumCertificateBytes, ExternalKeyAuthority.isCertificate(bytes)
      else { throw KeyError.invalid("server_ca_certificates") }
      return bytes
    }
  }
}
