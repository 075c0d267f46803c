import Base
import NIOHTTP1
import Simulation
import Testing

/// A page blob as it should be, in memory, beside the one that the service has: random work on both, and a comparison.
final class PageBlobModel {
  private static let page = 512
  private static let maximumPages = 80 << 11
  private let path = "con/disk"
  private let random: SeededRandom
  private let seed: UInt64
  private(set) var process: BlobProcess

  /// What a page holds, and after how many snapshots it was written.
  private struct Page: Equatable {
    var fill: UInt8
    var epoch: Int
  }

  private struct State {
    /// In pages.
    var size: Int
    var pages: [Int: Page] = [:]
    /// Pages that were cleared, and after how many snapshots last.
    var cleared: [Int: Int] = [:]
  }

  private var live = State(size: maximumPages)
  /// By the number of the snapshot.
  private var snapshots: [Int: (name: String, state: State)] = [:]
  private var snapshotCount = 0

  init(seed: UInt64) async throws {
    self.seed = seed
    random = SeededRandom(seed: seed)
    process = try await BlobProcess(seed: seed)
    try await process.make(path, "PageBlob", size: Self.maximumPages * Self.page)
  }

  func run(steps: Int) async throws {
    for step in 0..<steps {
      switch random.number(below: 40) {
      case 0..<16: try await write(at: random.number(below: live.size), count: 1 + random.number(below: 24))
      case 16..<19: try await write(at: random.number(below: live.size), count: 8192)
      case 19: for window in 0..<80 { try await write(at: window << 11, count: 1) }
      case 20..<26: try await clear(at: random.number(below: live.size), count: 1 + random.number(below: 64))
      case 26: try await clear(at: random.number(below: live.size), count: .max)
      case 27: try await resize()
      case 28..<32: try await snapshot()
      case 32..<35: try await deleteSnapshot()
      case 35, 36: try await process.purge()
      case 37: process = try await process.killed()
      default: try await check(step)
      }
    }
    try await check(steps)
  }

  /// Deletes everything.
  func end() async throws {
    #expect(try await process.send(.DELETE, path, [], [("x-ms-delete-snapshots", "include")]).status == 202)
    try await process.purge()
  }

  // MARK: Work

  private func write(at first: Int, count: Int) async throws {
    let count = min(count, live.size - first)
    guard count > 0 else { return }
    let fill = UInt8(1 + random.number(below: 255))
    let answer = try await process.putPage(path, at: first * Self.page, [UInt8](repeating: fill, count: count * Self.page))
    #expect(answer.status == 201, "\(answer), seed \(seed)")
    for page in first..<first + count {
      live.pages[page] = Page(fill: fill, epoch: snapshotCount)
      live.cleared[page] = nil
    }
  }

  private func clear(at first: Int, count: Int) async throws {
    let count = min(count, live.size - first)
    guard count > 0 else { return }
    let answer = try await process.clearPage(path, first * Self.page..<(first + count) * Self.page)
    #expect(answer.status == 201, "\(answer), seed \(seed)")
    for page in first..<first + count { forget(page) }
  }

  private func forget(_ page: Int) {
    live.pages[page] = nil
    live.cleared[page] = snapshotCount
  }

  private func resize() async throws {
    let size = random.number(below: 4) == 0 ? random.number(below: 4096) : Self.maximumPages - random.number(below: 4096)
    let header = ("x-ms-blob-content-length", "\(size * Self.page)")
    #expect(try await process.send(.PUT, path, [("comp", "properties")], [header]).status == 200)
    if size < live.size { for page in size..<live.size { forget(page) } }
    live.size = size
  }

  private func snapshot() async throws {
    snapshots[snapshotCount] = (try await process.snapshot(path), live)
    snapshotCount += 1
  }

  private func deleteSnapshot() async throws {
    let numbers = snapshots.keys.sorted()
    guard !numbers.isEmpty else { return }
    let number = numbers[random.number(below: numbers.count)]
    let name = snapshots.removeValue(forKey: number)?.name ?? ""
    #expect(try await process.send(.DELETE, path, [("snapshot", name)]).status == 202)
  }

  // MARK: Comparison

  private func check(_ step: Int) async throws {
    let comment = "seed \(seed), step \(step)"
    try await check(live, [], comment)
    for number in snapshots.keys.sorted() {
      guard let (name, state) = snapshots[number] else { continue }
      try await check(state, [("snapshot", name)], "\(comment), snapshot \(number)")
      try await checkDifference(live, [], since: number, "\(comment), difference from \(number)")
      guard let (later, target) = snapshots[number + 1] else { continue }
      try await checkDifference(target, [("snapshot", later)], since: number, "\(comment), snapshot \(number + 1) from \(number)")
    }
  }

  private func check(_ state: State, _ query: [(name: String, value: String)], _ comment: String) async throws {
    let ranges = try await process.ranges(path, query, perPage: random.number(below: 2) == 0 ? 3 : nil)
    #expect(Set(ranges.written.flatMap(Self.pages)) == Set(state.pages.keys), "\(comment)")
    #expect(ranges.cleared.isEmpty, "\(comment)")
    guard state.size > 0 else { return }
    // Somewhere, in which there is something and in which there is not.
    for start in [random.number(below: state.size), ranges.written.randomElement(using: &generator)?.lowerBound ?? 0] {
      let first = min(start >= state.size ? start / Self.page : start, state.size - 1)
      let range = first..<min(state.size, first + 1 + random.number(below: 4096))
      let header = ("x-ms-range", "bytes=\(range.lowerBound * Self.page)-\(range.upperBound * Self.page - 1)")
      let bytes = try await process.send(.GET, path, query, [header]).body
      #expect(bytes.count == range.count * Self.page, "\(comment)")
      for page in range where bytes.count == range.count * Self.page {
        let offset = (page - range.lowerBound) * Self.page
        let fill = state.pages[page]?.fill ?? 0
        guard bytes[offset..<offset + Self.page].allSatisfy({ $0 == fill }) else {
          Issue.record("page \(page) holds \(bytes[offset]) instead of \(fill): \(comment)")
          return
        }
      }
    }
  }

  private lazy var generator = SeededGenerator(random)

  /// Exactly what was written since must be listed as written. What held something and holds nothing must be listed as cleared; what was cleared
  /// besides may be.
  private func checkDifference(_ state: State, _ query: [(name: String, value: String)], since number: Int, _ comment: String) async throws {
    guard let base = snapshots[number] else { return }
    let ranges = try await process.ranges(path, query + [("prevsnapshot", base.name)], perPage: random.number(below: 2) == 0 ? 5 : nil)
    let written = Set(state.pages.filter { $0.value.epoch > number }.keys)
    #expect(Set(ranges.written.flatMap(Self.pages)) == written, "\(comment)")
    let cleared = Set(ranges.cleared.flatMap(Self.pages))
    let must = Set(base.state.pages.keys.filter { state.pages[$0] == nil && $0 < state.size })
    #expect(must.isSubset(of: cleared), "\(comment)")
    let may = Set(state.cleared.filter { $0.value > number }.keys)
    #expect(cleared.isSubset(of: may), "\(comment)")
  }

  private static func pages(_ range: Range<Int>) -> Range<Int> {
    range.lowerBound / page..<range.upperBound / page
  }
}

private struct SeededGenerator: RandomNumberGenerator {
  private let random: SeededRandom

  init(_ random: SeededRandom) {
    self.random = random
  }

  func next() -> UInt64 {
    random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
