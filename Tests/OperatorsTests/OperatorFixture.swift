import Access
import Base
import Crypto
import Edge
import Identity
import Keyring
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import Operators
import Records
import Simulation
import SwiftASN1
import Synchronization
import Testing
import Wire
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// The operators' side over a record store in a directory of its own, beside a tenants' token service.
struct OperatorFixture {
  static let account: OperatorRegister.Account = ["caller": "root", "principal": "0"]

  let records: SQLiteRecordStore
  let keyring: Keyring
  let identity: IdentityService
  let register: OperatorRegister
  let tokens: OperatorTokens
  let issuer: OperatorIssuerEndpoint
  let operations: OperatorEndpoint
  let notes: LedgerNotes
  let clock = ManualClock()
  let random = SeededRandom(seed: 11)
  let address = OperatorAddress(domain: "cocagne.localhost", port: 8444)
  let tenants = CloudAddress(domain: "cocagne.localhost", port: 8443)
  private let directory: String

  init(further routes: [OperatorRoute] = []) async throws {
    directory = FileManager.default.temporaryDirectory.path + "/operators-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    records = try SQLiteRecordStore(path: directory + "/records")
    keyring = Keyring(rootKey: try RootKey(creatingAt: directory + "/root.key", random: random), random: random)
    notes = LedgerNotes(records: records, clock: clock, random: random, logger: logger)
    identity = try await IdentityService(
      records: records, keyring: keyring, address: tenants, notes: notes, clock: clock, random: random, logger: logger,
      hashing: SecretHasher.Parameters(passwordRounds: 10, secretRounds: 10))
    register = OperatorRegister(records: records, keyring: keyring, clock: clock, random: random)
    tokens = OperatorTokens(address: address, identity: identity, logger: logger)
    issuer = OperatorIssuerEndpoint(tokens: tokens, notes: notes, logger: logger)
    let own = OperatorRoutes(records: records, status: { ["running": true] }, tenants: { [["name": "Contoso"]] }).routes
    operations = OperatorEndpoint(
      routes: own + routes, tokens: tokens, actions: ActionLog(records: records, clock: clock, random: random, logger: logger), notes: notes,
      logger: logger)
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  // MARK: People

  func add(
    _ key: OperatorKey, name: String = "Camille Durand", email: String = "camille.durand@cocagne.example", roles: Set<OperatorRole> = [.exploitation],
    days: Int = 365
  ) async throws -> Operator {
    try await register.add(name: name, email: email, roles: roles, request: try key.request(), days: days, by: Self.account)
  }

  // MARK: Requests

  func send(_ service: any EdgeService, _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: String = "") async -> Reply {
    Reply(
      await service.respond(
        to: EdgeRequest(
          method: method, path: path, headers: headers, identifiers: RequestIdentifiers(request: random.guid()), body: TextBody(body))))
  }

  func present(_ assertion: String, client: String, scope: String? = nil) async -> Reply {
    let fields = [
      ("grant_type", "client_credentials"), ("client_id", client), ("scope", scope ?? address.operations + "/.default"),
      ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion),
    ]
    let body = fields.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
    return await send(
      issuer, .POST, "/operators/oauth2/v2.0/token", headers: ["content-type": "application/x-www-form-urlencoded"], body: body)
  }

  func signIn(_ person: Operator, _ key: OperatorKey) async throws -> String {
    let assertion = try key.assertion(of: person, at: clock.now(), to: address.tokenEndpoint, random: random)
    let reply = await present(assertion, client: person.id.description)
    return try #require(reply.json["access_token"]?.string, "\(reply.text)")
  }

  func call(_ method: HTTPMethod, _ path: String, token: String?, body: String = "") async -> Reply {
    await send(operations, method, path, headers: token.map { ["authorization": "Bearer \($0)"] } ?? [:], body: body)
  }

  // MARK: The ledger

  func entries() async throws -> [LedgerEntry] {
    await notes.write()
    return try await records.read { try LedgerEntry.waiting(in: $0) }
  }
}

/// A person's P-256 key.
struct OperatorKey: Sendable {
  let key = P256.Signing.PrivateKey()

  func request(name: String = "whoever") throws -> String {
    try CertificateSigningRequest(
      version: .v1, subject: try DistinguishedName { CommonName(name) }, privateKey: Certificate.PrivateKey(key),
      attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .ecdsaWithSHA256
    ).serializeAsPEM().pemString
  }

  func assertion(
    of person: Operator, at now: Timestamp, to audience: String, random: any RandomSource, seconds: Int64 = 600, header: [String: JSON] = [:],
    claims: [String: JSON] = [:]
  ) throws -> String {
    let id = JSON.string(person.id.description)
    var head: [String: JSON] = ["alg": "ES256", "typ": "JWT", "x5t#S256": .string(Base64URL.encode(person.thumbprint))]
    head.merge(header) { $1 }
    var payload: [String: JSON] = [
      "aud": .string(audience), "iss": id, "sub": id, "exp": .integer(now.seconds + seconds), "iat": .integer(now.seconds),
      "jti": .string(random.guid().description),
    ]
    payload.merge(claims) { $1 }
    let signed = Base64URL.encode(json(head).bytes) + "." + Base64URL.encode(json(payload).bytes)
    return signed + "." + Base64URL.encode(Array(try key.signature(for: SHA256.hash(data: Array(signed.utf8))).rawRepresentation))
  }

  private func json(_ members: [String: JSON]) -> JSON {
    .object(JSON.Object(members.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }))
  }
}

/// An answer, with its document where it has one.
struct Reply {
  let status: Int
  let headers: HTTPHeaders
  let text: String

  init(_ response: EdgeResponse) {
    status = Int(response.status.code)
    headers = response.headers
    guard case .bytes(let buffer) = response.body else {
      text = ""
      return
    }
    text = String(buffer: buffer)
  }

  var json: JSON { (try? JSON(parsing: text)) ?? .null }
  var code: String? { json["error"]?["code"]?.string }
  /// Entra's number.
  var number: Int? { json["error_codes"]?.array?.first?.integer.map { Int($0) } }
}

private final class TextBody: EdgeBody {
  private let buffer: Mutex<ByteBuffer?>

  init(_ text: String) {
    buffer = Mutex(ByteBuffer(string: text))
  }

  var length: Int? { nil }

  func next() async throws -> ByteBuffer? {
    buffer.withLock { buffer in
      defer { buffer = nil }
      return buffer
    }
  }
}
