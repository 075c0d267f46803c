internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// The versions of the storage services, which are dates and so compare as text.
///
/// Source: Microsoft, "Versioning for the Azure Storage services".
enum StorageVersion {
  static let oldest = "2009-09-19"
  static let newest = "2026-12-06"

  /// The version that a request asks for; nil when it names none. Throws `InvalidHeaderValue` for what is no version, or one that is not known.
  static func requested(by request: EdgeRequest) throws -> String? {
    if let header = request.headers.first(name: "x-ms-version") {
      guard isKnown(header) else { throw StorageError.invalidHeaderValue("x-ms-version", header) }
      return header
    }
    if let parameter = request.query["api-version"] {
      guard isKnown(parameter) else { throw StorageError.invalidQueryParameterValue("api-version", parameter) }
      return parameter
    }
    return nil
  }

  static func isKnown(_ version: String) -> Bool {
    version.utf8.count == 10 && version >= oldest && version <= newest && Timestamp(iso8601: version) != nil
  }
}
