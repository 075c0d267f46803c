internal import Access
internal import Base
internal import Edge
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// Query Blob Contents: the records of a blob of delimited text or JSON that a SQL statement selects, as an Avro stream.
///
/// Source: Microsoft, "Query Blob Contents", REST reference.
struct QueryBlobContents: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let random: any RandomSource
  let logger: Logger

  @Sendable
  func query(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    let request = try QueryRequest(parsing: try await call.smallBody(upTo: QueryRequest.maximumBytes))
    let (blob, source) = try await records.read { [contents] reader in
      let blob = try Blob.require(call, in: reader)
      guard blob.type == .block else { throw StorageError.invalidBlobType }
      try conditions.requireRead(blob, call)
      try conditions.encryption.requireRead(blob)
      try blob.requireAccessible()
      let customerKey = conditions.encryption.customerKey
      return (blob, try contents.source(blob, range: 0..<blob.size, account: call.account, customerKey: customerKey, in: reader))
    }
    var headers = StorageCall.stateHeaders(etag: blob.etag, lastModified: blob.lastModified)
    headers.add(name: "Content-Type", value: "avro/binary")
    headers.add(name: "Accept-Ranges", value: "bytes")
    headers.add(name: "x-ms-blob-type", value: blob.type.rawValue)
    headers.add(name: "x-ms-server-encrypted", value: "true")
    blob.metadata.add(to: &headers)
    let run = QueryRun(request, now: call.now)
    let name = "\(call.account.name)/\(call.container)/\(call.blob)"
    let stream: any EdgeBodySource
    switch source {
    case .bytes(let bytes): stream = SinglePiece(bytes)
    case .extents(let reader): stream = BlobStream(reader: reader, blob: name, logger: logger)
    }
    return EdgeResponse(.ok, headers: headers, body: .stream(length: nil, QueryStream(run, of: stream, size: blob.size, marker: random.bytes(16))))
  }
}

/// The answer, made as the client takes it.
///
/// Unchecked, because the run is not shared: `EdgeBodySource` promises that one task at a time calls `next`.
final class QueryStream: EdgeBodySource, @unchecked Sendable {
  private var run: QueryRun
  private let source: any EdgeBodySource
  private let size: Int
  private let file: AvroFile
  private var scanned = 0
  private var state = State.head
  private var hasData = false
  /// What was read and is not looked at yet.
  private var pending = ByteBuffer()

  private enum State {
    case head
    case body
    case ended
  }

  /// Bytes of the blob between two tidings of progress.
  static let progressBytes = 4 << 20
  /// Bytes of the answer that make a piece of it.
  static let pieceBytes = 64 << 10
  /// Bytes that are looked at before it is asked whether the answer is long enough: short records may make a long one.
  static let sliceBytes = 4 << 10

  init(_ run: QueryRun, of source: any EdgeBodySource, size: Int, marker: [UInt8]) {
    self.run = run
    self.source = source
    self.size = size
    file = AvroFile(schema: Self.schema, marker: marker)
  }

  func next() async throws -> ByteBuffer? {
    switch state {
    case .head:
      state = .body
      return ByteBuffer(bytes: file.head)
    case .ended: return nil
    case .body: break
    }
    var answer: [UInt8] = []
    let begin = scanned
    while answer.count < Self.pieceBytes, scanned - begin < Self.progressBytes {
      try Task.checkCancellation()
      guard !run.isFinished, let piece = try await slice() else {
        run.finish()
        append(to: &answer)
        if !hasData { answer += block { $0.data([]) } }
        answer += block { $0.progress(size, of: size) }
        answer += block { $0.end(size) }
        state = .ended
        return ByteBuffer(bytes: answer)
      }
      scanned += piece.readableBytes
      run.feed(piece.readableBytesView)
      append(to: &answer)
    }
    answer += block { $0.progress(scanned, of: size) }
    return ByteBuffer(bytes: answer)
  }

  private func slice() async throws -> ByteBuffer? {
    if pending.readableBytes == 0 {
      guard let piece = try await source.next() else { return nil }
      pending = piece
    }
    return pending.readSlice(length: min(Self.sliceBytes, pending.readableBytes))
  }

  private func append(to answer: inout [UInt8]) {
    let (data, errors) = (run.takeOutput(), run.takeErrors())
    // An answer begins with data, be it none: clients do not look for an error in its first record.
    if !data.isEmpty || !hasData && !errors.isEmpty {
      hasData = true
      answer += block { $0.data(data) }
    }
    for error in errors { answer += block { $0.error(error) } }
  }

  private func block(_ write: (inout AvroEncoder) -> Void) -> [UInt8] {
    var encoder = AvroEncoder()
    write(&encoder)
    return file.block(count: 1, encoder.bytes)
  }

  private static let schema: String = {
    func record(_ name: String, _ fields: KeyValuePairs<String, String>) -> JSON {
      [
        "type": "record", "name": .string("com.microsoft.azure.storage.queryBlobContents.\(name)"),
        "fields": .array(fields.map { ["name": .string($0.key), "type": .string($0.value)] }),
      ]
    }
    let union: JSON = [
      record("resultData", ["data": "bytes"]),
      record("error", ["fatal": "boolean", "name": "string", "description": "string", "position": "long"]),
      record("progress", ["bytesScanned": "long", "totalBytes": "long"]), record("end", ["totalBytes": "long"]),
    ]
    return String(decoding: union.bytes, as: UTF8.self)
  }()
}

extension AvroEncoder {
  fileprivate mutating func data(_ data: [UInt8]) {
    branch(0)
    bytes(data)
  }

  fileprivate mutating func error(_ error: (isFatal: Bool, name: String, description: String, position: Int)) {
    branch(1)
    boolean(error.isFatal)
    string(error.name)
    string(error.description)
    long(Int64(error.position))
  }

  fileprivate mutating func progress(_ scanned: Int, of total: Int) {
    branch(2)
    long(Int64(scanned))
    long(Int64(total))
  }

  fileprivate mutating func end(_ total: Int) {
    branch(3)
    long(Int64(total))
  }
}
