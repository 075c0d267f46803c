internal import Yams

/// One value of a YAML document, with the place where it stands: what the catalogue, the offers and the operator's registers are read from.
///
/// Reading is strict: a member that nobody asked for, one that is there twice and one that lacks are errors, and a scalar is what its author wrote. `11.10` without
/// quotes is a number, and is refused where a text is wanted.
public struct Declaration: Sendable {
  /// A document may not be larger; in bytes.
  public static let maximumBytes = 4 << 20
  /// Nor have more values, those that aliases repeat counted each time.
  public static let maximumValues = 200_000

  private indirect enum Value: Sendable {
    case scalar(String, isPlain: Bool)
    case list([Declaration])
    case mapping([(name: String, value: Declaration)])
  }

  public let file: String
  /// From 1.
  public let line: Int
  /// Where the value stands in words, for messages: `offres[2].faits`. Empty for the document.
  public let path: String
  private let value: Value

  /// Parses the text of a file. Throws `DeclarationError`.
  public init(_ text: String, file: String) throws {
    guard text.utf8.count <= Self.maximumBytes else {
      throw DeclarationError(
        file: file, line: nil, "le fichier dépasse \(Self.maximumBytes) octets.", "the file is larger than \(Self.maximumBytes) bytes.")
    }
    do {
      guard let node = try Yams.compose(yaml: text) else {
        throw DeclarationError(file: file, line: nil, "le fichier est vide.", "the file is empty.")
      }
      var budget = Self.maximumValues
      try self.init(node, file: file, path: "", budget: &budget)
    } catch let error as YamlError {
      throw Self.syntaxError(error, text, file: file)
    }
  }

