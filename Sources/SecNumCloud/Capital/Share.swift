internal import Declarations

/// A part of a whole, exact to the last decimal: products and sums are never rounded, for 24 % is within a limit of 24 % and 24.0001 % is not.
package struct Share: Hashable, Comparable, Sendable {
  /// The whole, then groups of six decimals, without zeros at the end.
  private var groups: [UInt64]

  private static let base: UInt64 = 1_000_000

  package static let zero = Share(groups: [0])
  package static let whole = Share(groups: [1])
  static let half = Share(percent: 50)

  private init(groups: [UInt64]) {
    var groups = groups
    for index in groups.indices.dropFirst().reversed() {
      groups[index - 1] += groups[index] / Self.base
      groups[index] %= Self.base
    }
    while groups.count > 1, groups.last == 0 { groups.removeLast() }
    self.groups = groups
  }

  init(percent: UInt64) { self.init(groups: [percent / 100, percent % 100 * (Self.base / 100)]) }

  /// From a percentage of at most 100 with at most four decimals, such as `24.01`; nil for anything else.
  package init?(percent text: String) {
    let words = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(words.count), words.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
    let decimals = words.count == 2 ? String(words[1]) : ""
    guard words[0].utf8.count <= 3, decimals.utf8.count <= 4, let whole = UInt64(words[0]) else { return nil }
    guard let fraction = UInt64(decimals + String(repeating: "0", count: 4 - decimals.utf8.count)) else { return nil }
    self.init(groups: [0, whole * 10_000 + fraction])
    guard self <= .whole else { return nil }
  }

  package static func + (left: Self, right: Self) -> Self {
    let count = max(left.groups.count, right.groups.count)
    return Share(groups: (0..<count).map { left.group($0) + right.group($0) })
  }

  package static func * (left: Self, right: Self) -> Self {
    var groups = [UInt64](repeating: 0, count: left.groups.count + right.groups.count - 1)
    for (index, factor) in left.groups.enumerated() {
      for (offset, other) in right.groups.enumerated() { groups[index + offset] += factor * other }
    }
    return Share(groups: groups)
  }

  /// What lacks to the whole; zero where nothing does.
  package var remainder: Share {
    guard self < .whole else { return .zero }
    var groups = [0] + self.groups.dropFirst().map { Self.base - 1 - $0 }
    guard groups.count > 1 else { return .whole }
    groups[groups.count - 1] += 1
    return Share(groups: groups)
  }

  package static func < (left: Self, right: Self) -> Bool { left.groups.lexicographicallyPrecedes(right.groups) }

  private func group(_ index: Int) -> UInt64 { index < groups.count ? groups[index] : 0 }

  /// In per cent, with every decimal: `24.01`.
  package var percent: String {
    let decimals = groups.dropFirst().map { String(String($0 + Self.base).dropFirst()) }.joined()
    let padded = decimals + String(repeating: "0", count: max(0, 2 - decimals.count))
    let whole = String((UInt64(padded.prefix(2)) ?? 0) + 100 * groups[0])
    let rest = String(padded.dropFirst(2).reversed().drop { $0 == "0" }.reversed())
    return rest.isEmpty ? whole : "\(whole).\(rest)"
  }

  /// For readers.
  var text: Text { Text("\(percent.replacing(".", with: ",")) %", "\(percent)%") }
}

extension Declaration {
  /// A percentage of at most 100 with at most four decimals.
  func share() throws -> Share {
    guard let text = spelling, let share = Share(percent: text) else {
      throw error(
        "il faut un pourcentage de 0 à 100, avec quatre décimales au plus, comme 24.01.",
        "a percentage from 0 to 100 with at most four decimals is wanted, such as 24.01.")
    }
    return share
  }
}
