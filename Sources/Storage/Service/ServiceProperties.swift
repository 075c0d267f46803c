internal import Base
internal import Records
internal import Wire

/// The settings of an account's queue or table service.
///
/// Source: Microsoft, "Set Queue Service Properties" and "Set Table Service Properties", REST reference.
struct ServiceProperties: Record, Codable, Equatable, Sendable {
  static let kind = "storage.serviceProperties"

  var tenant: GUID
  /// The account's.
  var partition: String
  /// `StorageService.rawValue`.
  var service: String
  var analytics = ServiceAnalytics()
  var crossOriginRules: [CrossOriginRule] = []

  var key: RecordKey { RecordKey(tenant: tenant, partition, service) }

  static func key(of account: StorageAccount, _ service: StorageService) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition, service.rawValue)
  }

  /// The stored settings, or those that every account begins with.
  static func of(_ account: StorageAccount, _ service: StorageService, in reader: any RecordReader) throws -> ServiceProperties {
    let initial = ServiceProperties(tenant: account.tenant, partition: account.partition, service: service.rawValue)
    return try reader.fetch(ServiceProperties.self, initial.key) ?? initial
  }

  func document() -> [UInt8] {
    var writer = XMLWriter()
    writer.element("StorageServiceProperties") { writer in
      analytics.write(to: &writer)
      ServiceDocument.write(crossOriginRules, to: &writer)
    }
    return writer.bytes
  }

  /// Takes over what a document sets; what it leaves out stays. Throws storage's errors for documents that say what cannot be.
  mutating func apply(_ root: XMLElement) throws {
    for node in try ServiceDocument.nodes(root) {
      if try analytics.apply(node) { continue }
      guard node.name == "Cors" else { throw StorageError.unsupportedXmlNode(node.name) }
      crossOriginRules = try ServiceDocument.rules(node)
    }
  }
}
