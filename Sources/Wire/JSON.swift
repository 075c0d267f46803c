/// A JSON value. Objects keep the order of their members.
public enum JSON: Sendable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(Object)

  /// The members of an object. Names are unique; setting a name that is there replaces its value in place.
  public struct Object: Sendable, Equatable {
    public private(set) var members: [(name: String, value: JSON)] = []

    public init() {}

    public init(_ members: [(name: String, value: JSON)]) {
      for member in members { self[member.name] = member.value }
    }

    public subscript(name: String) -> JSON? {
      get { members.first { $0.name == name }?.value }
      set {
        let index = members.firstIndex { $0.name == name }
        switch (index, newValue) {
        case (let index?, let value?): members[index].value = value
        case (let index?, nil): members.remove(at: index)
        case (nil, let value?): members.append((name, value))
        case (nil, nil): break
        }
      }
    }

    /// The member of a name in any case, as Azure's services match property names.
    public func member(ignoringCase name: String) -> JSON? {
      let wanted = name.lowercased()
      return self[name] ?? members.first { $0.name.lowercased() == wanted }?.value
    }

    /// The same members, those of the given names spelled so: what services keep of a body whose author wrote names in another case. `null`
    /// members are left out.
    public func respelled(_ names: [String]) -> Object {
      let spellings = Dictionary(names.map { ($0.lowercased(), $0) }) { $1 }
      return Object(members.filter { !$0.value.isNull }.map { (spellings[$0.name.lowercased()] ?? $0.name, $0.value) })
    }

    public var names: [String] { members.map(\.name) }
    public var isEmpty: Bool { members.isEmpty }

    /// Order does not matter.
    public static func == (left: Object, right: Object) -> Bool {
      left.members.count == right.members.count && left.members.allSatisfy { right[$0.name] == $0.value }
    }

    /// Appends without looking for the name: for parsers and literals that have checked it.
    mutating func append(_ name: String, _ value: JSON) {
      members.append((name, value))
    }
  }

  // MARK: Reading

  /// The member of an object, exact case; nil for a missing member, a `null`, or anything but an object.
  public subscript(name: String) -> JSON? {
    guard case .object(let object) = self, let value = object[name], value != .null else { return nil }
    return value
  }

  /// What stands at the end of a path of members, whose names may be spelled in any case; nil where one is missing or `null`.
  public func member(_ path: String...) -> JSON? {
    var value = self
    for name in path {
      guard case .object(let object) = value, let next = object.member(ignoringCase: name), !next.isNull else { return nil }
      value = next
    }
    return value
  }

  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  public var boolean: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  public var integer: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public var array: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var object: Object? {
    if case .object(let value) = self { value } else { nil }
  }

  public var isNull: Bool { self == .null }

  /// An object of the given members; those whose value is nil are left out.
  public static func object(_ members: KeyValuePairs<String, JSON?>) -> JSON {
    var object = Object()
    for case (let name, let value?) in members { object[name] = value }
    return .object(object)
  }

  /// A string, or nil for nil: for optional members in literals.
  public static func string(_ value: String?) -> JSON? {
    value.map { .string($0) }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByStringInterpolation
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Object(elements.map { (name: $0.0, value: $0.1) })) }
}
