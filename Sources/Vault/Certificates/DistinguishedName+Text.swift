internal import Base
internal import SwiftASN1
internal import Wire
internal import X509

/// Subjects as policies write them: `CN=www.contoso.com, O="Contoso, Inc.", C=FR`.
///
/// Source: RFC 4514, with the blanks and quotes of X.500 that Azure takes too. The last attribute of the text is the first of the encoding.
extension DistinguishedName {
  /// Throws 400 `BadParameter`.
  init(subject text: String) throws {
    guard text.count <= CertificateLimits.maximumSubjectCharacters else { throw Self.invalid("it is too long") }
    var reader = SubjectReader(text)
    var names: [RelativeDistinguishedName] = []
    while !reader.isAtEnd {
      var attributes = [try reader.attribute()]
      while reader.skip("+") { attributes.append(try reader.attribute()) }
      names.append(RelativeDistinguishedName(attributes))
      guard names.count <= CertificateLimits.maximumSubjectAttributes, attributes.count <= CertificateLimits.maximumSubjectAttributes else {
        throw Self.invalid("it has too many attributes")
      }
      if reader.isAtEnd { break }
      guard reader.skip(",") || reader.skip(";"), !reader.isAtEnd else { throw Self.invalid("an attribute is expected") }
    }
    self.init(names.reversed())
  }

  /// The text that `init(subject:)` reads.
  var subjectText: String {
    reversed().map { name in
      name.map { attribute in
        "\(Self.names.first { $0.type == attribute.type }?.name ?? "OID.\(attribute.type)")=\(attribute.value)"
      }.joined(separator: "+")
    }.joined(separator: ", ")
  }

  static func invalid(_ why: String) -> CloudError { CertificateError.invalid("subject", "The X.500 name is invalid: \(why).") }

  /// The first name of a type stands in texts that are written here.
  fileprivate static let names: [(name: String, type: ASN1ObjectIdentifier)] = [
    ("CN", [2, 5, 4, 3]), ("O", [2, 5, 4, 10]), ("OU", [2, 5, 4, 11]), ("L", [2, 5, 4, 7]), ("S", [2, 5, 4, 8]), ("ST", [2, 5, 4, 8]),
    ("C", [2, 5, 4, 6]),
    ("STREET", [2, 5, 4, 9]), ("DC", [0, 9, 2342, 19_200_300, 100, 1, 25]), ("E", [1, 2, 840, 113549, 1, 9, 1]),
    ("EMAIL", [1, 2, 840, 113549, 1, 9, 1]), ("EMAILADDRESS", [1, 2, 840, 113549, 1, 9, 1]), ("SERIALNUMBER", [2, 5, 4, 5]), ("T", [2, 5, 4, 12]),
    ("TITLE", [2, 5, 4, 12]), ("G", [2, 5, 4, 42]), ("GN", [2, 5, 4, 42]), ("GIVENNAME", [2, 5, 4, 42]), ("SN", [2, 5, 4, 4]),
    ("SURNAME", [2, 5, 4, 4]),
    ("I", [2, 5, 4, 43]), ("INITIALS", [2, 5, 4, 43]), ("UID", [0, 9, 2342, 19_200_300, 100, 1, 1]), ("POSTALCODE", [2, 5, 4, 17]),
    ("ORGANIZATIONIDENTIFIER", [2, 5, 4, 97]),
  ]
}

/// Reads a subject from its beginning.
private struct SubjectReader {
  private var rest: ArraySlice<Character>

  init(_ text: String) {
    rest = Array(text)[...]
    skipBlanks()
  }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func skip(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    skipBlanks()
    return true
  }

  private mutating func skipBlanks() { rest = rest.drop { $0 == " " } }

