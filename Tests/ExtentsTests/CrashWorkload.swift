import Base
import Extents
import NIOCore
import Simulation
import Testing

/// Random work on a store, and what of it was acknowledged.
final class CrashWorkload {
  private let fixture: ExtentFixture
  private let random: SeededRandom
  /// The content of committed extents.
  private(set) var committed: [ExtentID: [UInt8]] = [:]
  /// Extents in the order of their commits, so that a seed always means the same run.
  private var order: [ExtentID] = []
  /// Extents that nobody may see: never committed, or released.
  private(set) var gone: [ExtentID] = []
  /// What else happened, to make sure that the workload has it.
  private(set) var moved = 0
  private(set) var removedSegments = 0

  init(_ fixture: ExtentFixture, seed: UInt64) {
    self.fixture = fixture
    random = SeededRandom(seed: seed)
  }

  /// Works until all is done. Throws the error that the disk gave when it died.
  func run(on store: ExtentStore, steps: Int) async throws {
    for _ in 0..<steps {
      switch random.number(below: 12) {
      case 0..<5: try await save(store)
      case 5: gone.append(try await fixture.write(content(), to: store).id)
      case 6: try await abandon(store)
      case 7: try await interleave(store)
      case 8..<11: try await release(store)
      default: try await compact(store)
      }
    }
  }

  func compact(_ store: ExtentStore) async throws {
    let report = try await store.compact()
    moved += report.movedExtents
    removedSegments += report.removedSegments
  }

  /// Releases all but a few.
  func releaseMost(_ store: ExtentStore) async throws {
    while order.count > 4 { try await release(store) }
  }

  func save(_ store: ExtentStore) async throws {
    let content = content()
    let extent = try await fixture.write(content, to: store, piece: 1 + random.number(below: 6000))
    try await commit(extent, content, store)
  }

  /// Checks everything that was acknowledged, and that nothing else is there.
  func check(_ store: ExtentStore, _ comment: Comment) async throws {
    for id in order {
      guard let content = committed[id] else { continue }
      let found = try? await fixture.read(id, 0..<content.count, from: store)
      #expect(found == content, comment)
    }
    for id in gone {
      await #expect(throws: ExtentError.noSuchExtent(id), comment) { try await fixture.read(id, 0..<1, from: store) }
    }
    #expect(fixture.log.take().isEmpty, comment)
  }

  private func content() -> [UInt8] {
    random.bytes(1 + random.number(below: random.number(below: 8) == 0 ? 40_000 : 6000))
  }

  private func commit(_ extent: SealedExtent, _ content: [UInt8], _ store: ExtentStore) async throws {
    try await fixture.commit(extent, to: store)
    committed[extent.id] = content
    order.append(extent.id)
  }

  private func release(_ store: ExtentStore) async throws {
    guard !order.isEmpty else { return }
    let id = order.remove(at: random.number(below: order.count))
    try await fixture.release(id, from: store)
    committed[id] = nil
    gone.append(id)
  }

  private func abandon(_ store: ExtentStore) async throws {
    let content = content()
    let writer = try await store.write(length: content.count + 1, tenant: fixture.tenant, key: fixture.key)
    try await writer.append(ByteBuffer(bytes: content))
    writer.cancel()
  }

  /// Two extents at once; the second is committed first.
  private func interleave(_ store: ExtentStore) async throws {
    let contents = [content(), content()]
    var writers: [ExtentWriter] = []
    for content in contents { writers.append(try await store.write(length: content.count, tenant: fixture.tenant, key: fixture.key)) }
    for start in stride(from: 0, to: contents.map(\.count).max() ?? 0, by: 3000) {
      for (writer, content) in zip(writers, contents) where start < content.count {
        try await writer.append(ByteBuffer(bytes: content[start..<min(start + 3000, content.count)]))
      }
    }
    for index in [1, 0] { try await commit(try await writers[index].finish(), contents[index], store) }
  }
}
