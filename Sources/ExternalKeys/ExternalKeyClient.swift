internal import AsyncHTTPClient
internal import Base
internal import Crypto
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Wire

/// An external key manager behind HTTPS, where both sides show a certificate.
///
/// Each call has a connection of its own: none can go stale, and a certificate that is taken away or a changed authority counts at once.
///
/// Source: Microsoft, "EKM Proxy API reference for Managed HSM external key management".
public struct ExternalKeyClient: ExternalKeyManager {
  private let connection: ExternalKeyConnection
  private let certificate: ExternalKeyCertificate
  private let callMilliseconds: Int

  /// `certificate` is what the manager knows this vault by.
  public init(_ connection: ExternalKeyConnection, certificate: ExternalKeyCertificate) {
    self.init(connection, certificate: certificate, callMilliseconds: ExternalKeyLimits.callMilliseconds)
  }

  package init(_ connection: ExternalKeyConnection, certificate: ExternalKeyCertificate, callMilliseconds: Int) {
    self.connection = connection
    self.certificate = certificate
    self.callMilliseconds = callMilliseconds
  }

  public func info(_ context: ExternalKeyContext) async throws -> ExternalKeyManagerInfo {
    guard let info = ExternalKeyManagerInfo(try await post("/info", ["request_context": context.json])) else {
      throw ExternalKeyError.unavailable(reason: "malformed information")
    }
    return info
  }

  public func kind(of key: String, _ context: ExternalKeyContext) async throws -> ExternalKeyKind {
    let answer = try await post("/\(key)/metadata", ["request_context": context.json])
    guard let kind = ExternalKeyKind(answer) else { throw ExternalKeyError.unavailable(reason: "malformed metadata") }
    return kind
  }

  public func wrap(
    _ content: [UInt8], _ algorithm: ExternalKeyAlgorithm, key: String, _ context: ExternalKeyContext
  ) async throws -> [UInt8] {
    try await use("wrapkey", content, algorithm, key, context)
  }

  public func unwrap(
    _ wrapped: [UInt8], _ algorithm: ExternalKeyAlgorithm, key: String, _ context: ExternalKeyContext
  ) async throws -> [UInt8] {
    try await use("unwrapkey", wrapped, algorithm, key, context)
  }

  private func use(
    _ operation: String, _ value: [UInt8], _ algorithm: ExternalKeyAlgorithm, _ key: String, _ context: ExternalKeyContext
  ) async throws -> [UInt8] {
    let answer = try await post(
      "/\(key)/\(operation)",
      ["request_context": context.json, "alg": .string(algorithm.rawValue), "value": .string(Base64URL.encode(value))])
    guard let value = answer["value"]?.string.flatMap({ Base64URL.decode($0) }), !value.isEmpty, value.count <= ExternalKeyLimits.maximumValueBytes
    else { throw ExternalKeyError.unavailable(reason: "malformed value") }
    return value
  }

  // MARK: One call

  private func post(_ path: String, _ body: JSON) async throws -> JSON {
    let client = try httpClient()
    let outcome: Result<JSON, any Error>
    do {
      outcome = .success(try await withinTime { try await exchange(client, path, body) })
    } catch {
      outcome = .failure(error)
    }
    try? await client.shutdown()
    do {
      return try outcome.get()
    } catch let error as ExternalKeyError {
      throw error
    } catch {
      throw ExternalKeyError.unavailable(reason: "\(error)")
    }
  }

