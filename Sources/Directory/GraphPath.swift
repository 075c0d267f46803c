internal import Wire

/// Graph's paths as routes know them.
enum GraphPath {
  /// Turns OData's key syntax into path segments: `users('a@b')` into `users/a@b`, `servicePrincipals(appId='x')` into
  /// `servicePrincipals/appId=x`. Nil when an escape is malformed.
  static func normalized(_ path: String) -> String? {
    var segments: [String] = []
    for raw in path.split(separator: "/") {
      guard let segment = percentDecoded(raw) else { return nil }
      guard segment.hasSuffix(")"), let open = segment.firstIndex(of: "("), open > segment.startIndex else {
        segments.append(String(raw))
        continue
      }
      let key = segment[segment.index(after: open)...].dropLast()
      segments.append(percentEncoded(segment[..<open], keeping: "$"))
      if let value = quoted(key) {
        segments.append(percentEncoded(value, keeping: "@$="))
      } else if let equals = key.firstIndex(of: "="), let value = quoted(key[key.index(after: equals)...]) {
        segments.append(percentEncoded("\(key[..<equals])=\(value)", keeping: "@$="))
      } else {
        return nil
      }
    }
    return "/" + segments.joined(separator: "/")
  }

  /// The text between single quotes, in which a doubled one stands for one.
  private static func quoted(_ text: Substring) -> String? {
    guard text.utf8.count >= 2, text.hasPrefix("'"), text.hasSuffix("'") else { return nil }
    var content = ""
    var isEscape = false
    for character in text.dropFirst().dropLast() {
      if isEscape {
        guard character == "'" else { return nil }
        isEscape = false
      } else if character == "'" {
        isEscape = true
        continue
      }
      content.append(character)
    }
    return isEscape ? nil : content
  }
}
