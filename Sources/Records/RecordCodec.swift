internal import Base

/// The byte form of a record: its format, then what the record writes of itself.
enum RecordCodec {
  static func encode<R: Record>(_ record: R) throws -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(R.format)
    try record.encode(to: &writer)
    return writer.bytes
  }

  static func decode<R: Record>(_ type: R.Type, _ value: [UInt8]) throws -> R {
    var reader = ByteReader(value)
    do {
      let format = try reader.byte()
      guard format <= R.format else { throw RecordStoreError.newerFormat(kind: R.kind, found: format, supported: R.format) }
      let record = try R(from: &reader, format: format)
      guard reader.isAtEnd else { throw ByteReader.Malformed() }
      return record
    } catch let error as RecordStoreError {
      throw error
    } catch {
      throw RecordStoreError.malformed(kind: R.kind, cause: error)
    }
  }
}
