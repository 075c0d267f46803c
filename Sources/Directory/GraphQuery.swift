internal import Base
internal import Edge
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The query options of a request on a collection or an object.
///
/// Source: Microsoft, "Use query parameters to customize Microsoft Graph responses".
struct GraphQuery: Sendable {
  var filter: ODataFilter?
  /// Proper names; nil for what is shown by default.
  var select: [String]?
  var top: Int?
  var orderBy: [(property: String, descending: Bool)] = []
  var count = false
  /// The id of the last object that the page before looked at.
  var skipToken: String?
  /// The items as sent, for the link to the next page.
  private var items: [(name: String, value: String)]

  /// Throws Graph's error for an option that is malformed, unknown or names a property that the type does not have.
  init(_ query: Query, schema: GraphSchema) throws {
    items = []
    for (name, value) in query.items {
      var name = name.lowercased()
      if !name.hasPrefix("$"), Self.options.contains("$" + name) { name = "$" + name }
      switch name {
      case "$filter": filter = try Self.parsed(value)
      case "$select": select = try Self.properties(value, schema)
      case "$top":
        guard let number = Int(value), (1...DirectoryLimits.maximumPageSize).contains(number) else {
          throw GraphError.unsupportedQuery(
            "Invalid page size specified: '\(value)'. Must be between 1 and \(DirectoryLimits.maximumPageSize) inclusive.")
        }
        top = number
      case "$orderby": orderBy = try Self.order(value, schema)
      case "$count": count = value.lowercased() == "true"
      case "$skiptoken":
        guard let data = Data(base64Encoded: value), let token = String(validating: data, as: UTF8.self) else { throw Self.expiredToken }
        skipToken = token
      case "$format": continue
      case _ where name.hasPrefix("$"):
        throw GraphError.protocolError("The query specified in the URI is not valid. The query parameter '\(name)' is not supported.")
      default: continue
      }
      items.append((name, value))
    }
  }

  static let expiredToken = CloudError(
    400, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request.")

  private static let options: Set<String> = ["$filter", "$select", "$top", "$orderby", "$count", "$skiptoken", "$format"]

  var pageSize: Int { top ?? DirectoryLimits.defaultPageSize }

  /// The query of the page that begins behind an object.
  func next(after id: String) -> String {
    let others = items.filter { $0.name != "$skiptoken" } + [("$skiptoken", Data(id.utf8).base64EncodedString())]
    return others.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
  }

  private static func parsed(_ text: String) throws -> ODataFilter {
    do {
      return try ODataFilter(parsing: text)
    } catch {
      throw GraphError.protocolError(error.message)
    }
  }

  private static func properties(_ text: String, _ schema: GraphSchema) throws -> [String]? {
    var names: [String] = []
    for part in text.split(separator: ",") {
      let name = String(part.filter { $0 != " " })
      if name == "*" { return schema.properties.map(\.name) }
      guard let property = schema.property(name) else {
        throw GraphError.protocolError("Parsing OData Select and Expand failed: \(GraphError.noSuchProperty(name, of: schema.type))")
      }
      names.append(property.name)
    }
    return names.isEmpty ? nil : names
  }

  private static func order(_ text: String, _ schema: GraphSchema) throws -> [(property: String, descending: Bool)] {
    try text.split(separator: ",").map { part in
      let words = part.split(separator: " ")
      guard let name = words.first, words.count <= 2, let property = schema.property(String(name)),
        property.kind == .text || property.kind == .boolean
      else { throw GraphError.protocolError("Invalid $orderby clause: \(GraphError.noSuchProperty(String(part), of: schema.type))") }
      let direction = words.count == 2 ? words[1].lowercased() : "asc"
      guard direction == "asc" || direction == "desc" else { throw GraphError.protocolError("Invalid $orderby clause: Syntax error in '\(part)'.") }
      return (property.name, direction == "desc")
    }
  }
}

extension GraphSchema {
  /// Whether a filter holds for a complete object of this type.
  ///
  /// Throws Graph's error for a property that the type does not have and for types that do not compare.
  func matches(_ filter: ODataFilter, _ whole: JSON.Object) throws -> Bool {
    do {
      return try filter.matches { path in
        guard let property = property(path[0]) else {
          throw GraphError.protocolError("Invalid filter clause: \(GraphError.noSuchProperty(path[0], of: type))")
        }
        return whole[property.name]?.value(at: path.dropFirst())
      }
    } catch let error as ODataError {
      throw GraphError.protocolError(error.message)
    }
  }
}
