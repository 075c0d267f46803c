internal import Base
internal import Records
internal import Wire

/// A tag name that a subscription declared beforehand, with values.
struct TagName: Record, Codable, Sendable {
  static let kind = "arm.tagname"

  var tenant: GUID
  var subscription: GUID
  var name: String
  var values: [String]

  var key: RecordKey { Self.key(tenant: tenant, subscription, name) }

  static func key(tenant: GUID, _ subscription: GUID, _ name: String) -> RecordKey {
    RecordKey(tenant: tenant, subscription.description, name.lowercased())
  }

  /// How often a name and each of its values are in use.
  struct Use {
    var name: String
    var count = 0
    var values: [(value: String, count: Int)] = []

    mutating func count(_ value: String) {
      count += 1
      if let index = values.firstIndex(where: { $0.value == value }) {
        values[index].count += 1
      } else {
        values.append((value, 1))
      }
    }

    mutating func declare(_ value: String) {
      if !values.contains(where: { $0.value.lowercased() == value.lowercased() }) { values.append((value, 0)) }
    }

    /// Source: Microsoft, "Tags - List", REST reference.
    func json(subscription: GUID) -> JSON {
      let id = "/subscriptions/\(subscription)/tagNames/\(name)"
      return [
        "id": .string(id),
        "tagName": .string(name),
        "count": ["type": "Total", "value": .integer(Int64(count))],
        "values": .array(values.map { TagName.json(value: $0.value, count: $0.count, id: id) }),
      ]
    }
  }

  static func json(value: String, count: Int, id: String) -> JSON {
    [
      "id": .string("\(id)/tagValues/\(value)"),
      "tagValue": .string(value),
      "count": ["type": "Total", "value": .integer(Int64(count))],
    ]
  }
}
