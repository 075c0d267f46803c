internal import Base
internal import ResourceManager
internal import Wire

/// A list as one request asks for it: what its `$filter` lets through, in pages.
///
/// Source: Microsoft, "Regulatory Compliance Standards - List", REST reference.
struct SecurityList {
  private let context: OperationContext
  private let filter: ODataFilter?
  /// The members of an item's `properties`, by which a filter may choose, in lower case.
  private let properties: Set<String>

  init(_ context: OperationContext, properties: [String]) throws {
    self.context = context
    self.properties = Set(properties.map { $0.lowercased() })
    filter = try Self.parse(context.query["$filter"])
  }

  private static func parse(_ text: String?) throws -> ODataFilter? {
    guard let text, !text.allSatisfy({ $0 == " " }) else { return nil }
    do {
      return try ODataFilter(parsing: text)
    } catch {
      throw CloudError.invalidFilter(error.message)
    }
  }

  /// The page that is asked for of all the items, in their order. Each has a `name` of its own.
  ///
  /// What is behind the page is looked for by the name of its last item: states change between two requests, names and their order do not.
  func page(_ items: [JSON]) throws -> JSON {
    var rest = items[...]
    if let last = try context.skipPosition() {
      guard let index = items.firstIndex(where: { $0["name"]?.string == last }) else { throw CloudError.invalidSkipToken }
      rest = items[(index + 1)...]
    }
    let matching = try rest.filter(matches)
    let page = matching.prefix(SecurityLimits.maximumPageItems)
    let next = matching.count > page.count ? page.last?["name"]?.string : nil
    return .object(["value": .array(Array(page)), "nextLink": next.map { .string(context.nextLink(position: $0)) }])
  }

  private func matches(_ item: JSON) throws -> Bool {
    guard let filter else { return true }
    do {
      return try filter.matches { path in
        let words = path.map { $0.lowercased() }
        switch words.count {
        case 1 where ["id", "name", "type"].contains(words[0]): return item.value(at: path[...])
        case 1... where properties.contains(words[0]): return item.value(at: (["properties"] + path)[...])
        case 2... where words[0] == "properties" && properties.contains(words[1]): return item.value(at: path[...])
        default: throw CloudError.invalidFilter("The property '\(path.joined(separator: "/"))' is not supported.")
        }
      }
    } catch let error as ODataError {
      throw CloudError.invalidFilter(error.message)
    }
  }
}
