import NIOHTTP1
import Storage
import Testing
import Wire

@Suite struct StructuredContentTests {
  private static let name = ("x-ms-structured-body", StructuredMessage.name)

  private func message(_ content: [UInt8]) -> [UInt8] {
    var encoder = StructuredMessage.Encoder(contentBytes: content.count)
    return encoder.begin() + content + (content.isEmpty ? [] : content.withUnsafeBytes { encoder.add($0) })
  }

  private func put(_ fixture: StorageFixture, _ message: [UInt8], contentBytes: Int) async throws -> Answer {
    let headers = [("x-ms-blob-type", "BlockBlob"), Self.name, ("x-ms-structured-content-length", String(contentBytes))]
    return try await fixture.send(.PUT, "con/b", [], headers, body: PiecesBody(message))
  }

  @Test(arguments: [0, 3, 20_000, 300_000])
  func contentIsStoredBare(bytes: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let content = fixture.bytes(bytes)
    let answer = try await put(fixture, message(content), contentBytes: bytes)
    #expect(answer.status == 201, "\(answer)")
    #expect(answer[Self.name.0] == StructuredMessage.name)
    let read = try await fixture.send(.GET, "con/b")
    #expect(read.body == content)
    #expect(read[Self.name.0] == nil)
  }

  @Test(arguments: [0, 3, 20_000, 300_000])
  func contentIsSentAsAMessageToWhoWantsIt(bytes: Int) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let content = fixture.bytes(bytes)
    try await fixture.put("con/b", content)
    let answer = try await fixture.send(.GET, "con/b", [], [Self.name])
    #expect(answer.status == 200)
    #expect(answer.body == message(content))
    #expect(answer.length == answer.body.count)
    #expect(answer["x-ms-structured-content-length"] == String(bytes))
    guard bytes > 10 else { return }
    let part = try await fixture.send(.GET, "con/b", [], [Self.name, ("x-ms-range", "bytes=1-4")])
    #expect(part.status == 206)
    #expect(part.body == message(Array(content[1...4])))
  }

  @Test func whatArrivesDamagedIsNotStored() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let content = fixture.bytes(300_000)
    var damaged = message(content)
    damaged[1000] ^= 1
    #expect(try await put(fixture, damaged, contentBytes: content.count).code == "Crc64Mismatch")
    #expect(try await put(fixture, message(content).dropLast() + [], contentBytes: content.count).status == 400)
    #expect(try await put(fixture, message(content), contentBytes: content.count - 1).status == 400)
    #expect(try await put(fixture, Array("no message at all, but long enough".utf8), contentBytes: 5).status == 400)
    #expect(try await fixture.send(.HEAD, "con/b").status == 404)
  }

  @Test func whatNamesItWronglyIsRefused() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let type = ("x-ms-blob-type", "BlockBlob")
    let other = try await fixture.send(.PUT, "con/b", [], [type, ("x-ms-structured-body", "XSM/9")], body: PiecesBody(message([1])))
    #expect(other.code == "InvalidHeaderValue")
    let lengthless = try await fixture.send(.PUT, "con/b", [], [type, Self.name], body: PiecesBody(message([1])))
    #expect(lengthless.code == "MissingRequiredHeader")
    #expect(try await fixture.send(.PUT, "con/b", [("comp", "blocklist")], [Self.name], body: PiecesBody(message([1]))).status == 400)
  }
}
