/// The name and the address of a person, as they are entered.
struct OperatorPerson {
  let name: String
  let email: String

  /// Addresses that a function or a group has, not a person. Source: RFC 2142, and what data centres call theirs.
  private static let functions: Set<String> = [
    "abuse", "admin", "administrateur", "administrator", "astreinte", "contact", "devops", "equipe", "exploitation", "helpdesk", "hostmaster", "info",
    "infra", "noc", "noreply", "no-reply", "ops", "postmaster", "root", "security", "securite", "soc", "sre", "support", "team", "webmaster",
  ]

  /// Throws `OperatorRefusal` for what is no name or address of one person.
  init(name: String, email: String) throws {
    let words = name.split(separator: " ")
    guard words.count >= 2, words.joined(separator: " ") == name, name.count <= OperatorLimits.maximumNameCharacters,
      name.unicodeScalars.allSatisfy(Self.isInNames)
    else {
      throw OperatorRefusal(
        "« \(name) » n'est pas le nom d'une personne : « Prénom Nom ».", "“\(name)” is not the name of a person: “First Last”.")
    }
    guard Self.isAddress(email) else {
      throw OperatorRefusal("« \(email) » n'est pas une adresse électronique.", "“\(email)” is no e-mail address.")
    }
    guard let local = email.lowercased().split(separator: "@").first, !Self.functions.contains(String(local)) else {
      throw OperatorRefusal(
        "« \(email) » est l'adresse d'une fonction : un opérateur est une personne.",
        "“\(email)” is the address of a function: an operator is a person.")
    }
    self.name = name
    self.email = email
  }

  private static func isInNames(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || " -'’.".unicodeScalars.contains(scalar) || scalar.properties.canonicalCombiningClass != .notReordered
  }

  private static func isAddress(_ text: String) -> Bool {
    let halves = text.split(separator: "@", omittingEmptySubsequences: false)
    guard halves.count == 2, text.utf8.count <= OperatorLimits.maximumEmailBytes, (1...64).contains(halves[0].utf8.count) else { return false }
    let labels = halves[1].split(separator: ".", omittingEmptySubsequences: false)
    let isLocal = halves[0].utf8.allSatisfy { isLetterOrDigit($0) || "._%+-".utf8.contains($0) }
    return isLocal && labels.count >= 2
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
      }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
