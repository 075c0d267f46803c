internal import Base
internal import Records
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// What of a record rests sealed.
struct SealedContent: Hashable, Sendable {
  var bytes: [UInt8]

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Seals a value; nil where records rest as they are.
  init?(_ value: some Encodable, context: [UInt8], owner: GUID, in transaction: RecordTransaction) throws {
    guard let sealer = transaction.sealer else { return nil }
    bytes = try sealer.seal(Array(try JSONEncoder().encode(value)), context: context, owner: owner, in: transaction)
  }

  /// The value; nil where it is closed.
  func opened<Value: Decodable>(_ type: Value.Type, context: [UInt8], owner: GUID, in reader: any RecordReader) throws -> Value? {
    guard let content = try reader.sealer?.open(bytes, context: context, owner: owner, in: reader) else { return nil }
    return try JSONDecoder().decode(type, from: Data(content))
  }
}

extension SealedContent: Codable {
  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let bytes = Base64.decode(text) else { throw ByteReader.Malformed() }
    self.bytes = bytes
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Base64.encode(bytes))
  }
}

/// A tenant's records are under its own key, which is closed now: nothing of them can be read or written.
struct RecordsClosed: TemporaryFailure {
  var retryAfterSeconds: Int? { 1 }
}
