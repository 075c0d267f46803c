import Access
import Base
import Edge
import Identity
import Keyring
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// A token service over a record store in a directory of its own, with one tenant, one user and one application with a secret.
struct IdentityFixture {
  static let password = "Correct-Horse-42"

  let records: SQLiteRecordStore
  let keyring: Keyring
  let service: IdentityService
  var endpoint: IdentityEndpoint
  let notes: LedgerNotes
  let clock = ManualClock()
  let random = SeededRandom(seed: 7)
  let address = CloudAddress(domain: "cocagne.localhost", port: 8443)
  let tenant: Tenant
  let user: User
  let application: Application
  let principal: ServicePrincipal
  let secret: String
  private let directory: String

  init(maximumRounds: Int = 10) async throws {
    directory = FileManager.default.temporaryDirectory.path + "/identity-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    records = try SQLiteRecordStore(path: directory + "/records")
    keyring = Keyring(rootKey: try RootKey(creatingAt: directory + "/root.key", random: random), random: random)
    notes = LedgerNotes(records: records, clock: clock, random: random, logger: Logger(label: "test"))
    service = try await Self.service(records, keyring, address, clock, random, rounds: maximumRounds, notes)
    endpoint = IdentityEndpoint(service: service, authorizer: AccessControl(records: records), logger: Logger(label: "test"))
    let service = service
    tenant = try await records.write {
      try service.createTenant(displayName: "Contoso", domains: ["contoso.example", "contoso.test"], country: "FR", in: $0)
    }
    let tenantID = tenant.id
    user = try await service.createUser(
      User(
        id: .zero, tenant: tenantID, userPrincipalName: "Alice@contoso.example", displayName: "Alice", mailNickname: "alice", created: clock.now()),
      password: Self.password)
    let now = clock.now()
    let (application, principal) = try await records.write { transaction in
      let application = try service.createApplication(
        Application(id: .zero, tenant: tenantID, appID: .zero, displayName: "Robot", created: now), in: transaction)
      return (application, try service.createServicePrincipal(appID: application.appID, tenant: tenantID, in: transaction))
    }
    self.principal = principal
    secret = try await service.addPassword(toApplication: application.id, tenant: tenantID, displayName: "first").secretText
    self.application = application
  }

  static func service(
    _ records: any RecordStore, _ keyring: Keyring, _ address: CloudAddress, _ clock: any WallClock, _ random: any RandomSource, rounds: Int = 10,
    _ notes: LedgerNotes? = nil
  ) async throws -> IdentityService {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try await IdentityService(
      records: records, keyring: keyring, address: address, notes: notes, clock: clock, random: random, logger: logger,
      hashing: SecretHasher.Parameters(passwordRounds: rounds, secretRounds: rounds))
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  // MARK: A second tenant

  func makeTenant(_ name: String) async throws -> Tenant {
    let service = service
    return try await records.write {
      try service.createTenant(displayName: name, domains: ["\(name.lowercased()).example"], country: "FR", in: $0)
    }
  }

  // MARK: Requests

  var management: String { address.url("management") + "/" }

  func post(
    _ path: String, _ fields: [(String, String)], headers: HTTPHeaders = [:], from remoteAddress: String = "127.0.0.1"
  ) async throws -> Answer {
    let body = fields.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
    return try await send(.POST, path, body: body, headers: headers, from: remoteAddress)
  }

  func send(
    _ method: HTTPMethod, _ path: String, body: String = "", contentType: String = "application/x-www-form-urlencoded",
    headers: HTTPHeaders = [:], from remoteAddress: String = "127.0.0.1"
  ) async throws -> Answer {
    var headers = headers
    headers.replaceOrAdd(name: "content-type", value: contentType)
    let halves = path.split(separator: "?", maxSplits: 1).map(String.init)
    let query = try #require(Query(parsing: halves.count > 1 ? halves[1] : ""))
    let request = EdgeRequest(
      method: method, path: halves[0], query: query, headers: headers, remoteAddress: remoteAddress,
      identifiers: RequestIdentifiers(request: random.guid()), body: TextBody(body))
    return Answer(await endpoint.respond(to: request))
  }

  func clientCredentials(_ fields: [(String, String)] = [], tenant segment: String? = nil, from address: String = "127.0.0.1") async throws -> Answer
  {
    var form = [
      ("grant_type", "client_credentials"), ("client_id", application.appID.description), ("client_secret", secret),
      ("scope", management + "/.default"),
    ]
    for field in fields { form = form.filter { $0.0 != field.0 } + (field.1.isEmpty ? [] : [field]) }
    return try await post("/\(segment ?? tenant.id.description)/oauth2/v2.0/token", form, from: address)
  }

  func passwordGrant(_ fields: [(String, String)] = [], tenant segment: String = "organizations") async throws -> Answer {
    var form = [
      ("grant_type", "password"), ("client_id", FirstPartyApplication.azureCLI.description), ("username", user.userPrincipalName),
      ("password", Self.password), ("scope", management + "/.default offline_access openid profile"),
    ]
    for field in fields { form = form.filter { $0.0 != field.0 } + (field.1.isEmpty ? [] : [field]) }
    return try await post("/\(segment)/oauth2/v2.0/token", form)
  }

  func refresh(_ token: String, tenant segment: String = "organizations", scope: String? = nil) async throws -> Answer {
    try await post(
      "/\(segment)/oauth2/v2.0/token",
      [
        ("grant_type", "refresh_token"), ("client_id", FirstPartyApplication.azureCLI.description), ("refresh_token", token),
        ("scope", scope ?? management + "/.default offline_access openid profile"),
      ])
  }

  /// A token of the application for Resource Manager.
  func applicationToken() async throws -> String {
    try await clientCredentials().token
  }

  func verify(_ token: String, _ audience: String? = nil) async throws -> Principal {
    try await service.principal(bearer: token, audiences: [audience ?? address.url("management")])
  }
}

/// An answer, with its document where it has one.
struct Answer {
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
  var error: String? { json["error"]?.string }
  var number: Int? { json["error_codes"]?.array?.first?.integer.map { Int($0) } }

  /// The access token, which must be there.
  var token: String {
    get throws { try #require(json["access_token"]?.string, "\(text)") }
  }

  var refreshToken: String {
    get throws { try #require(json["refresh_token"]?.string, "\(text)") }
  }
}

private final class TextBody: EdgeBody {
  private let buffer: ByteBuffer
  private let isTaken = NIOLockedFlag()

  init(_ text: String) {
    buffer = ByteBuffer(string: text)
  }

  var length: Int? { nil }

  func next() async throws -> ByteBuffer? {
    isTaken.take() ? buffer : nil
  }
}
