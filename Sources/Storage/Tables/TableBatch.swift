internal import Base
internal import Edge
internal import Keyring
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// Entity group transactions: up to 100 changes in one partition of one table, of which all are made or none. A batch may also hold one query alone.
///
/// Source: Microsoft, "Performing entity group transactions", REST reference.
struct TableBatch: Sendable {
  let records: any RecordStore
  let keyring: Keyring
  let random: any RandomSource
  let domain: String

  static let maximumChanges = 100
  /// Bytes of a batch.
  static let maximumBytes = 4 << 20

  /// Why a batch came to nothing: the first change that could not be made.
  private struct Failure: Error {
    var index: Int
    var error: any Error
  }

  @Sendable
  func run(_ call: StorageCall) async throws -> EdgeResponse {
    guard let boundary = call.header("Content-Type").flatMap({ MultipartMixed.boundary(of: $0) }) else { throw TableError.mediaTypeNotSupported }
    let body = try await call.smallBody(upTo: Self.maximumBytes)
    let outer = try Self.parts(body[...], boundary: boundary, limit: 1)
    guard let part = outer.first else { throw TableError.invalidInput }
    guard let inner = part["Content-Type"].flatMap({ MultipartMixed.boundary(of: $0) }) else { return try await query(part, call) }
    let parts: [MultipartMixed.Part]
    do {
      parts = try MultipartMixed.parts(part.body, boundary: inner, limit: Self.maximumChanges)
    } catch {
      guard error == .tooManyParts else { throw TableError.invalidInput }
      return changeSetAnswer([failed(Failure(index: Self.maximumChanges - 1, error: TableError.tooManyChanges), nil, call)])
    }
    guard !parts.isEmpty else { throw TableError.invalidInput }
    var identifiers: [String?] = []
    do {
      var changes: [Part] = []
      for (index, part) in parts.enumerated() {
        identifiers.append(part["Content-ID"])
        let change = try await self.change(part, index, call)
        try Self.check(change, after: changes, index)
        changes.append(change)
      }
      let answers = try await carryOut(changes)
      return changeSetAnswer(zip(answers, identifiers).map { PartAnswer(response: $0, identifier: $1) })
    } catch let failure as Failure {
      return changeSetAnswer([failed(failure, identifiers.indices.contains(failure.index) ? identifiers[failure.index] : nil, call)])
    }
  }

  private static func parts(_ bytes: ArraySlice<UInt8>, boundary: String, limit: Int) throws(CloudError) -> [MultipartMixed.Part] {
    do {
      return try MultipartMixed.parts(bytes, boundary: boundary, limit: limit)
    } catch {
      throw TableError.invalidInput
    }
  }

  // MARK: Parts

  /// A change that may be made, as far as it can be told before.
  private struct Part: Sendable {
    var call: StorageCall
    var change: EntityChange
    var answers: TableAnswers
  }

  /// Reads a part and asks whether it may be done. Throws `Failure`, or the refusal of the whole batch.
  private func change(_ part: MultipartMixed.Part, _ index: Int, _ call: StorageCall) async throws -> Part {
    do {
      let (granted, body) = try await grant(part, call)
      guard let kind = EntityChange.Kind.of(granted.operation) else { throw TableError.invalidInput }
      try Table.checkName(granted.call.container)
      return Part(
        call: granted.call, change: try EntityChange(kind, granted.call, body: Array(body)),
        answers: try TableAnswers(granted.call, format: Self.format(granted.call), domain: domain))
    } catch let error as CloudError where error.status == 401 || error.status == 403 {
      throw error
    } catch {
      throw Failure(index: index, error: error)
    }
  }

  /// Clients write all sorts of things in the parts, where nothing hangs on it.
  private static func format(_ call: StorageCall) -> ODataFormat {
    (try? ODataFormat.requested(by: call.request)) ?? .minimal
  }

  private func grant(_ part: MultipartMixed.Part, _ call: StorageCall) async throws -> (GrantedRequest, ArraySlice<UInt8>) {
    let embedded: EmbeddedRequest
    do {
      embedded = try EmbeddedRequest(part)
    } catch {
      throw TableError.invalidInput
    }
    guard let query = Query(parsing: embedded.query) else { throw StorageError.invalidUri }
    var headers = HTTPHeaders()
    for header in embedded.headers { headers.add(name: header.name, value: header.value) }
    let request = EdgeRequest(
      method: HTTPMethod(rawValue: embedded.method), path: embedded.path, query: query, headers: headers, authority: call.request.authority,
      host: call.request.host, remoteAddress: call.request.remoteAddress, connection: call.request.connection, identifiers: call.request.identifiers)
    var granted = try await call.pipeline.grant(request, as: call.principal, version: call.version)
    // What bounds the caller's signature bounds the parts.
    if let signed = call.signedTable, signed.lowercased() != granted.call.container.lowercased() { throw StorageError.authorizationFailure }
    granted.call.keyRange = call.keyRange
    return (granted, embedded.body)
  }

