internal import Base
internal import Records
internal import Wire

/// Walks the objects of one type for a list, in the order of their ids.
struct GraphListing<Element: Sendable> {
  var schema: GraphSchema
  var query: GraphQuery
  /// Up to a number of objects behind an id.
  var fetch: (_ after: GUID?, _ limit: Int) throws -> [Element]
  var id: (Element) -> GUID
  var render: (Element) throws -> JSON.Object

  private static var batch: Int { 256 }

  /// The page that the query asks for. `candidates`, where the filter names them by an index, are all that can match.
  func page(candidates: [Element]? = nil) throws -> GraphPage {
    if let candidates {
      let objects = try candidates.map(render).filter(admits)
      return GraphPage(objects: objects, lastID: nil, total: query.count ? objects.count : nil)
    }
    if !query.orderBy.isEmpty { return try sortedPage() }
    var page = GraphPage()
    if query.count { page.total = try all().count }
    var cursor = try query.skipToken.map { try cursorID($0) }
    var scanned = 0
    while true {
      let elements = try fetch(cursor, Self.batch)
      for element in elements {
        if page.objects.count == query.pageSize || scanned == DirectoryLimits.maximumScannedObjects {
          page.lastID = cursor?.description
          return page
        }
        let whole = try render(element)
        if try admits(whole) { page.objects.append(whole) }
        cursor = id(element)
        scanned += 1
      }
      if elements.count < Self.batch { return page }
    }
  }

  private func admits(_ whole: JSON.Object) throws -> Bool {
    try query.filter.map { try schema.matches($0, whole) } ?? true
  }

  private func cursorID(_ token: String) throws -> GUID {
    guard let id = GUID(token) else { throw GraphQuery.expiredToken }
    return id
  }

  /// Every object that the filter admits, of which there may not be more than can be put in order.
  private func all() throws -> [JSON.Object] {
    var objects: [JSON.Object] = []
    var cursor: GUID?
    var scanned = 0
    while true {
      let elements = try fetch(cursor, Self.batch)
      scanned += elements.count
      guard scanned <= DirectoryLimits.maximumSortedObjects else { throw GraphError.unsupportedQuery("Sorting not supported for current query.") }
      for element in elements {
        let whole = try render(element)
        if try admits(whole) { objects.append(whole) }
      }
      guard let last = elements.last, elements.count == Self.batch else { return objects }
      cursor = id(last)
    }
  }

  private func sortedPage() throws -> GraphPage {
    let sorted = try all().sorted { precedes($0, $1) }
    var start = 0
    if let token = query.skipToken {
      guard let index = sorted.firstIndex(where: { $0["id"]?.string == token }) else { throw GraphQuery.expiredToken }
      start = index + 1
    }
    let end = min(sorted.count, start + query.pageSize)
    return GraphPage(
      objects: Array(sorted[start..<end]), lastID: end < sorted.count ? sorted[end - 1]["id"]?.string : nil,
      total: query.count ? sorted.count : nil)
  }

  /// Nulls first; equals in the order of their ids.
  private func precedes(_ left: JSON.Object, _ right: JSON.Object) -> Bool {
    for (property, descending) in query.orderBy {
      let (first, second) = (sortKey(left[property]), sortKey(right[property]))
      if first != second { return (first < second) != descending }
    }
    return (left["id"]?.string ?? "") < (right["id"]?.string ?? "")
  }

  private func sortKey(_ value: JSON?) -> String {
    switch value {
    case .string(let text)?: text.lowercased()
    case .boolean(let flag)?: flag ? "1" : "0"
    default: ""
    }
  }
}
