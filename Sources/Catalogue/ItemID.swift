/// The name of an item of the referential, such as `9.3.f` or `11.2.2.i`: numbers, then one letter.
///
/// Items are ordered by their numbers, not as text: `10.10.a` stands behind `10.2.a`. How many numbers there are varies.
public struct ItemID: Hashable, Comparable, Sendable, CustomStringConvertible, Codable {
  /// `[9, 3]` of `9.3.f`.
  public let numbers: [Int]
  public let letter: Character

  /// Nil for what has not this form.
  public init?(_ text: String) {
    let words = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (3...5).contains(words.count), let last = words.last, last.utf8.count == 1, let letter = last.first, ("a"..."z").contains(letter) else {
      return nil
    }
    let numbers = words.dropLast().compactMap { word in word.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(word) : nil }
    guard numbers.count == words.count - 1 else { return nil }
    self.numbers = numbers
    self.letter = letter
  }

  /// The requirement that it belongs to: `9.3`.
  public var requirement: String { numbers.prefix(2).map(String.init).joined(separator: ".") }

  public var description: String { numbers.map(String.init).joined(separator: ".") + ".\(letter)" }

  public static func < (left: Self, right: Self) -> Bool {
    left.numbers == right.numbers ? left.letter < right.letter : left.numbers.lexicographicallyPrecedes(right.numbers)
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = ItemID(text) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no item: \(text)"))
    }
    self = id
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension ItemID: ExpressibleByStringLiteral {
  /// An item that stands in the source. A test sees that each one that a control speaks for is the referential's.
  public init(stringLiteral text: String) {
    guard let id = ItemID(text) else { preconditionFailure("\(text) is no item") }
    self = id
  }
}