  private static func check(_ part: Part, after others: [Part], _ index: Int) throws(Failure) {
    guard let first = others.first else { return }
    let isSameGroup =
      first.call.container.lowercased() == part.call.container.lowercased()
      && first.change.key.partition.utf8.elementsEqual(part.change.key.partition.utf8)
    guard isSameGroup else { throw Failure(index: index, error: TableError.differentPartitions) }
    guard !others.contains(where: { $0.change.key.row.utf8.elementsEqual(part.change.key.row.utf8) }) else {
      throw Failure(index: index, error: TableError.duplicateRow)
    }
  }

  // MARK: Running

  /// Makes all changes in one transaction. Throws `Failure` with nothing changed.
  private func carryOut(_ parts: [Part]) async throws -> [EdgeResponse] {
    try await records.write { [keyring] transaction in
      var answers: [EdgeResponse] = []
      for (index, part) in parts.enumerated() {
        do {
          let table = try Table.require(part.call.container, part.call.account, in: transaction)
          let outcome = try part.change.apply(in: table, part.call, keyring: keyring, in: transaction)
          answers.append(part.change.answer(outcome, in: table, part.answers))
        } catch let error as CloudError where error.status < 500 {
          throw Failure(index: index, error: error)
        }
      }
      return answers
    }
  }

  /// The one query that a batch may hold instead of changes.
  private func query(_ part: MultipartMixed.Part, _ call: StorageCall) async throws -> EdgeResponse {
    var answer: PartAnswer
    do {
      let (granted, _) = try await grant(part, call)
      guard granted.call.request.method == .GET, granted.operation.level == .entity || granted.operation.level == .entities else {
        throw TableError.invalidInput
      }
      answer = PartAnswer(response: try await granted.run(), identifier: part["Content-ID"])
    } catch let error as CloudError where error.status != 401 && error.status != 403 && error.status < 500 {
      let response = StorageErrorResponse.renderOData(error, to: call.request, now: call.now)
      answer = PartAnswer(response: response, identifier: part["Content-ID"])
    }
    return batchAnswer { bytes, boundary in answer.write(boundary: boundary, to: &bytes) }
  }

  // MARK: Answers

  private struct PartAnswer {
    var response: EdgeResponse
    /// What the part called itself.
    var identifier: String?

    func write(boundary: String, to bytes: inout ByteBuffer) {
      bytes.writeString("--\(boundary)\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n")
      bytes.writeString("HTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n")
      if let identifier { bytes.writeString("Content-ID: \(identifier)\r\n") }
      for header in response.headers { bytes.writeString("\(header.name): \(header.value)\r\n") }
      bytes.writeString("\r\n")
      if case .bytes(let body) = response.body { bytes.writeImmutableBuffer(body) }
      bytes.writeString("\r\n")
    }
  }

  /// The answer to the change that stopped the batch: its message begins with the change's index.
  private func failed(_ failure: Failure, _ identifier: String?, _ call: StorageCall) -> PartAnswer {
    var error = StorageErrorResponse.cloudError(failure.error)
    error.message = "\(failure.index):\(error.message)"
    return PartAnswer(response: StorageErrorResponse.renderOData(error, to: call.request, now: call.now), identifier: identifier)
  }

  private func changeSetAnswer(_ answers: [PartAnswer]) -> EdgeResponse {
    let inner = "changesetresponse_\(random.guid())"
    return batchAnswer { bytes, boundary in
      bytes.writeString("--\(boundary)\r\nContent-Type: multipart/mixed; boundary=\(inner)\r\n\r\n")
      for answer in answers { answer.write(boundary: inner, to: &bytes) }
      bytes.writeString("--\(inner)--\r\n")
    }
  }

  private func batchAnswer(_ write: (inout ByteBuffer, String) -> Void) -> EdgeResponse {
    let boundary = "batchresponse_\(random.guid())"
    var bytes = ByteBuffer()
    write(&bytes, boundary)
    bytes.writeString("--\(boundary)--\r\n")
    var headers = TableAnswers.headers
    headers.add(name: "Content-Type", value: "multipart/mixed; boundary=\(boundary)")
    return EdgeResponse(.accepted, headers: headers, body: .bytes(bytes))
  }
}
