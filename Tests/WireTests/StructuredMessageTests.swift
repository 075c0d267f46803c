import Testing
import Wire

@Suite struct StructuredMessageTests {
  private func encoded(_ content: [UInt8]) -> [UInt8] {
    var encoder = StructuredMessage.Encoder(contentBytes: content.count)
    var message = encoder.begin()
    var rest = content[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(encoder.room(for: min(rest.count, 1_000_003))))
      rest = rest.dropFirst(part.count)
      message += part
      message += part.withUnsafeBytes { encoder.add($0) }
    }
    #expect(message.count == StructuredMessage.Encoder(contentBytes: content.count).messageBytes)
    return message
  }

  private func decoded(_ message: [UInt8], announced: Int? = nil, pieces: Int = 4096) throws -> [UInt8] {
    var decoder = StructuredMessage.Decoder(messageBytes: announced ?? message.count)
    var content: [UInt8] = []
    var rest = message[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
      for range in try piece.withUnsafeBytes({ try decoder.decode($0) }) { content += piece[range] }
    }
    try decoder.finish()
    #expect(decoder.contentBytes == content.count)
    return content
  }

  @Test func aShortMessageIsWhatTheSDKsWrite() throws {
    // Made by azure-storage-blob 12.31.1: `StructuredMessageEncodeStream` over b"abc".
    let check: [UInt8] = [235, 250, 193, 63, 187, 202, 229, 5]
    let message: [UInt8] = [1, 42, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0] + [1, 0, 3, 0, 0, 0, 0, 0, 0, 0] + Array("abc".utf8) + check + check
    #expect(encoded(Array("abc".utf8)) == message)
    #expect(try decoded(message) == Array("abc".utf8))
  }

  @Test(arguments: [0, 1, 5_000, 4 << 20, (4 << 20) + 1, 9_000_001], [1, 7, 4096, 10_000_000])
  func whatIsPutTogetherComesApart(bytes: Int, pieces: Int) throws {
    guard bytes < 10_000 || pieces > 1000 else { return }
    let content = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    #expect(try decoded(encoded(content), pieces: pieces) == content)
  }

  @Test func aBitThatFellIsNoticed() throws {
    var message = encoded([UInt8](repeating: 7, count: 1000))
    message[500] ^= 4
    #expect(throws: StructuredMessage.Failure.self) { try decoded(message) }
  }

  @Test func aWrongCheckOfAllIsNoticed() throws {
    var message = encoded([1, 2, 3])
    message[message.count - 1] ^= 1
    #expect(throws: StructuredMessage.Failure.self) { try decoded(message) }
  }

  @Test(arguments: [0, 1, 9, 11, 13, 15])
  func framingThatCannotBeIsRefused(byte: Int) throws {
    var message = encoded([1, 2, 3])
    message[byte] ^= 0x80
    #expect(throws: StructuredMessage.Failure.malformed) { try decoded(message) }
  }

  @Test func whatIsCutOffOrGoesOnIsRefused() throws {
    let message = encoded([1, 2, 3])
    for count in 0..<message.count {
      #expect(throws: StructuredMessage.Failure.malformed) { try decoded(Array(message.prefix(count)), announced: message.count) }
    }
    #expect(throws: StructuredMessage.Failure.malformed) { try decoded(message + [0], announced: message.count) }
  }

  @Test func theNameIsReadInAnyCaseAndSpacing() {
    #expect(StructuredMessage.isNamed(by: "XSM/1.0; properties=crc64"))
    #expect(StructuredMessage.isNamed(by: "xsm/1.0;properties=CRC64"))
    #expect(!StructuredMessage.isNamed(by: "XSM/2.0; properties=crc64"))
  }
}
