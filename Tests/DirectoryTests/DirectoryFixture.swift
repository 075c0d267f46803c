import Access
import Base
import Directory
import Edge
import Identity
import Keyring
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import Records
import Simulation
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// A directory with one tenant, its administrator and an endpoint that believes in tokens of the form `user:<id>` and `app:<id>`.
struct DirectoryFixture {
  let records: SQLiteRecordStore
  let access: AccessControl
  let identity: IdentityService
  let endpoint: DirectoryEndpoint
  let notes: LedgerNotes
  let clock = ManualClock()
  let random = SeededRandom(seed: 23)
  let tenant: Tenant
  let other: Tenant
  let administrator: User
  private let directory: String

  private struct Verifier: TokenVerifier {
    let identity: IdentityService
    let tenants: [GUID]

    func principal(bearer token: String, audiences: [String]) async throws -> Principal {
      let parts = token.split(separator: ":").map(String.init)
      guard parts.count == 2, let id = GUID(parts[1]) else { throw TokenError.malformed }
      for tenant in tenants {
        if let found = try await identity.principal(tenant: tenant, objectID: id) { return found }
      }
      throw TokenError.unknownPrincipal
    }
  }

  init() async throws {
    directory = FileManager.default.temporaryDirectory.path + "/directory-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    records = try SQLiteRecordStore(path: directory + "/records")
    access = AccessControl(records: records)
    let address = CloudAddress(domain: "cocagne.localhost", port: 443)
    let logger = Logger(label: "directory tests")
    let keyring = Keyring(rootKey: try RootKey(creatingAt: directory + "/root.key", random: random), random: random)
    let identity = try await IdentityService(
      records: records, keyring: keyring, address: address, clock: clock, random: random, logger: logger,
      hashing: SecretHasher.Parameters(passwordRounds: 2, secretRounds: 2))
    self.identity = identity
    (tenant, other) = try await records.write { transaction in
      (
        try identity.createTenant(displayName: "Contoso", domains: ["contoso.local"], country: "FR", in: transaction),
        try identity.createTenant(displayName: "Fabrikam", domains: ["fabrikam.local"], country: "FR", in: transaction)
      )
    }
    administrator = try await identity.createUser(
      User(
        id: .zero, tenant: tenant.id, userPrincipalName: "admin@contoso.local", displayName: "Administrator", mailNickname: "admin",
        created: clock.now()), password: "Correct horse 1")
    notes = LedgerNotes(records: records, clock: clock, random: random, logger: logger)
    endpoint = DirectoryEndpoint(
      records: records, access: access, identity: identity, verifier: Verifier(identity: identity, tenants: [tenant.id, other.id]),
      authorizer: access, address: address, notes: notes,
      clock: clock, random: random, logger: logger)
    try await give(DirectoryRole.globalAdministrator, to: administrator.id, .user)
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  func give(_ role: GUID, to principal: GUID, _ type: PrincipalType) async throws {
    let (id, now, scope) = (random.guid(), clock.now(), AccessScope(tenant: tenant.id, path: AccessScope.directory))
    try await records.write { [access] transaction in
      _ = try access.assign(
        RoleAssignmentRequest(roleDefinitionID: role, principalID: principal), id: id, at: scope, resolvedType: type, by: .zero, now: now,
        in: transaction)
    }
  }

  struct Answer {
    var status: Int
    var headers: HTTPHeaders
    var text: String
    var json: JSON

    var code: String { json["error"]?["code"]?.string ?? "" }
    var message: String { json["error"]?["message"]?.string ?? "" }
    var values: [JSON] { json["value"]?.array ?? [] }
    var id: String { json["id"]?.string ?? "" }
  }

  /// Sends a request as the administrator, or with another token; an empty one sends none. `url` is a path with an optional query.
  func send(_ method: HTTPMethod, _ url: String, _ body: JSON? = nil, token: String? = nil) async throws -> Answer {
    var headers: HTTPHeaders = [:]
    let token = token ?? "user:\(administrator.id)"
    if !token.isEmpty { headers.add(name: "Authorization", value: "Bearer \(token)") }
    let halves = url.split(separator: "?", maxSplits: 1)
    guard let query = Query(parsing: halves.count == 2 ? halves[1] : "") else { preconditionFailure("a malformed query") }
    let request = EdgeRequest(
      method: method, path: String(halves[0]), query: query, headers: headers, identifiers: RequestIdentifiers(request: random.guid()),
      body: Bytes(body?.bytes ?? []))
    let response = await endpoint.respond(to: request)
    guard case .bytes(let buffer) = response.body else { preconditionFailure("a streamed answer") }
    let text = String(buffer: buffer)
    return Answer(
      status: Int(response.status.code), headers: response.headers, text: text, json: (try? JSON(parsing: text)) ?? .null)
  }

  func get(_ url: String, token: String? = nil) async throws -> Answer {
    try await send(.GET, url, token: token)
  }

  @discardableResult
  func user(_ name: String) async throws -> String {
    let answer = try await send(.POST, "/v1.0/users", Self.userBody(name))
    precondition(answer.status == 201, answer.text)
    return answer.id
  }

  static func userBody(_ name: String) -> JSON {
    [
      "accountEnabled": true, "displayName": .string(name.uppercased()), "mailNickname": .string(name),
      "userPrincipalName": .string("\(name)@contoso.local"),
      "passwordProfile": ["password": "Battery staple 2", "forceChangePasswordNextSignIn": false],
    ]
  }

  @discardableResult
  func group(_ name: String) async throws -> String {
    let answer = try await send(
      .POST, "/v1.0/groups", ["displayName": .string(name), "mailEnabled": false, "mailNickname": .string(name), "securityEnabled": true])
    precondition(answer.status == 201, answer.text)
    return answer.id
  }

  func reference(_ id: String) -> JSON {
    ["@odata.id": .string("https://graph.cocagne.localhost/v1.0/directoryObjects/\(id)")]
  }
}

private final class Bytes: EdgeBody, @unchecked Sendable {
  private var pieces: [ByteBuffer]
  let length: Int?

  init(_ bytes: [UInt8]) {
    length = bytes.count
    pieces = bytes.isEmpty ? [] : [ByteBuffer(bytes: bytes)]
  }

  func next() async throws -> ByteBuffer? {
    pieces.popLast()
  }
}
