package import Base
package import Wire

/// The reference external key manager: a customer's keys, their policy, and a journal of every request.
///
/// Source: Microsoft, "EKM Proxy API reference for Managed HSM external key management".
package struct ExternalKeyService: Sendable {
  private let store: any ExternalKeyStore
  private let journal: ExternalKeyJournal
  private let clock: any WallClock
  private let version: String

  package init(store: any ExternalKeyStore, journal: ExternalKeyJournal, clock: any WallClock, version: String) {
    self.store = store
    self.journal = journal
    self.clock = clock
    self.version = version
  }

  package struct Answer: Sendable, Equatable {
    package var status: Int
    package var json: JSON
    var code: String?

    static func done(_ json: JSON) -> Answer { Answer(status: 200, json: json, code: nil) }

    static func failed(_ status: Int, _ code: String, _ message: String) -> Answer {
      Answer(status: status, json: ["code": .string(code), "message": .string(message)], code: code)
    }
  }

  private enum Operation: String {
    case info
    case metadata
    case wrapkey
    case unwrapkey
  }

  private struct Request {
    var operation: Operation
    var key: String?
    var body: JSON

    var context: JSON? { body["request_context"] }

    func text(_ name: String) -> String? { context?[name]?.string }
  }

  /// Answers a request of a client whose certificate was found good (nil: it is nobody's that is known). What cannot be entered in the journal is not
  /// answered.
  package func answer(path: String, query: String, body: [UInt8], client: String?) -> Answer {
    let parsed = Self.parse(path, query, body)
    let answer: Answer
    switch parsed {
    case .failure(let refusal): answer = refusal
    case .success(let request):
      answer = client == nil ? .failed(401, "Unauthorized", "The client's certificate is not one that is allowed here.") : carryOut(request)
    }
    do {
      try journal.add(entry(parsed.request, answer, client))
      return answer
    } catch {
      return .failed(503, "ServiceUnavailable", "The journal cannot be written.")
    }
  }

  // MARK: Carrying out

  private func carryOut(_ request: Request) -> Answer {
    guard let name = request.key else {
      return .done(
        ExternalKeyManagerInfo(
          apiVersion: ExternalKeyProtocol.apiVersion, proxyVendor: "Cocagne", proxyName: "cocagne external-key-server \(version)", vendor: "Cocagne",
          product: "cocagne external-key-server \(version)"
        ).json)
    }
    do {
      guard let key = try store.key(name) else { return .failed(404, "KeyNotFound", "There is no key of this name.") }
      switch request.operation {
      case .info, .metadata:
        // Who states a reason asks whether the key may be used for it; who states none only what it is.
        if request.text("reason") != nil, let refusal = refusal(name, request) { return refusal }
        return .done(try key.kind.json)
      case .wrapkey, .unwrapkey: return try use(key, name, request)
      }
    } catch {
      return .failed(500, "InternalServerError", "The key cannot be used.")
    }
  }

  private func use(_ key: ExternalKeyMaterial, _ name: String, _ request: Request) throws -> Answer {
    if let refusal = refusal(name, request) { return refusal }
    guard let algorithm = request.body["alg"]?.string.flatMap({ ExternalKeyAlgorithm(rawValue: $0) }) else {
      return .failed(400, "UnsupportedAlgorithm", "The algorithm is not known.")
    }
    guard let value = request.body["value"]?.string.flatMap({ Base64URL.decode($0) }), !value.isEmpty,
      value.count <= ExternalKeyLimits.maximumValueBytes
    else { return .failed(400, "InvalidRequest", "The value is not base64url, or too long.") }
    do {
      let result = request.operation == .wrapkey ? try key.wrap(value, algorithm) : try key.unwrap(value, algorithm)
      return .done(["value": .string(Base64URL.encode(result))])
    } catch ExternalKeyMaterial.Failure.unsupportedAlgorithm {
      return .failed(400, "UnsupportedAlgorithm", "The key does not work with this algorithm.")
    } catch ExternalKeyMaterial.Failure.invalidValue {
      return .failed(400, "InvalidRequest", "The value does not fit the key.")
    }
  }

  /// What the policy says as it is now; nil where the key may be used so.
  private func refusal(_ key: String, _ request: Request) -> Answer? {
    guard let policy = try? store.policy() else {
      return .failed(403, "PolicyUnreadable", "The policy cannot be read, so that it allows nothing.")
    }
    let refusal = policy.refusal(key: key, reason: request.text("reason"), tenant: request.text("tenant"), subject: request.text("subject"))
    return refusal.map { .failed(403, $0.code, $0.message) }
  }

  // MARK: Reading

  private static func parse(_ path: String, _ query: String, _ body: [UInt8]) -> Outcome {
    // A prefix is the customer's own affair: what tells operations apart stands at the end.
    let segments = path.split(separator: "/")
    guard let last = segments.last, let operation = Operation(rawValue: String(last)) else {
      return .failure(.failed(404, "NotFound", "There is nothing here."))
    }
    guard Query(parsing: query)?[ExternalKeyProtocol.apiVersionParameter] == ExternalKeyProtocol.apiVersion else {
      return .failure(.failed(400, "UnsupportedApiVersion", "The API version is not \(ExternalKeyProtocol.apiVersion)."))
    }
    let limits = JSONLimits(depth: 8, bytes: ExternalKeyLimits.maximumBodyBytes)
    guard let json = try? JSON(parsing: body, limits: limits), json["request_context"]?.object != nil else {
      return .failure(.failed(400, "InvalidRequest", "The body is not JSON, or has no request_context."))
    }
    guard operation != .info else { return .success(Request(operation: operation, key: nil, body: json)) }
    guard segments.count >= 2, ExternalKeyConnection.isIdentifier(segments[segments.count - 2]) else {
      return .failure(.failed(400, "InvalidRequest", "The key's name is not one."))
    }
    return .success(Request(operation: operation, key: String(segments[segments.count - 2]), body: json))
  }

  private enum Outcome {
    case success(Request)
    case failure(Answer)

    var request: Request? {
      if case .success(let request) = self { request } else { nil }
    }
  }

  // MARK: The journal

  private func entry(_ request: Request?, _ answer: Answer, _ client: String?) -> JSON {
    func text(_ name: String) -> JSON? { request?.text(name).map { .string(Self.cut($0)) } }
    return .object([
      "time": .string(clock.now().iso8601Fractional), "client": .string(client.map(Self.cut)), "operation": .string(request?.operation.rawValue),
      "key": .string(request?.key), "algorithm": request?.body["alg"]?.string.map { .string(Self.cut($0)) }, "reason": text("reason"),
      "subject": text("subject"), "caller": text("caller"), "identity": text("identity"), "tenant": text("tenant"), "request": text("request_id"),
      "correlation": text("correlation_id"), "pool": text("pool_name"), "outcome": answer.status == 200 ? "answered" : "refused",
      "status": .integer(Int64(answer.status)), "code": .string(answer.code),
    ])
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > ExternalKeyLimits.maximumJournalTextBytes else { return text }
    return String(decoding: text.utf8.prefix(ExternalKeyLimits.maximumJournalTextBytes), as: UTF8.self)
  }
}
