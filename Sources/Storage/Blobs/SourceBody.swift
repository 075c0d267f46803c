internal import Base
internal import Crypto
internal import Edge
internal import NIOCore
internal import Synchronization
internal import Wire

/// A blob's bytes on their way into another blob, as if a client sent them. At their end they must be what the request says of them.
final class SourceBody: EdgeBody {
  private struct State {
    var buffer: ByteBuffer?
    var stream: (any EdgeBodySource)?
    var md5 = Insecure.MD5()
    var crc64 = CRC64()
    var digests: Digests?
  }

  struct Digests: Sendable {
    var md5: [UInt8]
    var crc64: [UInt8]
  }

  let length: Int?
  private let expectedMD5: [UInt8]?
  private let expectedCRC64: [UInt8]?
  private let state: Mutex<State>

  /// `response` is the source's; the digests are those of the request for which it is read.
  init(_ response: EdgeResponse, _ call: StorageCall) throws {
    expectedMD5 = try call.header("x-ms-source-content-md5").map { try ContentDigest.md5($0) }
    expectedCRC64 = try call.header("x-ms-source-content-crc64").map { text in
      guard let bytes = Base64.decode(text), bytes.count == 8 else { throw StorageError.invalidHeaderValue("x-ms-source-content-crc64", text) }
      return bytes
    }
    if expectedMD5 != nil && expectedCRC64 != nil { throw StorageError.bothDigestsPresent }
    switch response.body {
    case .bytes(let buffer):
      length = buffer.readableBytes
      state = Mutex(State(buffer: buffer))
    case .stream(let length, let source):
      self.length = length
      state = Mutex(State(stream: source))
    case .head:
      length = 0
      state = Mutex(State())
    }
  }

  /// What has passed; nil before the end.
  var digests: Digests? { state.withLock { $0.digests } }

  func next() async throws -> ByteBuffer? {
    let (buffer, stream) = state.withLock { state in
      defer { state.buffer = nil }
      return (state.buffer, state.stream)
    }
    guard let piece = if let buffer { buffer } else { try await stream?.next() }, piece.readableBytes > 0 else {
      try finish()
      return nil
    }
    state.withLock { state in
      piece.withUnsafeReadableBytes { bytes in
        state.md5.update(bufferPointer: bytes)
        state.crc64.update(bytes)
      }
    }
    return piece
  }

  private func finish() throws(CloudError) {
    let digests = state.withLock { state in
      let digests = state.digests ?? Digests(md5: Array(state.md5.finalize()), crc64: state.crc64.bytes)
      state.digests = digests
      return digests
    }
    if let expectedMD5, expectedMD5 != digests.md5 {
      throw StorageError.md5Mismatch(specified: Base64.encode(expectedMD5), calculated: Base64.encode(digests.md5))
    }
    if let expectedCRC64, expectedCRC64 != digests.crc64 {
      throw StorageError.crc64Mismatch(specified: Base64.encode(expectedCRC64), calculated: Base64.encode(digests.crc64))
    }
  }
}
