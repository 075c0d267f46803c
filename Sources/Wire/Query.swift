/// The items of a URL's query, in their order, percent-decoded.
public struct Query: Sendable, Equatable {
  public var items: [(name: String, value: String)]

  public init(items: [(name: String, value: String)] = []) {
    self.items = items
  }

  /// Parses what stands behind the `?`. `+` stays a plus sign, as Azure's services read it, unless `plusIsSpace`, as HTML forms write it.
  /// Returns nil when an escape is malformed or the decoded bytes are not UTF-8.
  public init?(parsing text: some StringProtocol, plusIsSpace: Bool = false) {
    items = []
    for piece in text.utf8.split(separator: UInt8(ascii: "&")) {
      let halves = piece.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = percentDecoded(halves[0], plusIsSpace: plusIsSpace),
        let value = halves.count == 2 ? percentDecoded(halves[1], plusIsSpace: plusIsSpace) : ""
      else { return nil }
      items.append((name, value))
    }
  }

  /// The first value of a name, compared without regard to case (as Azure's services do).
  public subscript(name: String) -> String? {
    items.first { $0.name == name || $0.name.lowercased() == name.lowercased() }?.value
  }

  public static func == (left: Query, right: Query) -> Bool {
    left.items.elementsEqual(right.items) { $0 == $1 }
  }
}
