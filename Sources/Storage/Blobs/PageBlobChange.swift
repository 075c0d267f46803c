internal import Base
internal import Edge
internal import Records

/// What Set Blob Properties changes of page blobs alone: the size and the sequence number.
///
/// Source: Microsoft, "Set Blob Properties", REST reference.
struct PageBlobChange: Sendable {
  /// Bytes.
  private var size: Int?
  private var sequence: Sequence?
  /// Whether the request names no other property: then those that are there stay.
  let isAlone: Bool

  private enum Sequence: Sendable {
    case maximum(Int)
    case update(Int)
    case increment
  }

  /// Nil when the request has none of the headers.
  init?(_ call: StorageCall, limits: StorageLimits) throws(CloudError) {
    size = try Self.size(call, limits: limits)
    sequence = try Self.sequence(call)
    if size == nil && sequence == nil { return nil }
    let others = ["cache-control", "content-type", "content-md5", "content-encoding", "content-language", "content-disposition"]
    isAlone = others.allSatisfy { call.header("x-ms-blob-\($0)") == nil }
  }

  /// `x-ms-blob-content-length`: whole pages, up to the bound of page blobs; nil when it is absent.
  static func size(_ call: StorageCall, limits: StorageLimits) throws(CloudError) -> Int? {
    guard let size = try call.number("x-ms-blob-content-length") else { return nil }
    guard size % PageWindow.pageBytes == 0, size <= limits.pageBlobBytes else {
      throw StorageError.invalidHeaderValue("x-ms-blob-content-length", String(size))
    }
    return size
  }

  private static func sequence(_ call: StorageCall) throws(CloudError) -> Sequence? {
    let number = try call.number("x-ms-blob-sequence-number")
    guard let action = call.header("x-ms-sequence-number-action") else {
      if number != nil { throw StorageError.missingRequiredHeader("x-ms-sequence-number-action") }
      return nil
    }
    switch action.lowercased() {
    case "increment":
      if let number { throw StorageError.invalidHeaderValue("x-ms-blob-sequence-number", String(number)) }
      return .increment
    case "max", "update":
      guard let number else { throw StorageError.missingRequiredHeader("x-ms-blob-sequence-number") }
      return action.lowercased() == "max" ? .maximum(number) : .update(number)
    default: throw StorageError.invalidHeaderValue("x-ms-sequence-number-action", action)
    }
  }

  /// `newID` names a new map, should one be needed.
  func apply(to blob: inout Blob, newID: GUID, contents: BlobContents, in transaction: RecordTransaction) throws {
    guard case .pages(let map) = blob.content else { throw StorageError.invalidBlobType }
    switch sequence {
    case .maximum(let number): blob.sequenceNumber = max(number, blob.sequenceNumber)
    case .update(let number): blob.sequenceNumber = number
    case .increment:
      guard blob.sequenceNumber < .max else { throw StorageError.sequenceNumberIncrementTooLarge }
      blob.sequenceNumber += 1
    case nil: break
    }
    guard let size else { return }
    if let limit = blob.tier?.maximumPageBlobBytes, size > limit { throw StorageError.contentLengthLargerThanTierLimit }
    if size < blob.size {
      blob.content = .pages(try contents.clear(size..<blob.size, of: map, newID: newID, tenant: blob.tenant, in: transaction))
    }
    blob.size = size
  }
}
