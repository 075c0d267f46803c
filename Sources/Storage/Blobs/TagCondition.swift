internal import Base

/// A condition on a blob's tags: `x-ms-if-tags`, and the expression of Find Blobs by Tags.
///
/// Source: Microsoft, "Specifying conditional headers for Blob service operations", REST reference.
struct TagCondition: Sendable {
  /// Throws 400 for what is no expression.
  init(parsing text: String) throws {
    throw StorageError.unsupportedHeader("x-ms-if-tags", text)
  }

  func matches(_ tags: BlobTags) -> Bool { false }
}
