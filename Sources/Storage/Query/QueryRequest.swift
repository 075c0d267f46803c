internal import Base
internal import Wire

/// How delimited text is written.
struct DelimitedTextFormat: Sendable, Equatable {
  var columnSeparator: [UInt8] = Array(",".utf8)
  var fieldQuote: UInt8? = UInt8(ascii: "\"")
  var recordSeparator: [UInt8] = Array("\n".utf8)
  var escape: UInt8?
  /// Whether the first record names the columns.
  var hasHeaders = false
}

/// The form of the records that a query reads or gives.
enum QueryFormat: Sendable, Equatable {
  case delimited(DelimitedTextFormat)
  case json(recordSeparator: [UInt8])
  /// Of answers alone.
  case arrow([QueryArrowField])
}

/// The document of Query Blob Contents.
///
/// Source: Microsoft, "Query Blob Contents", REST reference.
struct QueryRequest: Sendable {
  var statement: QueryStatement
  var input: QueryFormat
  var output: QueryFormat

  /// Columns of an answer in Arrow.
  static let maximumArrowFields = 1024
  /// Bytes of the document.
  static let maximumBytes = QueryParser.maximumBytes + (64 << 10)

  /// Throws storage's errors.
  init(parsing bytes: [UInt8]) throws {
    let root = try XMLElement(parsing: bytes)
    guard root.name == "QueryRequest" else { throw StorageError.invalidXmlDocument }
    guard let type = root.child("QueryType") else { throw StorageError.missingRequiredXmlNode("QueryType") }
    guard type.trimmedText.uppercased() == "SQL" else { throw StorageError.invalidXmlNodeValue("QueryType", type.trimmedText) }
    guard let expression = root.child("Expression") else { throw StorageError.missingRequiredXmlNode("Expression") }
    do {
      statement = try QueryParser.parse(expression.text)
    } catch {
      // A pattern in the clause itself makes the compiler fail (Swift 6.3.1).
      guard case .malformed(let reason) = error else { throw error }
      throw StorageError.invalidQuery(reason)
    }
    let input = try root.child("InputSerialization").map { try Self.format($0, isAnswer: false) } ?? .delimited(DelimitedTextFormat())
    self.input = input
    output = try root.child("OutputSerialization").map { try Self.format($0, isAnswer: true) } ?? input
    if case .delimited = input, !statement.source.isEmpty { throw StorageError.invalidQuery("Only JSON has paths.") }
  }

  private static func format(_ node: XMLElement, isAnswer: Bool) throws -> QueryFormat {
    guard let format = node.child("Format"), let type = format.child("Type") else { throw StorageError.missingRequiredXmlNode("Type") }
    switch type.trimmedText.lowercased() {
    case "delimited":
      var result = DelimitedTextFormat()
      guard let settings = format.child("DelimitedTextConfiguration") else { return .delimited(result) }
      if let text = settings.child("ColumnSeparator")?.text, !text.isEmpty { result.columnSeparator = Array(text.utf8) }
      if let text = settings.child("RecordSeparator")?.text, !text.isEmpty { result.recordSeparator = Array(text.utf8) }
      if let quote = settings.child("FieldQuote") { result.fieldQuote = try byte(quote) }
      result.escape = try settings.child("EscapeChar").flatMap { try byte($0) }
      // The reference and the SDKs do not call it the same.
      result.hasHeaders = ["HasHeaders", "HeadersPresent"].contains { settings.child($0)?.trimmedText.lowercased() == "true" }
      return .delimited(result)
    case "json":
      let text = format.child("JsonTextConfiguration")?.child("RecordSeparator")?.text ?? ""
      return .json(recordSeparator: Array((text.isEmpty ? "\n" : text).utf8))
    case "arrow" where isAnswer:
      guard let schema = format.child("ArrowConfiguration")?.child("Schema") else { throw StorageError.missingRequiredXmlNode("Schema") }
      let fields = schema.children.filter { $0.name == "Field" }
      guard !fields.isEmpty else { throw StorageError.missingRequiredXmlNode("Field") }
      guard fields.count <= maximumArrowFields else { throw StorageError.invalidXmlNodeValue("Schema", "\(fields.count) fields") }
      return .arrow(try fields.map(QueryArrowField.init))
    default: throw StorageError.invalidXmlNodeValue("Type", type.trimmedText)
    }
  }

  /// One character, or none.
  private static func byte(_ node: XMLElement) throws -> UInt8? {
    guard node.text.utf8.count <= 1 else { throw StorageError.invalidXmlNodeValue(node.name, node.text) }
    return node.text.utf8.first
  }
}

extension StorageError {
  static func invalidQuery(_ reason: String) -> CloudError {
    CloudError(400, "InvalidInput", "One of the request inputs is not valid.", members: [("Reason", reason)])
  }
}
