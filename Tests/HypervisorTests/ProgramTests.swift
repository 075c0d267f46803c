import Programs
import Testing

struct ProgramTests {
  @Test func whatIsGivenIsReadAndWhatIsWrittenIsGiven() async throws {
    let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0) }
    #expect(try await Program("cat").run([], input: bytes).bytes == bytes)
  }

  @Test func aProgramThatReadsNothingIsJudgedByItsEnd() async throws {
    let bytes = [UInt8](repeating: 1, count: 1 << 20)
    #expect(try await Program("sh").run(["-c", "exec <&-; exit 3"], input: bytes, accepting: [3]).status == 3)
    await #expect(throws: ProgramFailure.self) { try await Program("sh").run(["-c", "exec <&-; exit 3"], input: bytes) }
  }

  @Test func aCancelledTaskEndsItsProgram() async throws {
    let task = Task { try await Program("sleep").run(["60"], input: [UInt8](repeating: 1, count: 1 << 20)) }
    try await Task.sleep(for: .milliseconds(100))
    task.cancel()
    await #expect(throws: ProgramFailure.self) { try await task.value }
  }
}