  mutating func attribute() throws -> RelativeDistinguishedName.Attribute {
    let name = String(rest.prefix { $0 != "=" && $0 != "," && $0 != "+" && $0 != ";" }).trimmed
    rest = rest.dropFirst(rest.prefix { $0 != "=" && $0 != "," && $0 != "+" && $0 != ";" }.count)
    guard rest.first == "=" else { throw DistinguishedName.invalid("a name without a value") }
    rest.removeFirst()
    skipBlanks()
    let type = try Self.type(name)
    let value = try value()
    skipBlanks()
    guard !value.isEmpty, value.count <= CertificateLimits.maximumValueCharacters, !value.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
      throw DistinguishedName.invalid("a value is empty, too long or not text")
    }
    return try Self.attribute(type, value)
  }

  private static func type(_ name: String) throws -> ASN1ObjectIdentifier {
    if let known = DistinguishedName.names.first(where: { $0.name.equalsIgnoringASCIICase(name) }) { return known.type }
    guard let type = ASN1ObjectIdentifier(dotted: name.lowercased().hasPrefix("oid.") ? String(name.dropFirst(4)) : name) else {
      throw DistinguishedName.invalid("unknown attribute '\(name.prefix(32))'")
    }
    return type
  }

  /// Countries are of two letters, and like serial numbers in a narrower alphabet; addresses and components of domains are ASCII.
  private static func attribute(_ type: ASN1ObjectIdentifier, _ value: String) throws -> RelativeDistinguishedName.Attribute {
    do {
      switch type {
      case [2, 5, 4, 6]:
        guard value.utf8.count == 2 else { throw DistinguishedName.invalid("a country has two letters") }
        return try RelativeDistinguishedName.Attribute(type: type, printableString: value)
      case [2, 5, 4, 5]: return try RelativeDistinguishedName.Attribute(type: type, printableString: value)
      case [0, 9, 2342, 19_200_300, 100, 1, 25], [1, 2, 840, 113549, 1, 9, 1]:
        return try RelativeDistinguishedName.Attribute(type: type, ia5String: value)
      default: return RelativeDistinguishedName.Attribute(type: type, utf8String: value)
      }
    } catch let error as CloudError {
      throw error
    } catch {
      throw DistinguishedName.invalid("a value has characters that its attribute cannot have")
    }
  }

  private mutating func value() throws -> String {
    if rest.first == "\"" { return try quoted() }
    guard rest.first != "#" else { throw DistinguishedName.invalid("values in hexadecimal are not supported") }
    var bytes: [UInt8] = []
    var trailingBlanks = 0
    while let character = rest.first, !",+;".contains(character) {
      rest.removeFirst()
      if character == "\\" {
        bytes += try escaped()
        trailingBlanks = 0
      } else {
        guard !"\"<>".contains(character) else { throw DistinguishedName.invalid("'\(character)' must be escaped") }
        bytes += Array(String(character).utf8)
        trailingBlanks = character == " " ? trailingBlanks + 1 : 0
      }
    }
    return try Self.text(bytes.dropLast(trailingBlanks))
  }

  private mutating func quoted() throws -> String {
    rest.removeFirst()
    var bytes: [UInt8] = []
    while let character = rest.popFirst() {
      switch character {
      case "\"": return try Self.text(bytes[...])
      case "\\": bytes += try escaped()
      default: bytes += Array(String(character).utf8)
      }
    }
    throw DistinguishedName.invalid("a quote is not closed")
  }

  /// What stands behind a backslash: a sign, or two hexadecimal digits of a byte.
  private mutating func escaped() throws -> [UInt8] {
    guard let first = rest.popFirst() else { throw DistinguishedName.invalid("it ends with a backslash") }
    if let high = first.asciiValue.flatMap(hexadecimalValue) {
      guard let low = rest.popFirst()?.asciiValue.flatMap(hexadecimalValue) else { throw DistinguishedName.invalid("an escape is not complete") }
      return [high << 4 | low]
    }
    guard "\\\"+,;<>#= ".contains(first) else { throw DistinguishedName.invalid("'\(first)' is escaped") }
    return Array(String(first).utf8)
  }

  private static func text(_ bytes: ArraySlice<UInt8>) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw DistinguishedName.invalid("a value is not UTF-8") }
    return text
  }
}

extension ASN1ObjectIdentifier {
  /// `1.2.840.113549`; nil for anything else, and for what the encoding cannot hold.
  init?(dotted text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt32($0) }
    guard (2...20).contains(parts.count), text.utf8.count <= 128, text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || $0 >= 0x30 && $0 <= 0x39 }) else {
      return nil
    }
    let numbers = parts.compactMap { $0.map { UInt($0) } }
    guard numbers.count == parts.count, numbers[0] <= 2, numbers[1] < 40 || numbers[0] == 2, let made = try? ASN1ObjectIdentifier(elements: numbers)
    else { return nil }
    self = made
  }
}

extension String {
  fileprivate var trimmed: String {
    var characters = Array(self)[...]
    while characters.first == " " { characters.removeFirst() }
    while characters.last == " " { characters.removeLast() }
    return String(characters)
  }
}