  private init(_ node: Node, file: String, path: String, budget: inout Int) throws {
    self.file = file
    self.path = path
    let line = node.mark?.line ?? 1
    self.line = line
    budget -= 1
    guard budget >= 0 else {
      throw DeclarationError(
        file: file, line: line, "le fichier contient plus de \(Self.maximumValues) valeurs.", "the file holds more than \(Self.maximumValues) values."
      )
    }
    if let mapping = node.mapping {
      var members: [(name: String, value: Declaration)] = []
      for (key, value) in mapping {
        guard let name = key.scalar?.string else {
          throw DeclarationError(file: file, line: key.mark?.line ?? line, "une clé n'est pas un texte.", "a key is no text.")
        }
        let member = try Declaration(value, file: file, path: path.isEmpty ? name : "\(path).\(name)", budget: &budget)
        members.append((name, member))
      }
      value = .mapping(members)
    } else if let sequence = node.sequence {
      var items: [Declaration] = []
      for (index, item) in sequence.enumerated() { items.append(try Declaration(item, file: file, path: "\(path)[\(index)]", budget: &budget)) }
      value = .list(items)
    } else if let scalar = node.scalar {
      value = .scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any)
    } else {
      throw DeclarationError(file: file, line: line, "cette valeur n'est pas lisible.", "this value cannot be read.")
    }
  }

  private static func syntaxError(_ error: YamlError, _ text: String, file: String) -> DeclarationError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      DeclarationError(file: file, line: mark.line, "ce n'est pas du YAML : \(problem).", "this is no YAML: \(problem).")
    case .duplicatedKeysInMapping(let duplicates, let context):
      DeclarationError(
        file: file, line: lineOfSecond(duplicates.first ?? "", text, mapping: context.mark), "clé en double : \(duplicates.joined(separator: ", ")).",
        "key given twice: \(duplicates.joined(separator: ", ")).")
    default: DeclarationError(file: file, line: nil, "ce n'est pas du YAML : \(error).", "this is no YAML: \(error).")
    }
  }

  /// Where a key stands for the second time in a mapping that begins at a mark; the mapping's own line where it is written on one.
  private static func lineOfSecond(_ key: String, _ text: String, mapping: Mark) -> Int {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let own = lines.indices.filter { index in
      guard index + 1 >= mapping.line else { return false }
      let written = lines[index].drop { $0 == " " || $0 == "-" }
      return ["\(key):", "\"\(key)\":", "'\(key)':"].contains { written.hasPrefix($0) }
        && lines[index].count - written.count == mapping.column - 1
    }
    return own.count > 1 ? own[1] + 1 : mapping.line
  }

  /// An error about this value.
  public func error(_ french: String, _ english: String) -> DeclarationError {
    let place = path.isEmpty ? "" : "\(path) : "
    return DeclarationError(file: file, line: line, place + french, (path.isEmpty ? "" : "\(path): ") + english)
  }

  // MARK: Mappings

  /// The members of a mapping whose names are known: those of `required`, which must be there, and of `optional`. Throws at the first unknown one.
  public func members(required: Set<String>, optional: Set<String> = []) throws -> [String: Declaration] {
    let all = try entries()
    var members: [String: Declaration] = [:]
    for (name, value) in all {
      guard required.contains(name) || optional.contains(name) else {
        throw value.error("ce membre n'est pas connu.", "this member is not known.")
      }
      members[name] = value
    }
    if let missing = required.subtracting(members.keys).min() {
      throw error("le membre « \(missing) » manque.", "the member “\(missing)” lacks.")
    }
    return members
  }

  /// The members of a mapping of any names, in the order of the file.
  public func entries() throws -> [(name: String, value: Declaration)] {
    guard case .mapping(let members) = value else { throw error("il faut une table de membres.", "a mapping of members is wanted.") }
    return members
  }

  // MARK: Lists

  public var isList: Bool {
    if case .list = value { true } else { false }
  }

  /// The items of a list.
  public func list() throws -> [Declaration] {
    guard case .list(let items) = value else { throw error("il faut une liste.", "a list is wanted.") }
    return items
  }

  /// A list of texts.
  public func texts() throws -> [String] { try list().map { try $0.text() } }

  // MARK: Scalars

  /// A text that is not empty. A number without quotes is refused: `11.10` would have been read as 11.1.
  public func text() throws -> String {
    guard case .scalar(let text, let isPlain) = value else { throw error("il faut un texte.", "a text is wanted.") }
    if isPlain, Self.isNumber(text) {
      throw error("« \(text) » est lu comme un nombre : mettez-le entre guillemets.", "“\(text)” reads as a number: put it in quotes.")
    }
    guard !text.isEmpty, !isNull else { throw error("ce texte est vide.", "this text is empty.") }
    return text
  }

  /// One of a few texts.
  public func text(of allowed: [String]) throws -> String {
    let text = try text()
    guard allowed.contains(text) else {
      throw error(
        "« \(text) » n'est pas une des valeurs permises : \(allowed.joined(separator: ", ")).",
        "“\(text)” is none of the permitted values: \(allowed.joined(separator: ", ")).")
    }
    return text
  }

  /// Whether the value is absent: `null`, `~` or nothing.
  public var isNull: Bool {
    guard let plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(plain)
  }

  /// The scalar as it is written, whatever it is; nil for lists and mappings.
  public var spelling: String? {
    if case .scalar(let text, _) = value { text } else { nil }
  }

  /// The scalar where it stands without quotes.
  private var plain: String? {
    if case .scalar(let text, isPlain: true) = value { text } else { nil }
  }

  public func integer(in range: ClosedRange<Int>) throws -> Int {
    guard let plain, let value = Int(plain), range.contains(value) else {
      throw error(
        "il faut un entier de \(range.lowerBound) à \(range.upperBound).", "an integer from \(range.lowerBound) to \(range.upperBound) is wanted.")
    }
    return value
  }

  public func number(in range: ClosedRange<Double>) throws -> Double {
    guard let plain, let value = Double(plain), value.isFinite, range.contains(value) else {
      throw error(
        "il faut un nombre de \(range.lowerBound) à \(range.upperBound).", "a number from \(range.lowerBound) to \(range.upperBound) is wanted.")
    }
    return value
  }

  public func boolean() throws -> Bool {
    switch plain {
    case "true": return true
    case "false": return false
    default: throw error("il faut « true » ou « false ».", "“true” or “false” is wanted.")
    }
  }

  /// A day of the calendar: `2026-11-25`.
  public func date() throws -> CalendarDate {
    guard let text = spelling, let date = CalendarDate(text) else {
      throw error("il faut une date AAAA-MM-JJ.", "a date YYYY-MM-DD is wanted.")
    }
    return date
  }

  private static func isNumber(_ text: String) -> Bool {
    Double(text) != nil && text.utf8.allSatisfy { (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }
  }
}
