internal import Base
internal import Records
internal import Wire

/// The settings of an account's blob service.
///
/// Source: Microsoft, "Set Blob Service Properties", REST reference of the blob service.
struct BlobServiceProperties: Record, Codable, Equatable, Sendable {
  static let kind = "storage.blobServiceProperties"

  var tenant: GUID
  /// The account's.
  var partition: String
  var crossOriginRules: [CrossOriginRule] = []
  /// The version in effect for requests that name none.
  var defaultServiceVersion: String?
  // What follows is optional, as records of earlier days lack it.
  var versioning: Bool?
  var deleteRetentionDays: Int?
  var permanentDelete: Bool?
  var containerDeleteRetentionDays: Int?
  var changeFeed: ChangeFeedSettings?
  var lastAccessTracking: Bool?
  /// When it was last turned on; nil while it is off.
  var lastAccessTrackingSince: Timestamp?
  var recorded: ServiceAnalytics?
  /// Nil while there is none.
  var website: StaticWebsite?

  var isVersioningEnabled: Bool { versioning ?? false }
  /// Of blobs.
  var deleteRetention: RetentionPolicy { RetentionPolicy(days: deleteRetentionDays) }
  /// Whether snapshots and versions that are soft-deleted can be deleted for good.
  var allowsPermanentDelete: Bool { permanentDelete ?? false }
  var containerDeleteRetention: RetentionPolicy { RetentionPolicy(days: containerDeleteRetentionDays) }
  var tracksLastAccess: Bool { lastAccessTracking ?? false }
  var analytics: ServiceAnalytics { recorded ?? ServiceAnalytics() }

  var key: RecordKey { RecordKey(tenant: tenant, partition) }

  static func key(of account: StorageAccount) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition)
  }

  /// The settings of an account: the stored ones, or those that every account begins with.
  static func of(_ account: StorageAccount, in reader: any RecordReader) throws -> BlobServiceProperties {
    let initial = BlobServiceProperties(tenant: account.tenant, partition: account.partition)
    return try reader.fetch(BlobServiceProperties.self, initial.key) ?? initial
  }

  /// The versions from which on a document tells of soft delete and of the website.
  private static let oldestDeleteRetentionVersion = "2017-07-29"
  private static let oldestWebsiteVersion = "2018-03-28"

  func document(version: String) -> [UInt8] {
    var writer = XMLWriter()
    writer.element("StorageServiceProperties") { writer in
      analytics.write(to: &writer)
      ServiceDocument.write(crossOriginRules, to: &writer)
      if let defaultServiceVersion { writer.element("DefaultServiceVersion", defaultServiceVersion) }
      if version >= Self.oldestDeleteRetentionVersion {
        writer.element("DeleteRetentionPolicy") { writer in
          writer.element("Enabled", deleteRetention.isEnabled)
          if let days = deleteRetention.days { writer.element("Days", days) }
          if let permanentDelete { writer.element("AllowPermanentDelete", permanentDelete) }
        }
      }
      if version >= Self.oldestWebsiteVersion { StaticWebsite.write(website, to: &writer) }
    }
    return writer.bytes
  }

  /// Takes over what a document sets; what it leaves out stays. Throws storage's errors for documents that say what cannot be.
  mutating func apply(_ root: XMLElement) throws {
    var analytics = analytics
    for node in try ServiceDocument.nodes(root) {
      if try analytics.apply(node) { continue }
      switch node.name {
      case "Cors": crossOriginRules = try ServiceDocument.rules(node)
      case "DefaultServiceVersion":
        let version = node.trimmedText
        guard version.isEmpty || StorageVersion.isKnown(version) else { throw StorageError.invalidXmlNodeValue(node.name, version) }
        defaultServiceVersion = version.isEmpty ? nil : version
      case "DeleteRetentionPolicy":
        deleteRetentionDays = try ServiceDocument.retention(node).days
        if node.child("AllowPermanentDelete") != nil { permanentDelete = try ServiceDocument.flag("AllowPermanentDelete", in: node) }
      case "StaticWebsite": website = try StaticWebsite.parse(node)
      default: throw StorageError.unsupportedXmlNode(node.name)
      }
    }
    recorded = analytics
  }
}

/// Whether every change of a blob is written down, and for how long that is kept.
///
/// Source: Microsoft, "Change feed support in Azure Blob Storage".
struct ChangeFeedSettings: Codable, Equatable, Sendable {
  /// Nil: for ever.
  var retentionDays: Int?

  static let days = 1...146_000
}
