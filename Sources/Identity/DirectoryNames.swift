/// The names that a directory accepts.
enum DirectoryNames {
  /// Two labels or more of letters, digits and inner hyphens.
  static func isDomain(_ text: String) -> Bool {
    let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return labels.count >= 2 && text.utf8.count <= 253
      && labels.allSatisfy { label in
        (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
          && label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
      }
  }

  /// The halves of `name@domain`, or nil.
  ///
  /// Source: Microsoft Graph, user resource, `userPrincipalName`: letters, digits and `' . - _ ! # ^ ~`.
  static func halves(ofUserPrincipalName text: String) -> (name: Substring, domain: Substring)? {
    guard text.count <= IdentityLimits.maximumUserPrincipalNameCharacters, let at = text.lastIndex(of: "@") else { return nil }
    let name = text[..<at]
    let domain = text[text.index(after: at)...]
    guard !name.isEmpty, name.utf8.first != UInt8(ascii: "."), name.utf8.last != UInt8(ascii: "."),
      name.utf8.allSatisfy({ isLetterOrDigit($0) || "'.-_!#^~".utf8.contains($0) }), isDomain(String(domain))
    else { return nil }
    return (name, domain)
  }

  /// Without control characters.
  static func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}
