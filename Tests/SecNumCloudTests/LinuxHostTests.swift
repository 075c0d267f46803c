import Base
import SecNumCloud
import Simulation
import Testing

struct LinuxHostTests {
  private let host = LinuxHost(programLimit: .seconds(120))

  @Test func `a file of the kernel's, whose length nobody knows, is read to its end or to the limit`() throws {
    let whole = try #require(try host.bytes(of: "/proc/self/status", from: 0, limit: 1 << 20))
    #expect(whole.count > 100)
    #expect(try host.bytes(of: "/proc/self/status", from: 5, limit: 10) == Array(whole[5..<15]))
    #expect(throws: ObservationFailure.self) { try host.text(of: "/proc/self/status", limit: 10) }
  }

  @Test func `what is not there is nil, what may not be read is an error`() throws {
    #expect(try host.bytes(of: "/nowhere/file", from: 0, limit: 10) == nil)
    #expect(try host.bytes(of: "/etc/passwd/file", from: 0, limit: 10) == nil)
    #expect(try host.names(in: "/nowhere") == nil)
    #expect(try host.attributes(of: "/nowhere") == nil)
    #expect(host.destination(of: "/nowhere") == nil)
    #expect(throws: DiskError.self) { try host.bytes(of: "/", from: 0, limit: 10) }
  }

  @Test func `a link is a link, with where it leads`() throws {
    let attributes = try #require(try host.attributes(of: "/proc/self/exe"))
    #expect(attributes.isLink && !attributes.isFolder)
    #expect(host.destination(of: "/proc/self/exe")?.hasPrefix("/") == true)
    #expect(try host.attributes(of: "/proc")?.isFolder == true)
  }

  @Test func `a program's status is told, and a program that is not there is an error`() async throws {
    let answer = try await host.run("sh", ["-c", "echo said; exit 3"])
    #expect(answer.status == 3)
    #expect(answer.output == "said\n")
    await #expect(throws: (any Error).self) { try await host.run("/nowhere/program", []) }
  }
}
