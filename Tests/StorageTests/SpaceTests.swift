import Foundation
import NIOHTTP1
import Simulation
import Storage
import Testing

/// What is deleted takes no place.
@Suite(.timeLimit(.minutes(10))) struct SpaceTests {
  private static let (blobs, again, workers) = (50_000, 10_000, 16)

  /// Bytes of the records' file and its log.
  private func size(_ fixture: StorageFixture) throws -> Int {
    try ["records", "records-wal"].reduce(0) { total, name in
      let attributes = try FileManager.default.attributesOfItem(atPath: fixture.directory(name))
      return total + (attributes[.size] as? Int ?? 0)
    }
  }

  private func each(of count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<Self.workers {
        group.addTask {
          for number in stride(from: worker, to: count, by: Self.workers) { try await body(number) }
        }
      }
      try await group.waitForAll()
    }
  }

  private func makeAndDelete(_ count: Int, _ fixture: StorageFixture) async throws {
    let bytes = fixture.bytes(200)
    try await each(of: count) { number in
      let status = try await fixture.put("con/\(number)", bytes).status
      #expect(status == 201)
    }
    try await each(of: count) { number in
      let status = try await fixture.send(.DELETE, "con/\(number)").status
      #expect(status == 202)
    }
    try await fixture.purge()
  }

  @Test func fiftyThousandBlobsGiveTheirSpaceBack() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let before = try await fixture.count("storage.")
    try await makeAndDelete(Self.blobs, fixture)
    #expect(try await fixture.count("storage.") == before, "no record of theirs is left")
    let size = try size(fixture)
    #expect(size > Self.blobs * 200, "they were there")
    // What they took is taken again, and no more.
    try await makeAndDelete(Self.again, fixture)
    #expect(try self.size(fixture) <= size + size / 20)
  }
}
