internal import Base
internal import Records
internal import Wire

/// The parts of a table in which a filter can hold, by what it says of the keys: a query reads these and nothing else.
struct KeyScope: Sendable {
  /// An interval of one of the two keys, by UTF-16 code units.
  struct Interval: Sendable {
    struct End: Sendable {
      var value: String
      var isInclusive: Bool
    }

    var lower: End?
    var upper: End?

    init(lower: End? = nil, upper: End? = nil) {
      self.lower = lower
      self.upper = upper
    }

    init?(_ comparison: ODataFilter.Comparison, _ value: String) {
      let (inclusive, exclusive) = (End(value: value, isInclusive: true), End(value: value, isInclusive: false))
      switch comparison {
      case .equal: self.init(lower: inclusive, upper: inclusive)
      case .greater: self.init(lower: exclusive)
      case .greaterOrEqual: self.init(lower: inclusive)
      case .less: self.init(upper: exclusive)
      case .lessOrEqual: self.init(upper: inclusive)
      case .notEqual: return nil
      }
    }

    /// The one value that it holds, where it is closed at both ends by the same.
    var point: String? {
      guard let lower, let upper, lower.isInclusive, upper.isInclusive, lower.value.utf8.elementsEqual(upper.value.utf8) else { return nil }
      return lower.value
    }

    func intersection(_ other: Interval) -> Interval {
      var result = self
      if let end = other.lower, result.lower.map({ $0.value.ordinallyPrecedes(end.value) || Self.isSame($0, end) && !end.isInclusive }) ?? true {
        result.lower = end
      }
      if let end = other.upper, result.upper.map({ end.value.ordinallyPrecedes($0.value) || Self.isSame($0, end) && !end.isInclusive }) ?? true {
        result.upper = end
      }
      return result
    }

    private static func isSame(_ left: End, _ right: End) -> Bool { left.value.utf8.elementsEqual(right.value.utf8) }
  }

  var partitions = Interval()
  var rows = Interval()

  /// Scopes that one filter may be split into; one that would give more is read in fewer, larger ones.
  static let maximumScopes = 64

  /// The scopes of a filter: their union holds every entity for which the filter can hold.
  static func scopes(of filter: TableFilter?) -> [KeyScope] {
    filter.map { scopes(of: $0.root) } ?? [KeyScope()]
  }

  private static func scopes(of condition: TableFilter.Condition) -> [KeyScope] {
    switch condition {
    case .and(let members):
      return members.reduce([KeyScope()]) { result, member in
        let others = scopes(of: member)
        // Leaving a condition out only makes the scopes larger.
        guard result.count * others.count <= maximumScopes else { return result.count <= others.count ? result : others }
        return result.flatMap { scope in others.map { scope.intersection($0) } }
      }
    case .or(let members):
      let all = members.flatMap { scopes(of: $0) }
      return all.count <= maximumScopes ? all : [KeyScope()]
    case .comparison("PartitionKey", let comparison, .string(let value)):
      return [KeyScope(partitions: Interval(comparison, value) ?? Interval())]
    case .comparison("RowKey", let comparison, .string(let value)):
      return [KeyScope(rows: Interval(comparison, value) ?? Interval())]
    case .constant(false): return []
    case .not, .comparison, .truth, .constant: return [KeyScope()]
    }
  }

  private func intersection(_ other: KeyScope) -> KeyScope {
    KeyScope(partitions: partitions.intersection(other.partitions), rows: rows.intersection(other.rows))
  }

  /// The ranges of records to read, in order and apart from one another. `from` is where a list goes on; `signed` what a signature reaches.
  static func ranges(_ scopes: [KeyScope], in table: Table, from: EntityKey?, signed: SignedKeyRange?) -> [Range<KeyBytes>] {
    let place = Place(table: table)
    let lower = from.map { Entity.keys(from: .before(place.key($0.partition, $0.row)), to: .after(place.key())).lowerBound }
    let reach = signed.map { place.range($0) }
    var ranges = scopes.map { place.range($0) }
    if let lower { ranges = ranges.map { $0.clamped(to: lower..<max(lower, $0.upperBound)) } }
    if let reach { ranges = ranges.map { $0.clamped(to: reach) } }
    ranges = ranges.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
    var merged: [Range<KeyBytes>] = []
    for range in ranges {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  /// Makes ranges of one table's keys.
  private struct Place {
    let table: Table

    func key(_ names: String...) -> RecordKey {
      RecordKey(tenant: table.tenant, components: [table.id.description] + names.map(\.ordinalComponent))
    }

    func range(_ scope: KeyScope) -> Range<KeyBytes> {
      if let partition = scope.partitions.point {
        return Entity.keys(
          from: scope.rows.lower.map { bound(key(partition, $0.value), isBefore: $0.isInclusive) } ?? .before(key(partition)),
          to: scope.rows.upper.map { bound(key(partition, $0.value), isBefore: !$0.isInclusive) } ?? .after(key(partition)))
      }
      return Entity.keys(
        from: scope.partitions.lower.map { bound(key($0.value), isBefore: $0.isInclusive) } ?? .before(key()),
        to: scope.partitions.upper.map { bound(key($0.value), isBefore: !$0.isInclusive) } ?? .after(key()))
    }

    func range(_ signed: SignedKeyRange) -> Range<KeyBytes> {
      var (lower, upper) = (RecordBound.before(key()), RecordBound.after(key()))
      if let partition = signed.startPartition { lower = .before(signed.startRow.map { key(partition, $0) } ?? key(partition)) }
      if let partition = signed.endPartition { upper = .after(signed.endRow.map { key(partition, $0) } ?? key(partition)) }
      return Entity.keys(from: lower, to: upper)
    }

    private func bound(_ key: RecordKey, isBefore: Bool) -> RecordBound { isBefore ? .before(key) : .after(key) }
  }
}
