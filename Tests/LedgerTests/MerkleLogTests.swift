import Base
import Crypto
import Ledger
import Records
import Simulation
import Testing

@Suite struct MerkleLogTests {
  private let directory = ScratchDirectory()
  private let records: SQLiteRecordStore

  init() throws { records = try SQLiteRecordStore(path: directory("records")) }

  /// The definition, as RFC 6962 writes it.
  private static func root(_ leaves: ArraySlice<MerkleHash>, _ hashing: MerkleHashing) -> MerkleHash {
    guard let first = leaves.first else { return MerkleHash(of: []) }
    guard leaves.count > 1 else { return first }
    var middle = 1
    while middle * 2 < leaves.count { middle *= 2 }
    let cut = leaves.startIndex + middle
    return hashing.node(root(leaves[..<cut], hashing), root(leaves[cut...], hashing))
  }

  private static func leaf(_ number: Int) -> MerkleHash { MerkleHash(of: Array("leaf \(number)".utf8)) }

  private func append(_ leaves: [MerkleHash], to log: MerkleLog) async throws {
    try await records.write { try log.append(leaves, in: $0) }
  }

  @Test(arguments: [MerkleHashing.ccf, .rfc6962]) func everyRootUpToSixHundredLeavesIsThatOfTheDefinition(hashing: MerkleHashing) async throws {
    let log = MerkleLog(id: SystemRandom().guid(), tenant: .zero, hashing: hashing)
    let leaves = (0..<600).map(Self.leaf)
    let random = SeededRandom(seed: 4)
    var size = 0
    while size < leaves.count {
      let count = min(leaves.count - size, 1 + random.number(below: 40))
      try await append(Array(leaves[size..<size + count]), to: log)
      size += count
    }
    try await records.read { reader in
      let whole = try log.size(in: reader)
      #expect(whole == 600)
      for size in 0...600 {
        let root = try log.root(at: size, in: reader)
        #expect(root == Self.root(leaves[..<size], hashing), "size \(size)")
      }
    }
  }

