internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization
internal import Wire

/// Content that travels as a structured message: the operation sees it bare.
///
/// Source: Microsoft, "Put Blob" and "Get Blob", REST reference: `x-ms-structured-body`, `x-ms-structured-content-length`.
enum StructuredContent {
  static let header = "x-ms-structured-body"
  static let lengthHeader = "x-ms-structured-content-length"

  /// Runs an operation whose request may bring its content so.
  static func receiving(
    _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
  ) -> @Sendable (StorageCall) async throws -> EdgeResponse {
    { call in
      guard let name = call.header(header) else { return try await run(call) }
      guard StructuredMessage.isNamed(by: name) else { throw StorageError.invalidHeaderValue(header, name) }
      guard let text = call.header(lengthHeader) else { throw StorageError.missingRequiredHeader(lengthHeader) }
      let messageBytes = try call.contentLength()
      guard let length = Int(text), length >= 0, length <= messageBytes else { throw StorageError.invalidHeaderValue(lengthHeader, text) }
      var bare = call
      bare.request.headers.remove(name: header)
      bare.request.body = StructuredBody(call.request.body, messageBytes: messageBytes, contentBytes: length)
      var response = try await run(bare)
      response.headers.replaceOrAdd(name: header, value: StructuredMessage.name)
      return response
    }
  }

  /// Runs an operation whose answer may be wanted so.
  static func sending(
    _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
  ) -> @Sendable (StorageCall) async throws -> EdgeResponse {
    { call in
      guard let name = call.header(header) else { return try await run(call) }
      guard StructuredMessage.isNamed(by: name) else { throw StorageError.invalidHeaderValue(header, name) }
      var response = try await run(call)
      let source: any EdgeBodySource
      let contentBytes: Int
      switch response.body {
      case .bytes(let bytes): (source, contentBytes) = (SinglePiece(bytes), bytes.readableBytes)
      case .stream(let length?, let stream): (source, contentBytes) = (stream, length)
      case .stream(nil, _): throw StorageError.unsupportedHeader(header, name)
      case .head: return response
      }
      let encoder = StructuredMessage.Encoder(contentBytes: contentBytes)
      response.headers.add(name: header, value: StructuredMessage.name)
      response.headers.add(name: lengthHeader, value: String(contentBytes))
      response.body = .stream(length: encoder.messageBytes, StructuredSource(source, encoder: encoder))
      return response
    }
  }
}

/// The content of a message that is being received.
private final class StructuredBody: EdgeBody {
  let length: Int?
  private let message: any EdgeBody
  private let state: Mutex<State>

  private struct State {
    var decoder: StructuredMessage.Decoder
    var pending: [ByteBuffer] = []
  }

  init(_ message: any EdgeBody, messageBytes: Int, contentBytes: Int) {
    self.message = message
    length = contentBytes
    state = Mutex(State(decoder: StructuredMessage.Decoder(messageBytes: messageBytes)))
  }

  func next() async throws -> ByteBuffer? {
    while true {
      if let piece = state.withLock({ $0.pending.popLast() }) { return piece }
      guard let received = try await message.next() else {
        try state.withLock { state in
          try Self.refusing { () throws(StructuredMessage.Failure) in try state.decoder.finish() }
          guard state.decoder.contentBytes == length else { throw StorageError.invalidInput }
        }
        return nil
      }
      try state.withLock { state in
        let ranges = try received.withUnsafeReadableBytes { bytes in
          try Self.refusing { () throws(StructuredMessage.Failure) in try state.decoder.decode(bytes) }
        }
        state.pending = ranges.reversed().compactMap { received.getSlice(at: received.readerIndex + $0.lowerBound, length: $0.count) }
      }
    }
  }

  private static func refusing<Value>(_ work: () throws(StructuredMessage.Failure) -> Value) throws(CloudError) -> Value {
    do {
      return try work()
    } catch {
      switch error {
      case .malformed: throw StorageError.invalidInput
      case .mismatch(let specified, let calculated):
        throw StorageError.crc64Mismatch(specified: Base64.encode(specified), calculated: Base64.encode(calculated))
      }
    }
  }
}

/// A message that is being sent.
private final class StructuredSource: EdgeBodySource {
  private let content: any EdgeBodySource
  private let state: Mutex<State>

  private struct State {
    var encoder: StructuredMessage.Encoder
    var hasBegun = false
  }

  init(_ content: any EdgeBodySource, encoder: StructuredMessage.Encoder) {
    self.content = content
    state = Mutex(State(encoder: encoder))
  }

  func next() async throws -> ByteBuffer? {
    let beginning = state.withLock { state -> ByteBuffer? in
      guard !state.hasBegun else { return nil }
      state.hasBegun = true
      return ByteBuffer(bytes: state.encoder.begin())
    }
    if let beginning { return beginning }
    guard var piece = try await content.next() else { return nil }
    return state.withLock { state in
      var framed = ByteBuffer()
      framed.reserveCapacity(piece.readableBytes + 64)
      while piece.readableBytes > 0 {
        guard var part = piece.readSlice(length: state.encoder.room(for: piece.readableBytes)), part.readableBytes > 0 else { break }
        let framing = part.withUnsafeReadableBytes { state.encoder.add($0) }
        framed.writeBuffer(&part)
        framed.writeBytes(framing)
      }
      return framed
    }
  }
}
