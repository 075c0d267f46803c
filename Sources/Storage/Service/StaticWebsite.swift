internal import Base
internal import Records
internal import Wire

/// How the container `$web` is shown to the world at `<account>.web.core.<domain>`.
///
/// Source: Microsoft, "Static website hosting in Azure Storage".
struct StaticWebsite: Codable, Equatable, Sendable {
  /// The document of every folder, such as `index.html`.
  var indexDocument: String?
  /// One document for all folders, with its path; in place of `indexDocument`.
  var defaultIndexDocumentPath: String?
  /// What is shown where nothing is found.
  var errorDocument: String?

  static let container = "$web"

  /// Nil where the document turns the website off.
  static func parse(_ node: XMLElement) throws -> StaticWebsite? {
    guard try ServiceDocument.flag("Enabled", in: node) else { return nil }
    func text(_ name: String) -> String? {
      node.child(name).map(\.trimmedText).flatMap { $0.isEmpty ? nil : $0 }
    }
    let website = StaticWebsite(
      indexDocument: text("IndexDocument"), defaultIndexDocumentPath: text("DefaultIndexDocumentPath"),
      errorDocument: text("ErrorDocument404Path"))
    if let index = website.indexDocument {
      guard website.defaultIndexDocumentPath == nil, index.utf8.count >= 3, !index.contains("/") else {
        throw StorageError.invalidXmlNodeValue("IndexDocument", index)
      }
    }
    let paths = [("DefaultIndexDocumentPath", website.defaultIndexDocumentPath), ("ErrorDocument404Path", website.errorDocument)]
    for (name, path) in paths {
      guard let path else { continue }
      guard (3...ResourceNames.blobLength.upperBound).contains(path.count) else { throw StorageError.invalidXmlNodeValue(name, path) }
    }
    return website
  }

  static func write(_ website: StaticWebsite?, to writer: inout XMLWriter) {
    writer.element("StaticWebsite") { writer in
      writer.element("Enabled", website != nil)
      if let name = website?.indexDocument { writer.element("IndexDocument", name) }
      if let path = website?.defaultIndexDocumentPath { writer.element("DefaultIndexDocumentPath", path) }
      if let path = website?.errorDocument { writer.element("ErrorDocument404Path", path) }
    }
  }

  /// The container comes with the website where it is not there yet.
  static func makeContainer(_ account: StorageAccount, id: GUID, now: Timestamp, in transaction: RecordTransaction) throws {
    let web = Container(
      tenant: account.tenant, partition: account.partition, name: container, id: id, etag: ETag(at: now), lastModified: now, createdTime: now,
      metadata: Metadata(), publicAccess: .none, policies: [])
    _ = try transaction.insert(web)
  }
}
