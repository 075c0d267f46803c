internal import Base
internal import Edge

/// What a request demands of an append blob besides what every operation may.
///
/// Source: Microsoft, "Append Block", REST reference.
struct AppendConditions: Sendable {
  /// Bytes that the blob must have, no more and no less.
  var position: Int?
  /// Bytes that the blob may have in the end.
  var maximumSize: Int?

  init(_ call: StorageCall) throws(CloudError) {
    position = try call.number("x-ms-blob-condition-appendpos")
    maximumSize = try call.number("x-ms-blob-condition-maxsize")
  }

  func require(_ blob: Blob, appending bytes: Int) throws(CloudError) {
    if let position, position != blob.size { throw StorageError.appendPositionConditionNotMet }
    if let maximumSize, blob.size + bytes > maximumSize { throw StorageError.maxBlobSizeConditionNotMet }
  }
}

/// What a request demands of a page blob's sequence number.
///
/// Source: Microsoft, "Put Page", REST reference.
struct SequenceNumberConditions: Sendable {
  var atMost: Int?
  var below: Int?
  var equal: Int?

  init(_ call: StorageCall) throws(CloudError) {
    atMost = try call.number("x-ms-if-sequence-number-le")
    below = try call.number("x-ms-if-sequence-number-lt")
    equal = try call.number("x-ms-if-sequence-number-eq")
  }

  func require(_ blob: Blob) throws(CloudError) {
    let number = blob.sequenceNumber
    if number > atMost ?? .max || number >= below ?? .max || equal.map({ $0 != number }) ?? false {
      throw StorageError.sequenceNumberConditionNotMet
    }
  }
}

extension StorageCall {
  /// A header that holds a whole number, zero or more; nil when it is absent.
  func number(_ name: String) throws(CloudError) -> Int? {
    guard let text = header(name) else { return nil }
    guard let number = Int(text), number >= 0 else { throw StorageError.invalidHeaderValue(name, text) }
    return number
  }
}
