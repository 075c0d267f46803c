internal import Base
internal import Records
internal import Wire

/// The settings of an account's blob service.
///
/// Logging, metrics, soft delete and the static website can be off only: a document that turns one on is refused.
/// Source: Microsoft, "Set Blob Service Properties", REST reference of the blob service.
struct BlobServiceProperties: Record, Codable, Equatable, Sendable {
  static let kind = "storage.blobServiceProperties"

  var tenant: GUID
  /// The account's.
  var partition: String
  var crossOriginRules: [CrossOriginRule] = []
  /// The version in effect for requests that name none.
  var defaultServiceVersion: String?
  var isVersioningEnabled: Bool { versioning ?? false }
  /// Optional, as records that were written before there were versions lack it.
  var versioning: Bool?
  var deleteRetentionDays: Int?
  /// Of blobs.
  var deleteRetention: RetentionPolicy { RetentionPolicy(days: deleteRetentionDays) }

  var key: RecordKey { RecordKey(tenant: tenant, partition) }

  static func key(of account: StorageAccount) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition)
  }

  /// Bytes of the document that sets them.
  static let maximumDocumentBytes = 64 << 10

  /// The settings of an account: the stored ones, or those that every account begins with.
  static func of(_ account: StorageAccount, in reader: any RecordReader) throws -> BlobServiceProperties {
    let initial = BlobServiceProperties(tenant: account.tenant, partition: account.partition)
    return try reader.fetch(BlobServiceProperties.self, initial.key) ?? initial
  }

  func document() -> [UInt8] {
    var writer = XMLWriter()
    writer.element("StorageServiceProperties") { writer in
      writer.element("Logging") { writer in
        writer.element("Version", "1.0")
        for name in ["Read", "Write", "Delete"] { writer.element(name, false) }
        Self.writeRetention("RetentionPolicy", to: &writer)
      }
      for name in ["HourMetrics", "MinuteMetrics"] {
        writer.element(name) { writer in
          writer.element("Version", "1.0")
          writer.element("Enabled", false)
          Self.writeRetention("RetentionPolicy", to: &writer)
        }
      }
      if crossOriginRules.isEmpty {
        writer.element("Cors", "")
      } else {
        writer.element("Cors") { writer in
          for rule in crossOriginRules { rule.write(to: &writer) }
        }
      }
      if let defaultServiceVersion { writer.element("DefaultServiceVersion", defaultServiceVersion) }
      Self.writeRetention("DeleteRetentionPolicy", to: &writer)
      writer.element("StaticWebsite") { writer in writer.element("Enabled", false) }
    }
    return writer.bytes
  }

  private static func writeRetention(_ name: String, to writer: inout XMLWriter) {
    writer.element(name) { writer in writer.element("Enabled", false) }
  }

  /// Takes over what a document sets; what it leaves out stays. Throws storage's errors for documents that say what cannot be.
  mutating func apply(_ root: XMLElement) throws {
    guard root.name == "StorageServiceProperties" else { throw StorageError.invalidXmlDocument }
    var seen: Set<String> = []
    for node in root.children {
      guard seen.insert(node.name).inserted else { throw StorageError.invalidXmlDocument }
      switch node.name {
      case "Logging": for name in ["Read", "Write", "Delete"] { try Self.requireOff(name, in: node) }
      case "HourMetrics", "MinuteMetrics", "Metrics", "DeleteRetentionPolicy", "StaticWebsite": try Self.requireOff("Enabled", in: node)
      case "Cors":
        guard node.children.count <= CrossOriginRule.maximumRules, node.children.allSatisfy({ $0.name == "CorsRule" }) else {
          throw StorageError.invalidXmlDocument
        }
        crossOriginRules = try node.children.map { try CrossOriginRule($0) }
      case "DefaultServiceVersion":
        let version = node.trimmedText
        guard version.isEmpty || StorageVersion.isKnown(version) else { throw StorageError.invalidXmlNodeValue(node.name, version) }
        defaultServiceVersion = version.isEmpty ? nil : version
      default: throw StorageError.unsupportedXmlNode(node.name)
      }
    }
  }

  private static func requireOff(_ name: String, in node: XMLElement) throws {
    guard let flag = node.child(name) else { throw StorageError.missingRequiredXmlNode(name) }
    guard flag.trimmedText.lowercased() == "false" else { throw StorageError.invalidXmlNodeValue(name, flag.trimmedText) }
  }
}
