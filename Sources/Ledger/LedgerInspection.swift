public import Base
public import Records
internal import Wire

/// What somebody sees of the log who has its records and none of its keys: whether entries are what their leaves commit to, and heads those of the tree.
public struct LedgerInspection: Sendable {
  public let size: Int
  /// The newest that is signed.
  public let head: LedgerHead?
  public let checkedEntries: Int
  /// The numbers of those that are missing, or are not what their leaf commits to.
  public let wrongEntries: [Int]
  public let checkedHeads: Int
  /// The sizes of those whose root is not the tree's, or whose signature is not their node's.
  public let wrongHeads: [Int]
  /// Of every witness that was ever asked.
  public let witnesses: [WitnessState]

  private static let maximumWitnesses = 100

  /// Looks at the newest entry and head, and at samples of so many of the others.
  public init(entries: Int, heads: Int, random: any RandomSource, in reader: any RecordReader) throws {
    let size = try Ledger.log.size(in: reader)
    self.size = size
    let numbers = size == 0 ? [] : Set((0..<entries).map { _ in 1 + random.number(below: size) } + [size]).sorted()
    checkedEntries = numbers.count
    wrongEntries = try numbers.filter { number in
      let entry = try reader.fetch(FiledEntry.self, FiledEntry.key(number))
      return try entry?.leaf.hash != Ledger.log.leaf(number - 1, in: reader)
    }
    let newest = try reader.last(LedgerHead.self, under: LedgerHead.all)
    head = newest
    var sample: [Int: LedgerHead] = [:]
    if let newest {
      sample[newest.size] = newest
      for _ in 0..<heads {
        let size = random.number(below: max(1, newest.size))
        guard let found = try reader.list(LedgerHead.self, under: LedgerHead.all, after: LedgerHead.key(size), limit: 1).first else { continue }
        sample[found.size] = found
      }
    }
    checkedHeads = sample.count
    wrongHeads = try sample.values.filter { try !Self.isGood($0, size: size, in: reader) }.map(\.size).sorted()
    witnesses = try reader.list(WitnessState.self, under: WitnessState.all, limit: Self.maximumWitnesses)
  }

  private static func isGood(_ head: LedgerHead, size: Int, in reader: any RecordReader) throws -> Bool {
    guard head.size > 0, head.size <= size else { return false }
    let root = try Ledger.log.root(at: head.size, in: reader)
    guard root.hexadecimal == head.root, let signature = Base64.decode(head.signature),
      let certificate = try reader.fetch(NodeCertificate.self, NodeCertificate.key(head.nodeCertificate))
    else { return false }
    return LedgerIdentity.isGood(signature, over: root, by: certificate.pem)
  }
}

extension Ledger {
  /// The newest entries that have their places, the last one last.
  public static func newestEntries(_ limit: Int, in reader: any RecordReader) throws -> [FiledEntry] {
    let first = max(0, try log.size(in: reader) - limit)
    return try reader.list(FiledEntry.self, under: FiledEntry.all, after: FiledEntry.key(first), limit: limit)
  }
}
