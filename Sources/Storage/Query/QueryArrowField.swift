internal import Base
internal import Wire

/// A column of an answer that is given as Arrow.
///
/// Source: Microsoft, "Query Blob Contents", REST reference.
struct QueryArrowField: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case integer
    case boolean
    case milliseconds
    case string
    case double
    case decimal(precision: Int32, scale: Int32)
  }

  var name: String
  var kind: Kind

  /// Digits of the largest decimal that 128 bits hold.
  static let maximumPrecision: Int32 = 38

  /// Throws storage's errors for what is no column.
  init(_ node: XMLElement) throws {
    guard let type = node.child("Type") else { throw StorageError.missingRequiredXmlNode("Type") }
    name = node.child("Name")?.text ?? ""
    func number(_ member: String) throws -> Int32? {
      guard let text = node.child(member)?.trimmedText, !text.isEmpty else { return nil }
      guard let number = Int32(text) else { throw StorageError.invalidXmlNodeValue(member, text) }
      return number
    }
    switch type.trimmedText.lowercased() {
    case "int64": kind = .integer
    case "bool": kind = .boolean
    case "timestamp[ms]": kind = .milliseconds
    case "string": kind = .string
    case "double": kind = .double
    case "decimal":
      let (precision, scale) = (try number("Precision") ?? Self.maximumPrecision, try number("Scale") ?? 0)
      guard (1...Self.maximumPrecision).contains(precision) else { throw StorageError.invalidXmlNodeValue("Precision", String(precision)) }
      guard (0...precision).contains(scale) else { throw StorageError.invalidXmlNodeValue("Scale", String(scale)) }
      kind = .decimal(precision: precision, scale: scale)
    default: throw StorageError.invalidXmlNodeValue("Type", type.trimmedText)
    }
  }
}
