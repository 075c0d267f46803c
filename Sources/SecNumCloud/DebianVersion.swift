/// A version of a Debian package, ordered as `dpkg --compare-versions` orders them. Versions of dotted numbers are ordered right, too.
///
/// Source: Debian Policy Manual, 5.6.12 "Version".
package struct DebianVersion: Comparable, CustomStringConvertible {
  package let description: String
  private let epoch: Int
  private let upstream: [UInt8]
  private let revision: [UInt8]

  package init(_ text: String) {
    description = text
    var rest = text[...]
    if let colon = rest.firstIndex(of: ":"), let number = Int(rest[..<colon]) {
      epoch = number
      rest = rest[rest.index(after: colon)...]
    } else {
      epoch = 0
    }
    if let hyphen = rest.lastIndex(of: "-") {
      upstream = Array(rest[..<hyphen].utf8)
      revision = Array(rest[rest.index(after: hyphen)...].utf8)
    } else {
      upstream = Array(rest.utf8)
      revision = []
    }
  }

  package static func < (left: Self, right: Self) -> Bool { left.compare(right) < 0 }
  package static func == (left: Self, right: Self) -> Bool { left.compare(right) == 0 }

  private func compare(_ other: Self) -> Int {
    if epoch != other.epoch { return epoch < other.epoch ? -1 : 1 }
    let order = Self.compare(upstream, other.upstream)
    return order != 0 ? order : Self.compare(revision, other.revision)
  }

  /// A part that is no number, then a number, in turns.
  private static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var (left, right) = (left[...], right[...])
    while !left.isEmpty || !right.isEmpty {
      while left.first.map({ !isDigit($0) }) ?? false || right.first.map({ !isDigit($0) }) ?? false {
        let (one, other) = (weight(left.first), weight(right.first))
        if one != other { return one < other ? -1 : 1 }
        left = left.dropFirst()
        right = right.dropFirst()
      }
      let (one, other) = (number(&left), number(&right))
      if one.count != other.count { return one.count < other.count ? -1 : 1 }
      if one != other { return one.lexicographicallyPrecedes(other) ? -1 : 1 }
    }
    return 0
  }

  /// A tilde comes before the end, letters before the rest. A digit ends the part.
  private static func weight(_ byte: UInt8?) -> Int {
    guard let byte, !isDigit(byte) else { return 0 }
    if byte == UInt8(ascii: "~") { return -1 }
    let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    return isLetter ? Int(byte) : Int(byte) + 256
  }

  /// Takes the digits, without leading zeros.
  private static func number(_ text: inout ArraySlice<UInt8>) -> [UInt8] {
    let digits = text.prefix(while: isDigit)
    text = text.dropFirst(digits.count)
    return Array(digits.drop { $0 == UInt8(ascii: "0") })
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
