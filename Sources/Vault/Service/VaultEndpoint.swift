public import Access
public import Base
public import Edge
public import ExternalKeys
public import Keyring
public import Ledger
public import Logging
internal import NIOCore
internal import NIOHTTP1
public import SecurityModule
internal import Wire

/// The data plane of vaults at `https://<vault>.vault.<domain>`: keys, secrets, certificates, and the roles on them.
///
/// Source: Microsoft, "Azure Key Vault REST API reference".
public final class VaultEndpoint: EdgeService {
  public let name = "vault"
  private let services: VaultServices
  private let keys: VaultKeys
  private let certificates: VaultCertificates
  private let table: VaultOperations
  private let verifier: any TokenVerifier
  private let decisions: VaultAccess
  private let audiences: [String]
  private let notes: LedgerNotes?
  private let principals: any PrincipalResolver

  /// The host names of all vaults.
  public static func hostName(domain: String) -> HostTable.Name { .below("vault.\(domain)") }

  /// `vaults` is the one that the provider has too; `access` keeps the roles that are given at a vault's own host; `module` holds the keys of premium
  /// vaults, where there is one; `authority` signs certificates whose issuers have the provider `Cocagne`; `externalKeys` makes the way to customers'
  /// external key managers, which is HTTPS unless a test says otherwise, and leads to `externalKeyHosts` alone.
  public init(
    vaults: Vaults, verifier: any TokenVerifier, authorizer: any Authorizer, principals: any PrincipalResolver, access: AccessControl,
    address: CloudAddress, module: SecurityModule? = nil, authority: (any CertificateIssuer)? = nil, notes: LedgerNotes? = nil,
    externalKeys: (@Sendable (ExternalKeyConnection, ExternalKeyCertificate) -> any ExternalKeyManager)? = nil,
    externalKeyHosts: ExternalKeyHosts = .none, clock: any WallClock, random: any RandomSource, logger: Logger
  ) {
    services = VaultServices(
      vaults: vaults, address: address, clock: clock, random: random, logger: logger, module: module, externalKeys: externalKeys,
      externalKeyHosts: externalKeyHosts)
    keys = VaultKeys(services)
    certificates = VaultCertificates(keys, authority: authority)
    table = VaultOperations(
      SecretOperations(services).operations + KeyOperations(keys).operations + CertificateOperations(certificates).operations
        + RoleOperations(services: services, access: access, principals: principals).operations
        + ExternalConnectionOperations(services: services).operations)
    self.verifier = verifier
    self.notes = notes
    self.principals = principals
    decisions = VaultAccess(authorizer: authorizer)
    audiences = [address.url("vault"), "https://vault.azure.net"]
  }

  /// Purges what has outlived its time and what is left of what was purged, rotates keys and renews certificates, until its task is cancelled.
  public func run() async throws {
    try await withThrowingTaskGroup { [services, keys, certificates] group in
      group.addTask { try await VaultPurger(services).run() }
      group.addTask { try await keys.run() }
      group.addTask { try await CertificateRenewer(certificates: certificates).run() }
      try await group.waitForAll()
    }
  }

  /// One bounded round of what keys do by themselves: rotation by their policies, removal of what the module keeps for nobody. Gives how long there is
  /// nothing to do.
  @discardableResult
  package func tendKeys() async throws -> Duration { try await keys.round() }

  /// One bounded round of what certificates do by themselves: renewal by their policies. Gives how long there is nothing to do.
  @discardableResult
  package func tendCertificates() async throws -> Duration { try await CertificateRenewer(certificates: certificates).round() }

  /// The keys in these vaults, for those whose data keys they protect.
  public var customerKeys: any CustomerKeys { VaultCustomerKeys(keys: keys, decisions: decisions, principals: principals, notes: notes) }