  private func httpClient() throws -> HTTPClient {
    guard let name = connection.verifiedName else {
      throw ExternalKeyError.unavailable(reason: "the server's common name is not one of the host's")
    }
    var tls = TLSConfiguration.makeClientConfiguration()
    do {
      tls.trustRoots = .certificates(try connection.authorities.map { try NIOSSLCertificate(bytes: $0, format: .der) })
      tls.certificateChain = try certificate.chain.map { .certificate(try NIOSSLCertificate(bytes: $0, format: .der)) }
      tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.privateKey.derRepresentation), format: .der))
    } catch {
      throw ExternalKeyError.unavailable(reason: "\(error)")
    }
    tls.minimumTLSVersion = .tlsv13
    // A server that does not say farewell holds nobody up.
    tls.shutdownTimeout = .milliseconds(Int64(ExternalKeyLimits.farewellMilliseconds))
    tls.certificateVerification = .fullVerification
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(
        connect: .milliseconds(Int64(ExternalKeyLimits.connectMilliseconds)), read: .milliseconds(Int64(callMilliseconds))),
      decompression: .disabled)
    configuration.httpVersion = .http1Only
    if name != connection.host { configuration.dnsOverride[name] = connection.host }
    return HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
  }

  private func exchange(_ client: HTTPClient, _ path: String, _ body: JSON) async throws -> JSON {
    let name = connection.verifiedName ?? connection.host
    var message = HTTPClientRequest(
      url: "https://\(name):\(connection.port)\(connection.pathPrefix)\(path)?\(ExternalKeyProtocol.apiVersionParameter)="
        + ExternalKeyProtocol.apiVersion)
    message.method = .POST
    message.headers = ["Content-Type": "application/json", "Accept": "application/json"]
    message.body = .bytes(ByteBuffer(bytes: body.bytes))
    let response = try await client.execute(message, timeout: .milliseconds(Int64(callMilliseconds)))
    let bytes = try await response.body.collect(upTo: ExternalKeyLimits.maximumBodyBytes)
    let limits = JSONLimits(depth: 8, bytes: ExternalKeyLimits.maximumBodyBytes)
    let json = try? JSON(parsing: bytes.readableBytesView, limits: limits)
    let status = Int(response.status.code)
    guard status == 200 else { throw Self.error(status, json, response.headers) }
    guard let json, json.object != nil else { throw ExternalKeyError.unavailable(reason: "an answer that is no JSON object") }
    return json
  }

  private static func error(_ status: Int, _ json: JSON?, _ headers: HTTPHeaders) -> ExternalKeyError {
    let code = Self.code(json?["code"]?.string) ?? "Status\(status)"
    let message = Self.sentence(json?["message"]?.string ?? "")
    switch status {
    case 401, 403: return .refused(code: code, message: message)
    case 404: return .keyNotFound(code: code, message: message)
    case 400: return .invalid(code: code, message: message)
    case 429:
      let wanted = headers.first(name: "Retry-After").flatMap { Int($0) } ?? ExternalKeyLimits.retryAfterSeconds
      return .throttled(retryAfterSeconds: min(max(1, wanted), ExternalKeyLimits.maximumRetryAfterSeconds))
    default: return .unavailable(reason: "status \(status), \(code)")
    }
  }

  /// Somebody else's word for it, which goes on to a caller: letters and digits alone.
  private static func code(_ text: String?) -> String? {
    guard let text, (1...ExternalKeyLimits.maximumCodeCharacters).contains(text.utf8.count),
      text.utf8.allSatisfy({ ExternalKeyConnection.isLetterOrDigit($0) })
    else { return nil }
    return text
  }

  private static func sentence(_ text: String) -> String {
    let visible = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(ExternalKeyLimits.maximumMessageCharacters)
    return String(String.UnicodeScalarView(visible))
  }

  /// An answer that drips takes no longer than one that does not come.
  private func withinTime(_ body: @escaping @Sendable () async throws -> JSON) async throws -> JSON {
    try await withThrowingTaskGroup(of: JSON.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await Task.sleep(for: .milliseconds(callMilliseconds))
        throw ExternalKeyError.unavailable(reason: "no answer within \(callMilliseconds) ms")
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw ExternalKeyError.unavailable(reason: "nothing was asked") }
      return first
    }
  }
}

extension ExternalKeyKind {
  /// The answer to a question for metadata.
  init?(_ json: JSON) {
    guard let type = json["key_type"]?.string, let size = json["key_size"]?.integer, let operations = json["key_ops"]?.array?.compactMap(\.string),
      Set(operations) == ["wrapKey", "unwrapKey"]
    else { return nil }
    switch type {
    case "oct":
      guard size == 256 else { return nil }
      self = .aes
    case "RSA":
      guard [2048, 3072, 4096].contains(size), let modulus = json["n"]?.string.flatMap({ Base64URL.decode($0) }),
        let exponent = json["e"]?.string.flatMap({ Base64URL.decode($0) }), modulus.count * 8 == Int(size), modulus[0] >= 0x80,
        (1...8).contains(exponent.count)
      else { return nil }
      self = .rsa(modulus: modulus, exponent: exponent)
    default: return nil
    }
  }

  var json: JSON {
    switch self {
    case .aes: ["key_type": "oct", "key_size": 256, "key_ops": ["wrapKey", "unwrapKey"]]
    case .rsa(let modulus, let exponent):
      [
        "key_type": "RSA", "key_size": .integer(Int64(modulus.count * 8)), "key_ops": ["wrapKey", "unwrapKey"],
        "n": .string(Base64URL.encode(modulus)), "e": .string(Base64URL.encode(exponent)),
      ]
    }
  }
}
