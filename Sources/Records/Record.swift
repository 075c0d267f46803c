public import Base

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A typed record. `kind` names its place in the key space and never changes; `format` grows when the encoding does, and
/// `init(from:format:)` still reads every earlier one.
public protocol Record: Sendable {
  static var kind: String { get }
  static var format: UInt8 { get }
  var key: RecordKey { get }
  var indexes: [RecordIndex] { get }
  func encode(to writer: inout ByteWriter) throws
  init(from reader: inout ByteReader, format: UInt8) throws

  /// Seals what of the record rests sealed, on its way into the store. Nothing, unless a record says so.
  mutating func seal(in transaction: RecordTransaction) throws

  /// Opens what rests sealed of a record that was read. What stays closed must come back unchanged when the record is stored again.
  mutating func open(in reader: any RecordReader) throws
}

extension Record {
  public static var format: UInt8 { 1 }
  public var indexes: [RecordIndex] { [] }
  public mutating func seal(in transaction: RecordTransaction) throws {}
  public mutating func open(in reader: any RecordReader) throws {}
}

/// Records off the hot path are stored as JSON by being `Codable`.
extension Record where Self: Codable {
  public func encode(to writer: inout ByteWriter) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    writer.blob(try encoder.encode(self))
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(try reader.blob()))
  }
}
