internal import Wire

/// Compares the lines of an export with the leaves of the log that they should be.
struct EntryComparison {
  private let lines: [ArraySlice<UInt8>]
  private let leaves: [MerkleHash]

  /// Missing numbers that a line which is nowhere is tried under.
  private static let maximumTried = 64
  /// Findings of one sort that are named one by one.
  private static let maximumNamed = 20
  /// What an export may claim to have beyond its lines: a number or a size that is greater is nobody's, and nothing is made as great as it.
  static let maximumFurther = 1_000_000

  init(_ lines: [ArraySlice<UInt8>], with leaves: [MerkleHash]) {
    self.lines = lines
    self.leaves = leaves
  }

  var findings: [LedgerFinding] {
    // Which entry of the log each line is, by its leaf.
    var entry: [Int?] = lines.enumerated().map { index, line in isLeaf(line, index + 1) ? index + 1 : nil }
    for index in lines.indices where entry[index] == nil {
      if let number = number(of: lines[index]), isLeaf(lines[index], number) { entry[index] = number }
    }
    var missing = Set(1..<leaves.count + 1).subtracting(entry.compactMap { $0 })
    // Somebody may have given entries other numbers, to hide a gap or an exchange.
    var renumbered: [Int] = []
    for index in lines.indices where entry[index] == nil && !missing.isEmpty {
      let shifted = index + 1 + leaves.count - lines.count
      let candidates = [shifted, index + 2, index] + (missing.count <= Self.maximumTried ? missing.sorted() : [])
      guard let number = candidates.first(where: { missing.contains($0) && isLeaf(Self.renumbered(lines[index], $0), $0) }) else { continue }
      entry[index] = number
      renumbered.append(number)
      missing.remove(number)
    }
    var altered: [LedgerFinding] = []
    for index in lines.indices where entry[index] == nil {
      let number = [number(of: lines[index]), index + 1].compactMap { $0 }.first { missing.contains($0) }
      if let number { missing.remove(number) }
      altered.append(number.map { .altered($0) } ?? .foreign(line: index + 1))
    }
    // What was altered is there: it is no gap.
    let present = entry.compactMap { $0 }
    let moved = Self.order(present) + Self.gaps(missing, upTo: leaves.count)
    // Where other numbers hide nothing, they are themselves what was altered.
    if moved.isEmpty { altered += renumbered.map { .altered($0) } }
    return Array(altered.prefix(Self.maximumNamed)) + moved
  }

  private func number(of line: ArraySlice<UInt8>) -> Int? { Self.number(of: line, among: lines.count) }

  private func isLeaf(_ line: ArraySlice<UInt8>, _ number: Int) -> Bool {
    leaves.indices.contains(number - 1) && LedgerVerifier.leaf(line, number) == leaves[number - 1]
  }

  /// What the numbers of entries tell by themselves.
  static func orderFindings(_ numbers: [Int], upTo size: Int) -> [LedgerFinding] {
    order(numbers) + gaps(Set(1..<max(size, numbers.max() ?? 0) + 1).subtracting(numbers), upTo: max(size, numbers.max() ?? 0))
  }

  private static func order(_ numbers: [Int]) -> [LedgerFinding] {
    let sorted = numbers.sorted()
    if let twice = zip(sorted, sorted.dropFirst()).first(where: { $0 == $1 }) { return [.twice(twice.0)] }
    let moved = numbers.indices.filter { numbers[$0] != sorted[$0] }
    guard let first = moved.first, let last = moved.last else { return [] }
    return [.reordered(numbers[first], numbers[last])]
  }

  private static func gaps(_ missing: Set<Int>, upTo size: Int) -> [LedgerFinding] {
    guard !missing.isEmpty else { return [] }
    var end = size
    while missing.contains(end) { end -= 1 }
    let inner = missing.filter { $0 < end }.sorted().prefix(maximumNamed).map { LedgerFinding.removed($0) }
    guard end < size else { return inner }
    return inner + [.removedNewest(end + 1...size, ("une tête signée les couvre", "a signed head covers them"))]
  }

  /// The number that a line of so many gives itself; nil where it can be none's.
  static func number(of line: ArraySlice<UInt8>, among lines: Int) -> Int? {
    let number = (try? JSON(parsing: Array(line)))?["sequence"]?.integer.flatMap { Int(exactly: $0) }
    return number.flatMap { (1...lines + maximumFurther).contains($0) ? $0 : nil }
  }

  /// The same line with another number. A quotation mark inside of a text is escaped, so that the member is found and nothing else.
  private static func renumbered(_ line: ArraySlice<UInt8>, _ number: Int) -> ArraySlice<UInt8> {
    let name = Array(#","sequence":"#.utf8)
    guard line.count > name.count,
      let start = (line.startIndex...(line.endIndex - name.count)).first(where: { line[$0...].starts(with: name) })
    else { return line }
    let digits = start + name.count
    let end = line[digits...].firstIndex { !(0x30...0x39).contains($0) } ?? line.endIndex
    return line[..<digits] + Array(String(number).utf8) + line[end...]
  }
}
