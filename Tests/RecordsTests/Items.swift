import Base
import Records

/// A record with two indexes, one of them across tenants.
struct Item: Record, Codable, Equatable {
  static let kind = "item"
  var tenant: GUID
  var path: [String]
  var color: String
  var labels: [String] = []

  var key: RecordKey { RecordKey(tenant: tenant, components: path) }
  var indexes: [RecordIndex] {
    [RecordIndex("color", color)] + labels.map { RecordIndex("label", $0, path.joined(separator: "/"), tenant: .zero) }
  }
}

/// A record without indexes, in the binary form.
struct Counter: Record, Equatable {
  static let kind = "counter"
  var name: String
  var value: Int

  var key: RecordKey { RecordKey(tenant: .zero, name) }

  init(name: String, value: Int) {
    self.name = name
    self.value = value
  }

  func encode(to writer: inout ByteWriter) throws {
    writer.string(name)
    writer.integer(value)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    name = try reader.string()
    value = try reader.integer()
  }
}

/// `Counter` as a later version of the program writes it.
struct LaterCounter: Record {
  static let kind = Counter.kind
  static let format: UInt8 = 2
  var name: String

  var key: RecordKey { RecordKey(tenant: .zero, name) }

  init(name: String) {
    self.name = name
  }

  func encode(to writer: inout ByteWriter) throws {
    writer.string(name)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    name = try reader.string()
    if format == 1 { _ = try reader.integer() }
  }
}

let acme = GUID(high: 0x0A, low: 1)
let other = GUID(high: 0x0B, low: 2)

extension String {
  var bytes: [UInt8] { Array(utf8) }
}

func range(_ lower: String, _ upper: String) -> Range<KeyBytes> {
  KeyBytes(lower.bytes)..<KeyBytes(upper.bytes)
}