  @Test(arguments: [MerkleHashing.ccf, .rfc6962]) func everyPathLeadsToTheRootAndNoneFromAnotherLeafDoes(hashing: MerkleHashing) async throws {
    let log = MerkleLog(id: SystemRandom().guid(), tenant: .zero, hashing: hashing)
    let leaves = (0..<600).map(Self.leaf)
    try await append(leaves, to: log)
    let random = SeededRandom(seed: 5)
    try await records.read { reader in
      for size in [1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 600] {
        let root = Self.root(leaves[..<size], hashing)
        for index in size <= 7 ? Array(0..<size) : (0..<20).map({ _ in random.number(below: size) }) + [0, size - 1] {
          let path = try log.path(of: index, at: size, in: reader)
          #expect(MerkleProof.root(of: leaves[index], path, hashing) == root, "\(index) of \(size)")
          if size > 1 { #expect(MerkleProof.root(of: Self.leaf(9999), path, hashing) != root) }
        }
      }
      #expect(throws: LedgerError.outOfRange) { try log.path(of: 600, in: reader) }
      #expect(throws: LedgerError.outOfRange) { try log.path(of: 3, at: 3, in: reader) }
      #expect(throws: LedgerError.outOfRange) { try log.root(at: 601, in: reader) }
    }
  }

  @Test func aProofOfConsistencyHoldsForItsTwoSizesAlone() async throws {
    let log = MerkleLog(id: SystemRandom().guid(), tenant: .zero)
    let leaves = (0..<600).map(Self.leaf)
    try await append(leaves, to: log)
    let random = SeededRandom(seed: 6)
    try await records.read { reader in
      for _ in 0..<300 {
        let size = 1 + random.number(below: 600)
        let earlier = random.number(below: size + 1)
        let proof = try log.consistency(from: earlier, to: size, in: reader)
        let (old, new) = ((earlier, Self.root(leaves[..<earlier], .ccf)), (size, Self.root(leaves[..<size], .ccf)))
        #expect(MerkleProof.isConsistent(proof, from: old, to: new), "\(earlier) to \(size)")
        guard earlier > 0, earlier < size else { continue }
        #expect(!MerkleProof.isConsistent(proof, from: (earlier, Self.leaf(1)), to: new), "\(earlier) to \(size), another root before")
        #expect(!MerkleProof.isConsistent(proof, from: old, to: (size, Self.leaf(1))), "\(earlier) to \(size), another root behind")
        #expect(!MerkleProof.isConsistent(proof + [Self.leaf(1)], from: old, to: new), "\(earlier) to \(size), one hash more")
        #expect(!MerkleProof.isConsistent(Array(proof.dropLast()), from: old, to: new), "\(earlier) to \(size), one hash less")
      }
    }
  }

  /// Source: google/certificate-transparency, `merkletree` test data, which implementations of RFC 6962 share.
  @Test func theTreeOfTransparencyIsThatOfCertificateTransparency() async throws {
    let inputs: [[UInt8]] = [
      [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
      Array(0x60...0x6F),
    ]
    let roots = [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    let log = MerkleLog(id: .zero, tenant: .zero, hashing: .rfc6962)
    try await append(inputs.map { MerkleHashing.rfc6962.leaf(of: $0) }, to: log)
    let found = try await records.read { reader in try (1...8).map { try log.root(at: $0, in: reader).hexadecimal } }
    #expect(found == roots)
  }

  @Test func atAMillionLeavesAnAppendWritesAFewRecordsAndAReceiptReadsAFew() async throws {
    let log = MerkleLog(id: SystemRandom().guid(), tenant: SystemRandom().guid())
    let size = 1_000_000
    for start in stride(from: 0, to: size, by: 50_000) {
      try await append((start..<start + 50_000).map { MerkleHash(UInt64($0).littleEndianBytes) ?? .zero }, to: log)
    }
    let before = try await everything(of: log)
    try await append([Self.leaf(1)], to: log)
    let after = try await everything(of: log)
    let changed = after.filter { before[$0.key] != $0.value }
    #expect(changed.count <= 2, "records that one append wrote")
    #expect(changed.values.map(\.count).reduce(0, +) <= 9 << 10, "bytes that one append wrote")
    let random = SeededRandom(seed: 7)
    let indexes = (0..<100).map { _ in random.number(below: size) }
    let most = try await records.read { reader in
      try indexes.map { index in
        let counting = CountingReader(reader)
        let path = try log.path(of: index, in: counting)
        #expect(path.count <= 20)
        return counting.count
      }.max() ?? 0
    }
    // The size, one tile of each level on the leaf's way, one of each at the right edge.
    #expect(most <= 7, "records that one receipt reads")
    let heads = try await records.read { reader in
      let counting = CountingReader(reader)
      _ = try log.root(in: counting)
      return counting.count
    }
    #expect(heads <= 4, "records that a head reads")
  }

  private func everything(of log: MerkleLog) async throws -> [[UInt8]: [UInt8]] {
    try await records.read { reader in
      let entries = try reader.entries(in: KeyBytes.prefixed(by: log.tenant.bytes), limit: .max, reversed: false)
      return Dictionary(entries.map { ($0.key, $0.value) }) { $1 }
    }
  }

  @Test func appendersAtTheSameTimeLoseNothing() async throws {
    let log = MerkleLog(id: SystemRandom().guid(), tenant: .zero)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { for number in 0..<40 { try await self.append([Self.leaf(task * 1000 + number)], to: log) } }
      }
      try await group.waitForAll()
    }
    let (leaves, root) = try await records.read { reader in
      (try (0..<320).map { try log.leaf($0, in: reader) }, try log.root(in: reader))
    }
    #expect(Set(leaves) == Set((0..<8).flatMap { task in (0..<40).map { Self.leaf(task * 1000 + $0) } }))
    #expect(root == Self.root(leaves[...], .ccf))
  }

  @Test func aLogThatIsRemovedIsGoneAndItsNeighboursAreNot() async throws {
    let (log, other) = (MerkleLog(id: SystemRandom().guid(), tenant: .zero), MerkleLog(id: SystemRandom().guid(), tenant: .zero))
    for log in [log, other] { try await append((0..<300).map(Self.leaf), to: log) }
    try await records.write { transaction in _ = try log.remove(limit: 100, in: transaction) }
    let (size, root) = try await records.read { (try log.size(in: $0), try other.root(in: $0)) }
    #expect(size == 0)
    #expect(root == Self.root((0..<300).map(Self.leaf)[...], .ccf))
  }
}

extension UInt64 {
  fileprivate var littleEndianBytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(8 * $0)) } + [UInt8](repeating: 0, count: 24)
  }
}
