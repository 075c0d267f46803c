import Base
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct QueueRestartTests {
  private func queue() async throws -> QueueFixture {
    let queues = try await QueueFixture()
    try await queues.makeQueue()
    return queues
  }

  @Test func whatWasAcknowledgedIsThereAfterAKill() async throws {
    let queues = try await queue()
    for text in ["taken", "deleted", "left"] { try await queues.put(text) }
    let taken = try await queues.get(2, hiddenSeconds: 60)
    #expect(try await queues.delete(taken[1]).status == 204)
    let again = try await queues.killed()
    #expect(try await again.count() == 2)
    #expect(try await again.peek() == ["left"])
    queues.clock.advance(by: .seconds(59))
    #expect(try await again.peek() == ["left"])
    queues.clock.advance(by: .seconds(1))
    #expect(try await again.peek() == ["left", "taken"])
    // Its pop receipt is as good as before.
    #expect(try await again.delete(taken[0]).status == 204)
    #expect(try await again.count() == 1)
  }

  @Test func aPurgeGoesOnAfterAKill() async throws {
    let queues = try await queue()
    for number in 0..<100 { try await queues.put("\(number)") }
    try await queues.send(.DELETE, "jobs")
    let again = try await queues.killed()
    while try await !again.endpoint.purge() {}
    try await again.makeQueue()
    #expect(try await again.peek() == [])
    #expect(try await again.count() == 0)
  }

  /// Both while the service runs on and where it was killed in between.
  @Test(arguments: [false, true]) func aClockThatIsPutBackNeitherLosesNorHidesAMessage(isKilled: Bool) async throws {
    let before = try await queue()
    for text in ["visible", "taken", "delayed"] { try await before.put(text, hiddenSeconds: text == "delayed" ? 60 : 0, lifeSeconds: 300) }
    let first = try await before.get(hiddenSeconds: 10)
    #expect(first.map(\.text) == ["visible"])
    before.clock.advance(by: .seconds(10))
    let second = try await before.get(2, hiddenSeconds: 30)
    #expect(second.map(\.text) == ["taken", "visible"])
    let shown = [(name: "popreceipt", value: second[1].receipt), (name: "visibilitytimeout", value: "0")]
    #expect(try await before.send(.PUT, "jobs/messages/\(second[1].id)", shown).status == 204)

    before.clock.set(before.clock.now().advanced(by: .seconds(-3600)))
    let queues = isKilled ? try await before.killed() : before
    if isKilled { queues.clock.restart() }
    #expect(try await queues.peek() == ["visible"])
    // Clients are told the time of day as it is now.
    let put = try await queues.put("new", hiddenSeconds: 5)
    #expect(put.inserted == queues.clock.now().httpDate)
    #expect(put.nextVisible == queues.clock.now().advanced(by: .seconds(5)).httpDate)
    #expect(try await queues.get(32, hiddenSeconds: 1000).map(\.text) == ["visible"])
    queues.clock.advance(by: .seconds(29))
    #expect(try await queues.peek() == ["new"])
    queues.clock.advance(by: .seconds(1))
    #expect(try await queues.peek() == ["new", "taken"])
    queues.clock.advance(by: .seconds(20))
    #expect(try await queues.peek() == ["new", "taken", "delayed"])
    queues.clock.advance(by: .seconds(239))
    #expect(try await queues.peek() == ["new", "taken", "delayed"])
    queues.clock.advance(by: .seconds(1))
    #expect(try await queues.peek() == ["new"])
  }

  @Test func aClockThatIsPutForwardShowsNothingEarly() async throws {
    let queues = try await queue()
    try await queues.put("text", lifeSeconds: 600)
    #expect(try await queues.get(hiddenSeconds: 60).count == 1)
    queues.clock.set(queues.clock.now().advanced(by: .seconds(86400)))
    #expect(try await queues.get() == [])
    _ = try await queues.endpoint.purge()
    queues.clock.advance(by: .seconds(60))
    #expect(try await queues.get().map(\.text) == ["text"])
  }
}
