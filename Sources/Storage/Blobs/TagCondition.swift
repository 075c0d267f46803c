internal import Base

/// A condition on a blob's tags: `x-ms-if-tags`, and the expression of Find Blobs by Tags.
///
/// A comparison names a tag (in double quotes where it is no plain word) and a value in single quotes; comparisons are joined by `AND` and `OR`, of which
/// `AND` binds more closely, and grouped by parentheses. A tag that is not there compares with nothing, so that no comparison with it holds.
///
/// Source: Microsoft, "Specifying conditional headers for Blob service operations" and "Find Blobs by Tags", REST reference.
indirect enum TagCondition: Sendable, Equatable {
  case comparison(TagComparison)
  case all([TagCondition])
  case any([TagCondition])

  /// Where an expression stands decides what it may hold.
  enum Place: Sendable {
    /// `x-ms-if-tags`.
    case header
    /// The `where` parameter: only `AND`, no `<>`, and `@container` as if it were a tag.
    case search
  }

  static let maximumBytes = 4096
  /// Parentheses within one another.
  static let maximumDepth = 16
  static let maximumComparisons = 64

  /// Throws 400 for what is no expression.
  init(parsing text: String, in place: Place = .header) throws(CloudError) {
    let error = place == .header ? StorageError.invalidHeaderValue("x-ms-if-tags", text) : StorageError.invalidQueryParameterValue("where", text)
    guard text.utf8.count <= Self.maximumBytes, let condition = TagConditionParser.parse(text, in: place) else { throw error }
    self = condition
  }

  func matches(_ tags: BlobTags) -> Bool {
    switch self {
    case .comparison(let comparison): tags[comparison.key].map { comparison.holds(for: $0) } ?? false
    case .all(let parts): parts.allSatisfy { $0.matches(tags) }
    case .any(let parts): parts.contains { $0.matches(tags) }
    }
  }

  /// The comparisons, if they must all hold; nil where there is an `OR`.
  var conjunction: [TagComparison]? {
    switch self {
    case .comparison(let comparison): return [comparison]
    case .any: return nil
    case .all(let parts):
      var all: [TagComparison] = []
      for part in parts {
        guard let comparisons = part.conjunction else { return nil }
        all += comparisons
      }
      return all
    }
  }
}

/// A tag's value against another, by the order of their bytes.
struct TagComparison: Sendable, Equatable {
  enum Sign: String, Sendable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  /// Stands for the container's name in a search.
  static let container = "@container"

  var key: String
  var sign: Sign
  var value: String

  func holds(for present: String) -> Bool {
    switch sign {
    case .equal: present.utf8.elementsEqual(value.utf8)
    case .notEqual: !present.utf8.elementsEqual(value.utf8)
    case .less: present.utf8.lexicographicallyPrecedes(value.utf8)
    case .lessOrEqual: !value.utf8.lexicographicallyPrecedes(present.utf8)
    case .greater: value.utf8.lexicographicallyPrecedes(present.utf8)
    case .greaterOrEqual: !present.utf8.lexicographicallyPrecedes(value.utf8)
    }
  }
}

/// Reads an expression from its bytes, once and forward.
private struct TagConditionParser {
  private enum Token: Equatable {
    case word(String)
    case key(String)
    case value(String)
    case sign(TagComparison.Sign)
    case open
    case close
  }

  private var tokens: ArraySlice<Token>
  private let place: TagCondition.Place
  private var comparisons = 0

  static func parse(_ text: String, in place: TagCondition.Place) -> TagCondition? {
    guard let tokens = tokens(of: text) else { return nil }
    var parser = TagConditionParser(tokens: tokens[...], place: place)
    guard let condition = parser.disjunction(depth: 0), parser.tokens.isEmpty else { return nil }
    return condition
  }

  private init(tokens: ArraySlice<Token>, place: TagCondition.Place) {
    self.tokens = tokens
    self.place = place
  }

  private mutating func disjunction(depth: Int) -> TagCondition? {
    list(joinedBy: "or", { .any($0) }) { $0.conjunction(depth: depth) }
  }

  private mutating func conjunction(depth: Int) -> TagCondition? {
    list(joinedBy: "and", { .all($0) }) { $0.term(depth: depth) }
  }

  private mutating func list(
    joinedBy word: String, _ join: ([TagCondition]) -> TagCondition, _ next: (inout Self) -> TagCondition?
  ) -> TagCondition? {
    guard let first = next(&self) else { return nil }
    var parts = [first]
    while case .word(let found)? = tokens.first, found.lowercased() == word {
      guard word == "and" || place == .header else { return nil }
      tokens = tokens.dropFirst()
      guard let part = next(&self) else { return nil }
      parts.append(part)
    }
    return parts.count == 1 ? first : join(parts)
  }

  private mutating func term(depth: Int) -> TagCondition? {
    guard let token = tokens.popFirst() else { return nil }
    switch token {
    case .open:
      guard depth < TagCondition.maximumDepth, let inner = disjunction(depth: depth + 1), tokens.popFirst() == .close else { return nil }
      return inner
    case .key(let key), .word(let key):
      guard case .sign(let sign)? = tokens.popFirst(), case .value(let value)? = tokens.popFirst() else { return nil }
      comparisons += 1
      guard comparisons <= TagCondition.maximumComparisons, isComparable(key, sign) else { return nil }
      return .comparison(TagComparison(key: key, sign: sign, value: value))
    case .value, .sign, .close: return nil
    }
  }

  private func isComparable(_ key: String, _ sign: TagComparison.Sign) -> Bool {
    if key == TagComparison.container { return place == .search && sign == .equal }
    return BlobTags.isKey(key) && (place == .header || sign != .notEqual)
  }

  // MARK: Tokens

  private static func tokens(of text: String) -> [Token]? {
    var tokens: [Token] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"): rest = rest.dropFirst()
      case UInt8(ascii: "("), UInt8(ascii: ")"):
        tokens.append(byte == UInt8(ascii: "(") ? .open : .close)
        rest = rest.dropFirst()
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        guard let text = quoted(&rest, by: byte) else { return nil }
        tokens.append(byte == UInt8(ascii: "'") ? .value(text) : .key(text))
      case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "="):
        let bytes = rest.prefix { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "=") }
        guard let sign = TagComparison.Sign(rawValue: String(decoding: bytes, as: UTF8.self)) else { return nil }
        tokens.append(.sign(sign))
        rest = rest.dropFirst(bytes.count)
      default:
        let word = rest.prefix(while: isWordByte)
        guard !word.isEmpty else { return nil }
        tokens.append(.word(String(decoding: word, as: UTF8.self)))
        rest = rest.dropFirst(word.count)
      }
    }
    return tokens
  }

  /// A quote within is written twice.
  private static func quoted(_ rest: inout ArraySlice<UInt8>, by quote: UInt8) -> String? {
    var bytes: [UInt8] = []
    rest = rest.dropFirst()
    while let byte = rest.popFirst() {
      if byte == quote {
        guard rest.first == quote else { return String(validating: bytes, as: UTF8.self) }
        rest = rest.dropFirst()
      }
      bytes.append(byte)
    }
    return nil
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "_"), UInt8(ascii: "@"): true
    default: false
    }
  }
}
