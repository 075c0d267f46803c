package import Base
package import Records

/// One version of a thing in a vault.
package struct VaultObjectVersion: Record, Sendable, Equatable {
  package static let kind = "vault.version"

  package var tenant: GUID
  package var partition: String
  /// `VaultObject.incarnation`.
  package var incarnation: GUID
  /// 32 hexadecimal digits.
  package var version: String
  package var isEnabled = true
  package var notBefore: Timestamp?
  package var expires: Timestamp?
  package var created: Timestamp
  package var updated: Timestamp
  package var tags: [String: String]?
  package var contentType: String?
  /// What may be shown of it, as JSON text: the public part of a key, its `kty` and `key_ops`; a certificate.
  package var publicPart: String?
  /// What may not: a secret's value, the private part of a key. Sealed under the vault's data key; nil where a security module keeps it.
  package var sealed: [UInt8]?
  /// Names `sealed` among the payloads of the data key.
  package var payloadID: GUID
  /// The key in the security module, where that keeps it.
  package var moduleKey: GUID?
  /// For a secret that a certificate owns: the URL of its key.
  package var keyURL: String?

  package var key: RecordKey { Self.key(tenant: tenant, partition, incarnation, version) }

  package static func key(tenant: GUID, _ partition: String, _ incarnation: GUID, _ version: String) -> RecordKey {
    RecordKey(tenant: tenant, partition, incarnation.description, version.lowercased())
  }
}

extension VaultObjectVersion {
  package func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.string(partition)
    writer.guid(incarnation)
    writer.string(version)
    writer.flag(isEnabled)
    writer.optional(notBefore) { $0.timestamp($1) }
    writer.optional(expires) { $0.timestamp($1) }
    writer.timestamp(created)
    writer.timestamp(updated)
    writer.optional(tags) { writer, tags in
      writer.list(tags.sorted { $0.key < $1.key }) {
        $0.string($1.key)
        $0.string($1.value)
      }
    }
    writer.optional(contentType) { $0.string($1) }
    writer.optional(publicPart) { $0.string($1) }
    writer.optional(sealed) { $0.blob($1) }
    writer.guid(payloadID)
    writer.optional(moduleKey) { $0.guid($1) }
    writer.optional(keyURL) { $0.string($1) }
  }

  package init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    partition = try reader.string()
    incarnation = try reader.guid()
    version = try reader.string()
    isEnabled = try reader.flag()
    notBefore = try reader.optional { try $0.timestamp() }
    expires = try reader.optional { try $0.timestamp() }
    created = try reader.timestamp()
    updated = try reader.timestamp()
    tags = try reader.optional { reader in Dictionary(try reader.list { (try $0.string(), try $0.string()) }) { $1 } }
    contentType = try reader.optional { try $0.string() }
    publicPart = try reader.optional { try $0.string() }
    sealed = try reader.optional { try $0.blob() }
    payloadID = try reader.guid()
    moduleKey = try reader.optional { try $0.guid() }
    keyURL = try reader.optional { try $0.string() }
  }
}