  /// Every operation that is served.
  package var operations: [VaultOperation] { table.all }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    var answer: VaultAnswer
    var further: [(name: String, value: String)] = []
    do {
      answer = try await self.answer(request)
    } catch {
      let known = error as? CloudError ?? .internalError(error)
      if known.status >= 500 {
        services.logger.error(
          "vault request failed",
          metadata: ["request": "\(request.identifiers.request)", "error": "\(known)", "cause": "\(known.cause.map { "\($0)" } ?? "none")"])
      }
      answer = VaultAnswer(known.status, VaultError.json(known))
      further = known.headers
    }
    return encode(answer, further, for: request)
  }

  private func answer(_ request: EdgeRequest) async throws -> VaultAnswer {
    let label = request.host.prefix { $0 != "." }
    guard let vault = try await services.vaults.vault(named: String(label)), vault.deletion == nil else {
      throw CloudError(404, "VaultNotFound", "The vault '\(label)' does not exist.")
    }
    var known: (operation: String?, principal: Principal?) = (nil, nil)
    do {
      return try await self.answer(request, vault, &known)
    } catch let error as CloudError where error.status == 401 || error.status == 403 {
      notes?.note(error, request, vault, operation: known.operation, principal: known.principal)
      throw error
    }
  }

  private func answer(
    _ request: EdgeRequest, _ vault: Vault, _ known: inout (operation: String?, principal: Principal?)
  ) async throws -> VaultAnswer {
    try VaultAdmission.require(request, vault)
    let principal = try await authenticate(request, vault)
    known.principal = principal
    let match = try table.match(request.method, request.path)
    let apiVersion = try Self.apiVersion(request.query)
    let operation = match.operation
    known.operation = operation.name
    let collection = request.path.split(separator: "/").first.flatMap { VaultCollection(rawValue: $0.lowercased()) }
    try await decisions.require(operation.permission, of: principal, in: vault, collection: collection, name: match.parameters["name"])
    let call = VaultCall(
      vault: vault, operation: operation.name, parameters: match.parameters, query: request.query,
      body: try await body(of: request, upTo: operation.maximumBodyBytes), principal: principal, apiVersion: apiVersion,
      identifiers: request.identifiers, remoteAddress: request.remoteAddress, vaultURL: vault.url(services.address), now: services.clock.now())
    return try await operation.run(call)
  }

  // MARK: Authentication

  private func authenticate(_ request: EdgeRequest, _ vault: Vault) async throws -> Principal {
    do {
      let principal = try await request.bearerPrincipal(verifier: verifier, audiences: audiences)
      guard principal.tenant == vault.tenant else { throw RouteTable.Failure.unauthenticated(.wrongIssuer) }
      return principal
    } catch RouteTable.Failure.unauthenticated(let reason) {
      let challenge = #"Bearer authorization="\#(services.address.url("login"))/\#(vault.tenant)", resource="\#(services.address.url("vault"))""#
      throw CloudError(401, "Unauthorized", Self.message(reason), headers: [("WWW-Authenticate", challenge)])
    }
  }

  /// Source: Microsoft, "Common error codes for Azure Key Vault".
  private static func message(_ reason: TokenError?) -> String {
    switch reason {
    case nil: "AKV10000: Request is missing a Bearer or PoP token."
    case .wrongAudience: "AKV10022: Invalid audience."
    case .wrongIssuer: "AKV10032: Invalid issuer."
    case .expired: "AKV10001: Token is expired."
    case .notYetValid, .malformed, .wrongAlgorithm, .unknownKey, .badSignature, .unknownPrincipal: "AKV10046: Unable to verify the token."
    }
  }

  // MARK: Decoding and encoding

  private static func apiVersion(_ query: Query) throws -> String {
    guard let version = query["api-version"], !version.isEmpty else {
      throw VaultError.badParameter("api-version must be specified")
    }
    let isWellFormed =
      version.utf8.count <= 32 && version.first?.isNumber == true
      && version.utf8.allSatisfy { byte in
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      }
    guard isWellFormed else { throw VaultError.badParameter("The specified version (\(version.prefix(32))) is not recognized.") }
    return version
  }

  private func body(of request: EdgeRequest, upTo maximumBytes: Int) async throws -> JSON {
    let buffer = try await request.body.collect(upTo: maximumBytes)
    guard buffer.readableBytes > 0 else { return [:] }
    do {
      let json = try JSON(parsing: buffer.readableBytesView, limits: JSONLimits(depth: 16, bytes: maximumBytes))
      guard json.object != nil else { throw VaultError.badParameter("The request body is not a JSON object.") }
      return json
    } catch let error as CloudError {
      throw error
    } catch {
      throw VaultError.badParameter("The request body is not valid JSON.")
    }
  }

  private func encode(_ answer: VaultAnswer, _ further: [(name: String, value: String)], for request: EdgeRequest) -> EdgeResponse {
    var headers: HTTPHeaders = [
      "Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1", "X-Content-Type-Options": "nosniff",
      "Strict-Transport-Security": "max-age=31536000;includeSubDomains", "x-ms-request-id": request.identifiers.request.description,
    ]
    if let client = request.identifiers.client { headers.add(name: "x-ms-client-request-id", value: client) }
    for (name, value) in further { headers.replaceOrAdd(name: name, value: value) }
    let status = HTTPResponseStatus(statusCode: answer.status)
    guard let json = answer.json else { return EdgeResponse(status, headers: headers) }
    headers.add(name: "Content-Type", value: "application/json; charset=utf-8")
    return EdgeResponse(status, headers: headers, body: .bytes(ByteBuffer(bytes: json.bytes)))
  }
}
