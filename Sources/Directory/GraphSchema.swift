internal import Base
internal import Wire

/// A property of one of Graph's types.
struct GraphProperty: Sendable {
  enum Kind: Sendable {
    case text
    case boolean
    case texts
    case object
    case objects

    var name: String {
      switch self {
      case .text: "Edm.String"
      case .boolean: "Edm.Boolean"
      case .texts: "Collection(Edm.String)"
      case .object: "Edm.ComplexType"
      case .objects: "Collection(Edm.ComplexType)"
      }
    }
  }

  enum Access: Sendable {
    /// Set by the caller, on creation and later. What the platform does not use itself it keeps and gives back.
    case writable
    /// Made by the platform.
    case computed
  }

  var name: String
  var kind: Kind
  var access: Access
  /// What an object shows that has no value.
  var absent: JSON

  init(_ name: String, _ kind: Kind = .text, _ access: Access = .writable, absent: JSON? = nil) {
    self.name = name
    self.kind = kind
    self.access = access
    let empty: JSON = kind == .texts || kind == .objects ? [] : .null
    self.absent = absent ?? empty
  }
}

/// One of Graph's types: which properties it has, in the order in which they are shown.
struct GraphSchema: Sendable {
  /// For example `user`.
  var type: String
  /// As the directory's messages name it: `User`.
  var resource: String
  /// The collection's path segment: `users`.
  var collection: String
  var properties: [GraphProperty]
  /// What is shown where the caller selects nothing; nil for everything.
  var shownByDefault: Set<String>?
  private let byName: [String: GraphProperty]

  init(type: String, resource: String, collection: String, shownByDefault: Set<String>? = nil, properties: [GraphProperty]) {
    self.type = type
    self.resource = resource
    self.collection = collection
    self.shownByDefault = shownByDefault
    self.properties = properties
    byName = Dictionary(uniqueKeysWithValues: properties.map { ($0.name.lowercased(), $0) })
  }

  func property(_ name: String) -> GraphProperty? { byName[name.lowercased()] }

  /// `#microsoft.graph.user`.
  var odataType: String { "#microsoft.graph.\(type)" }

  /// Reads the properties of a POST's or PATCH's body, under their proper names. Annotations (`@odata.…`) are left out.
  ///
  /// Throws Graph's error for a property that the type does not have, that cannot be set, or of the wrong type.
  func properties(of body: JSON, except handled: Set<String> = []) throws -> JSON.Object {
    guard case .object(let object) = body else { throw GraphError.unreadableBody }
    var result = JSON.Object()
    for (name, value) in object.members where !name.contains("@odata.") && !handled.contains(name) {
      guard let property = property(name) else { throw GraphError.unknownProperty(name) }
      guard result[property.name] == nil else { throw GraphError.unknownProperty(name) }
      guard property.access == .writable else { throw GraphError.readOnly(property.name) }
      try check(value, of: property)
      result[property.name] = value
    }
    return result
  }

  private func check(_ value: JSON, of property: GraphProperty) throws {
    switch (property.kind, value) {
    case (_, .null), (.boolean, .boolean), (.object, .object): return
    case (.text, .string(let text)): try check(text, of: property)
    case (.texts, .array(let elements)):
      for element in elements {
        guard case .string(let text) = element else { throw GraphError.wrongType(property.name, expected: property.kind.name) }
        try check(text, of: property)
      }
    case (.objects, .array(let elements)):
      for element in elements {
        guard case .object = element else { throw GraphError.wrongType(property.name, expected: property.kind.name) }
      }
    default: throw GraphError.wrongType(property.name, expected: property.kind.name)
    }
  }

  private func check(_ text: String, of property: GraphProperty) throws {
    let limit = property.name == "displayName" ? DirectoryLimits.maximumDisplayNameCharacters : DirectoryLimits.maximumTextCharacters
    guard text.unicodeScalars.count <= limit, !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" && $0 != "\r" })
    else { throw GraphError.invalidValue(property.name, of: resource) }
  }

  /// Every property of an object: its own values over those that it keeps for the caller over what is shown for none.
  func complete(_ own: JSON.Object, kept: JSON.Object) -> JSON.Object {
    var whole = JSON.Object()
    for property in properties { whole[property.name] = own[property.name] ?? kept[property.name] ?? property.absent }
    return whole
  }

  /// What is shown of a complete object.
  func shown(_ whole: JSON.Object, select: [String]?) -> JSON.Object {
    let names = select.map(Set.init) ?? shownByDefault
    guard let names else { return whole }
    return JSON.Object(whole.members.filter { names.contains($0.name) })
  }

  /// Puts changes over what an object keeps: objects are merged member by member, everything else is replaced.
  static func merged(_ changes: JSON.Object, over kept: JSON.Object) -> JSON.Object {
    var result = kept
    for (name, value) in changes.members {
      if case .object(let inner) = value, case .object(let old)? = kept[name] {
        result[name] = .object(merged(inner, over: old))
      } else {
        result[name] = value
      }
    }
    return result
  }
}
