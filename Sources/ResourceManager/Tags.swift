internal import Base
internal import Wire

/// The rules for tags, and their wire form.
///
/// Source: Microsoft, "Use tags to organize your Azure resources and management hierarchy".
enum Tags {
  /// In the order of their names, so that the same tags always print the same.
  static func json(_ tags: [String: String]) -> JSON {
    .object(JSON.Object(tags.sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value)) }))
  }

  /// Reads and checks the `tags` member of a body. Nil when the member is absent; a `null` is no tags.
  static func parse(member: JSON?) throws -> [String: String]? {
    guard let member else { return nil }
    if member.isNull { return [:] }
    guard let object = member.object else {
      throw CloudError.invalidRequestContent("The 'tags' property must be an object whose values are strings.")
    }
    var tags: [String: String] = [:]
    var names: Set<String> = []
    for (name, value) in object.members {
      guard names.insert(name.lowercased()).inserted else {
        throw CloudError(400, "DuplicateTagNames", "Tag name '\(name)' is given more than once. Tag names are case-insensitive.")
      }
      switch value {
      case .string(let text): tags[name] = text
      case .null: tags[name] = ""
      default: throw CloudError.invalidRequestContent("The value of the tag '\(name)' must be a string.")
      }
    }
    try check(tags)
    return tags
  }

  /// Throws Azure's error for tags that break a rule.
  static func check(_ tags: [String: String]) throws {
    let limits = ResourceManagerLimits.self
    guard tags.count <= limits.maximumTags else {
      throw CloudError(
        400, "TooManyTags", "The number of tags '\(tags.count)' exceeds the maximum allowed number of tags '\(limits.maximumTags)'.")
    }
    for (name, value) in tags.sorted(by: { $0.key < $1.key }) {
      if name.isEmpty {
        throw CloudError(400, "InvalidTagName", "The tag name must not be empty.")
      }
      if name.unicodeScalars.contains(where: { "<>%&\\?/".unicodeScalars.contains($0) || $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
        throw CloudError(
          400, "InvalidTagNameCharacters", "The tag names '\(name)' have reserved characters '<,>,%,&,\\,?,/' or control characters.")
      }
      if name.count > limits.maximumTagNameCharacters {
        throw CloudError(
          400, "InvalidTagName",
          "Tag key too large. Following tag name '\(name.prefix(64))…' exceeded the maximum length. "
            + "Maximum allowed length for tag name - '\(limits.maximumTagNameCharacters)' characters.")
      }
      if value.count > limits.maximumTagValueCharacters {
        throw CloudError(
          400, "InvalidTagValueLength",
          "Tag value too large. Following tag value '\(value.prefix(64))…' exceeded the maximum length. "
            + "Maximum allowed length for tag value - '\(limits.maximumTagValueCharacters)' characters.")
      }
    }
  }

  /// `tags` with those of `patch` set; names compare without regard to case, and the spelling that is there stays.
  static func merged(_ tags: [String: String], with patch: [String: String]) -> [String: String] {
    var result = tags
    for (name, value) in patch {
      let present = result.keys.first { $0.lowercased() == name.lowercased() }
      result[present ?? name] = value
    }
    return result
  }

  /// `tags` without those that `patch` names with the same value, or with an empty one for any.
  static func removed(_ patch: [String: String], from tags: [String: String]) -> [String: String] {
    tags.filter { tag in
      !patch.contains { $0.key.lowercased() == tag.key.lowercased() && ($0.value.isEmpty || $0.value == tag.value) }
    }
  }
}
