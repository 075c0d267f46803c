internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// The members of one entry of a register, read by name.
struct RegisterEntry {
  let declaration: Declaration
  private let members: [String: Declaration]

  /// Throws `DeclarationError` for an unknown member and for one that lacks.
  init(_ declaration: Declaration, _ required: Set<String>, optional: Set<String> = []) throws {
    self.declaration = declaration
    members = try declaration.members(required: required, optional: optional)
  }

  /// A member that is required.
  subscript(name: String) -> Declaration {
    guard let value = members[name] else { preconditionFailure("\(name) is not required") }
    return value
  }

  /// A member that may lack or be `null`.
  func optional(_ name: String) -> Declaration? { members[name].flatMap { $0.isNull ? nil : $0 } }

  func text(_ name: String) throws -> String { try self[name].text() }
  func list(_ name: String) throws -> [Declaration] { try self[name].list() }
}

extension Declaration {
  /// Two capital letters of ISO 3166-1.
  func country() throws -> String {
    let text = try text()
    guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw error("« \(text) » n'est pas un code de pays à deux lettres capitales.", "“\(text)” is no country code of two capital letters.")
    }
    return text
  }

  /// A SHA-256 in 64 lower-case hexadecimal digits.
  func digest() throws -> String {
    guard let text = spelling, text.utf8.count == 64, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
      throw error("il faut une empreinte SHA-256 : 64 chiffres hexadécimaux minuscules.", "a SHA-256 is wanted: 64 lower-case hexadecimal digits.")
    }
    return text
  }

  /// A moment in UTC: `2026-11-25T14:03:00Z`.
  func moment() throws -> Timestamp {
    guard let text = spelling, text.hasSuffix("Z"), let time = Timestamp(iso8601: text) else {
      throw error("il faut un instant UTC, comme 2026-11-25T14:03:00Z.", "a moment in UTC is wanted, such as 2026-11-25T14:03:00Z.")
    }
    return time
  }

  /// A tenant's id.
  func guid() throws -> GUID {
    let text = try text()
    guard let id = GUID(text) else { throw error("« \(text) » n'est pas un identifiant de client.", "“\(text)” is no tenant's id.") }
    return id
  }

  /// What other entries refer to: lower-case letters, digits and hyphens.
  func identifier() throws -> String {
    let text = try text()
    guard text.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }) else {
      throw error("un identifiant n'a que des minuscules, des chiffres et des tirets.", "an id has but lower-case letters, digits and hyphens.")
    }
    return text
  }

  /// One of the values that an enumeration has.
  func choice<Value: RawRepresentable & CaseIterable>(_ type: Value.Type = Value.self) throws -> Value where Value.RawValue == String {
    let text = try text(of: Value.allCases.map(\.rawValue))
    guard let value = Value(rawValue: text) else { throw error("valeur inconnue.", "unknown value.") }
    return value
  }

  /// Several values that an enumeration has, each at most once.
  func choices<Value: RawRepresentable & CaseIterable & Hashable>(_ type: Value.Type = Value.self) throws -> Set<Value>
  where Value.RawValue == String {
    var values: Set<Value> = []
    for item in try list() where !values.insert(try item.choice()).inserted {
      throw item.error("cette valeur est là deux fois.", "this value is there twice.")
    }
    return values
  }

  /// One of the ids that the register has declared.
  func reference(to known: Set<String>, _ what: Text) throws -> String {
    let text = try text()
    guard known.contains(text) else {
      throw error("« \(text) » n'est pas \(what.french) de ce registre.", "“\(text)” is no \(what.english) of this register.")
    }
    return text
  }

  /// An item of the referential.
  func item(of requirements: Requirements) throws -> ItemID {
    let text = try text()
    guard let id = ItemID(text), requirements.item(id) != nil else { throw error("alinéa inconnu : \(text).", "unknown item: \(text).") }
    return id
  }

  /// The entries of a list, none of which has the id of another.
  func entries<Value>(_ id: KeyPath<Value, String>, _ read: (Declaration) throws -> Value) throws -> [Value] {
    var ids: Set<String> = []
    return try list().map { declaration in
      let value = try read(declaration)
      guard ids.insert(value[keyPath: id]).inserted else {
        throw declaration.error("« \(value[keyPath: id]) » est là deux fois.", "“\(value[keyPath: id])” is there twice.")
      }
      return value
    }
  }

  /// A first and a last day, in their order.
  static func order(_ from: Declaration, _ until: Declaration) throws -> (from: CalendarDate, until: CalendarDate) {
    let (first, last) = (try from.date(), try until.date())
    guard first <= last else { throw until.error("la fin précède le début.", "the end precedes the beginning.") }
    return (first, last)
  }
}

extension Finding {
  /// What is said while a register was never filed.
  static func unfiled<R: Register>(_ type: R.Type, _ items: [ItemID], subject: Text) -> Finding {
    Finding(
      items, .notAssessed, subject: subject,
      reason: Text(
        """
        le registre « \(R.name) » n'a pas été déposé : ./cocagne secnumcloud register set \(R.name) FICHIER.yaml (modèle : ./cocagne secnumcloud \
        register example \(R.name)).
        """,
        """
        the register “\(R.name)” was not filed: ./cocagne secnumcloud register set \(R.name) FILE.yaml (a model: ./cocagne secnumcloud register example \
        \(R.name)).
        """))
  }
}

extension FiledRegister {
  /// What of it an auditor finds again: which version was looked at.
  var evidence: JSON {
    [
      "registre": .string(R.name), "fichier": .string(version.file), "sha256": .string(version.content.sha256),
      "depose": .string(version.time.iso8601),
    ]
  }
}
