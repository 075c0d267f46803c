internal import Base
internal import Wire

/// The rules as Resource Manager writes them.
extension CrossOriginRule {
  /// Of the member `cors` of a service's properties.
  static func list(_ value: JSON) throws -> [CrossOriginRule] {
    let list = value.object?.member(ignoringCase: "corsRules")?.array ?? []
    guard list.count <= maximumRules else { throw StorageAccountSettings.invalid("cors.corsRules") }
    return try list.map { rule in
      func element(_ name: String) -> XMLElement? {
        guard let value = rule.object?.member(ignoringCase: name) else { return nil }
        let text = value.array.map { $0.compactMap(\.string).joined(separator: ",") } ?? value.integer.map { String($0) } ?? ""
        return XMLElement(name: name.prefix(1).uppercased() + name.dropFirst(), text: text)
      }
      let names = ["allowedOrigins", "allowedMethods", "allowedHeaders", "exposedHeaders", "maxAgeInSeconds"]
      do {
        return try CrossOriginRule(XMLElement(name: "CorsRule", children: names.compactMap(element)))
      } catch is CloudError {
        throw StorageAccountSettings.invalid("cors.corsRules")
      }
    }
  }

  var json: JSON {
    func list(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    return [
      "allowedOrigins": list(allowedOrigins), "allowedMethods": list(allowedMethods), "allowedHeaders": list(allowedHeaders),
      "exposedHeaders": list(exposedHeaders), "maxAgeInSeconds": .integer(Int64(maximumAgeSeconds)),
    ]
  }
}
