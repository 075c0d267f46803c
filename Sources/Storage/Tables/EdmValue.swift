internal import Base
internal import Wire

/// The value of a property: one of the types that the table service has.
///
/// Source: Microsoft, "Understanding the Table service data model", property types.
enum EdmValue: Sendable, Equatable {
  case string(String)
  case binary([UInt8])
  case boolean(Bool)
  case dateTime(EdmDateTime)
  case double(Double)
  case guid(GUID)
  case int32(Int32)
  case int64(Int64)

  /// As annotations name it.
  var typeName: String {
    switch self {
    case .string: "Edm.String"
    case .binary: "Edm.Binary"
    case .boolean: "Edm.Boolean"
    case .dateTime: "Edm.DateTime"
    case .double: "Edm.Double"
    case .guid: "Edm.Guid"
    case .int32: "Edm.Int32"
    case .int64: "Edm.Int64"
    }
  }

  /// Whether JSON's own type does not tell the value's, so that it is annotated where metadata is minimal.
  var needsAnnotation: Bool {
    switch self {
    case .string, .boolean, .int32: false
    case .double(let value): !value.isFinite
    case .binary, .dateTime, .guid, .int64: true
    }
  }

  /// Bytes as the service counts them towards an entity's size.
  var sizeBytes: Int {
    switch self {
    case .string(let text): text.utf16.count * 2 + 4
    case .binary(let bytes): bytes.count + 4
    case .boolean: 1
    case .int32: 4
    case .double, .dateTime, .int64: 8
    case .guid: 16
    }
  }

  /// The form that JSON has for it.
  var json: JSON {
    switch self {
    case .string(let text): .string(text)
    case .binary(let bytes): .string(Base64.encode(bytes))
    case .boolean(let flag): .boolean(flag)
    case .dateTime(let time): .string(time.text)
    case .double(let number): number.isFinite ? .number(number) : .string(Self.name(ofNonFinite: number))
    case .guid(let guid): .string(guid.description)
    case .int32(let number): .integer(Int64(number))
    case .int64(let number): .string(String(number))
    }
  }

  private static func name(ofNonFinite number: Double) -> String {
    number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
  }
}

// MARK: From JSON

extension EdmValue {
  /// The value of a member without annotation. Throws `InvalidInput` for what is no value.
  init(unannotated json: JSON) throws(CloudError) {
    switch json {
    case .string(let text): self = .string(text)
    case .boolean(let flag): self = .boolean(flag)
    case .integer(let number):
      if let number = Int32(exactly: number) { self = .int32(number) } else { self = .double(Double(number)) }
    case .number(let number): self = .double(number)
    case .null, .array, .object: throw TableError.invalidInput("An error occurred while processing this request.")
    }
  }

  /// The value of a member whose annotation names this type. Throws `InvalidInput` where the two do not go together.
  init(_ json: JSON, type: String) throws(CloudError) {
    let value: EdmValue? =
      switch type {
      case "Edm.String": json.string.map { .string($0) }
      case "Edm.Binary": json.string.flatMap { Base64.decode($0) }.map { .binary($0) }
      case "Edm.Boolean": Self.boolean(json).map { .boolean($0) }
      case "Edm.DateTime": json.string.flatMap { EdmDateTime($0) }.map { .dateTime($0) }
      case "Edm.Double": Self.double(json).map { .double($0) }
      case "Edm.Guid": json.string.flatMap { GUID($0) }.map { .guid($0) }
      case "Edm.Int32": Self.integer(json).flatMap { Int32(exactly: $0) }.map { .int32($0) }
      case "Edm.Int64": Self.integer(json).map { .int64($0) }
      default: nil
      }
    guard let value else { throw TableError.invalidInput("An error occurred while processing this request.") }
    self = value
  }

  private static func boolean(_ json: JSON) -> Bool? {
    switch json.string?.lowercased() {
    case "true": true
    case "false": false
    default: json.boolean
    }
  }

  private static func integer(_ json: JSON) -> Int64? {
    switch json {
    case .integer(let number): number
    case .string(let text): Int64(text.trimmedASCII)
    default: nil
    }
  }

  private static func double(_ json: JSON) -> Double? {
    guard case .string(let text) = json else { return json.number }
    switch text {
    case "NaN": return .nan
    case "INF", "Infinity": return .infinity
    case "-INF", "-Infinity": return -.infinity
    default: return Double(text.trimmedASCII).flatMap { $0.isFinite ? $0 : nil }
    }
  }
}

// MARK: As it rests

extension EdmValue {
  func encode(to writer: inout ByteWriter) {
    switch self {
    case .string(let text):
      writer.byte(0)
      writer.string(text)
    case .binary(let bytes):
      writer.byte(1)
      writer.blob(bytes)
    case .boolean(let flag): writer.byte(flag ? 3 : 2)
    case .dateTime(let time):
      writer.byte(4)
      writer.unsigned(time.ticks)
    case .double(let number):
      writer.byte(5)
      writer.unsigned(number.bitPattern)
    case .guid(let guid):
      writer.byte(6)
      writer.guid(guid)
    case .int32(let number):
      writer.byte(7)
      writer.signed(Int64(number))
    case .int64(let number):
      writer.byte(8)
      writer.signed(number)
    }
  }

  init(from reader: inout ByteReader) throws {
    switch try reader.byte() {
    case 0: self = .string(try reader.string())
    case 1: self = .binary(try reader.blob())
    case 2: self = .boolean(false)
    case 3: self = .boolean(true)
    case 4: self = .dateTime(EdmDateTime(ticks: try reader.unsigned()))
    case 5: self = .double(Double(bitPattern: try reader.unsigned()))
    case 6: self = .guid(try reader.guid())
    case 7: self = .int32(Int32(truncatingIfNeeded: try reader.signed()))
    case 8: self = .int64(try reader.signed())
    default: throw ByteReader.Malformed()
    }
  }
}
