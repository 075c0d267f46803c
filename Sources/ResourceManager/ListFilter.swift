internal import Base
internal import Wire

/// Evaluates a list's `$filter` over resources and groups.
///
/// Source: Microsoft, "Resources - List" and "Resource Groups - List", REST reference.
struct ListFilter {
  private let filter: ODataFilter

  init(_ filter: ODataFilter) {
    self.filter = filter
  }

  /// Parses `$filter`; nil when it is absent or blank. Throws `InvalidFilterInQueryString`.
  static func parse(_ text: String?) throws -> ODataFilter? {
    guard let text, !text.allSatisfy({ $0 == " " }) else { return nil }
    do {
      return try ODataFilter(parsing: text)
    } catch {
      throw CloudError.invalidFilter(text)
    }
  }

  /// Throws `RecordsClosed` where what it asks for is closed.
  func matches(_ resource: Resource) throws -> Bool {
    try matches(tags: resource.isClosed ? nil : resource.tags) { name in
      if resource.isClosed, ["kind", "identity", "sku"].contains(name) { throw RecordsClosed() }
      return switch name {
      case "id": .string(resource.id.description)
      case "name": .string(resource.id.name)
      case "resourcetype", "type": .string(resource.id.type ?? "")
      case "resourcegroup": .string(resource.id.resourceGroup ?? "")
      case "location": .string(resource.location ?? "")
      case "createdtime": .string(resource.createdTime.iso8601Fractional)
      case "changedtime": .string(resource.changedTime.iso8601Fractional)
      case "provisioningstate": .string(resource.provisioningState.rawValue)
      case "kind": resource.kindName.map { .string($0) } ?? .null
      case "identity": resource.identity ?? .null
      case "sku": resource.sku ?? .null
      default: nil
      }
    }
  }

  func matches(_ group: ResourceGroup) throws -> Bool {
    try matches(tags: group.tags) { name in
      switch name {
      case "id": .string(group.id.description)
      case "name": .string(group.name)
      case "location": .string(group.location)
      case "managedby": group.managedBy.map { .string($0) } ?? .null
      default: nil
      }
    }
  }

  /// `tagName` and `tagValue` speak of one tag: the filter holds when it holds for any of them. Nil: the tags are closed.
  private func matches(tags: [String: String]?, _ property: (String) throws -> JSON?) throws -> Bool {
    let pairs: [(name: String, value: String)?] = tags?.isEmpty ?? true ? [nil] : (tags ?? [:]).map { (name: $0.key, value: $0.value) }
    do {
      return try pairs.contains { pair in
        try filter.matches { path in
          guard let first = path.first?.lowercased() else { return nil }
          if tags == nil, first.hasPrefix("tag") { throw RecordsClosed() }
          switch first {
          case "tagname": return pair.map { .string($0.name) }
          case "tagvalue": return pair.map { .string($0.value) }
          default:
            guard let value = try property(first) else { throw CloudError.invalidFilter("The property '\(first)' is not supported") }
            return value.value(at: path.dropFirst())
          }
        }
      }
    } catch let error as ODataError {
      throw CloudError.invalidFilter(error.message)
    }
  }
}
