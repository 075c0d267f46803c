public import Access
public import Base
public import Edge
public import Extents
public import Logging
public import NIOHTTP1
internal import Records
internal import Wire

/// The data plane of storage accounts on the wire: finds the account and the operation of a request, authenticates its caller, asks for one decision,
/// runs the operation, and renders what went wrong.
///
/// Serves `<account>.blob.core.<domain>`, the hosts of the other services beside it, and, on every other host, blobs at `/<account>/…`.
public final class StorageEndpoint: EdgeService {
  public let name = "storage"
  private let accounts: StorageAccounts
  private let table: StorageOperations
  private let authenticator: StorageAuthenticator
  private let authorizer: any Authorizer
  private let address: CloudAddress
  private let clock: any WallClock
  private let logger: Logger
  private let purger: StoragePurger

  /// The host names of all accounts.
  public static func hostNames(domain: String) -> [HostTable.Name] {
    StorageService.allCases.map { .below("\($0.rawValue).core.\(domain)") }
  }

  /// `accounts` is the one that the provider has too.
  public init(
    accounts: StorageAccounts, extents: ExtentStore, verifier: any TokenVerifier, principals: any PrincipalResolver, authorizer: any Authorizer,
    address: CloudAddress, clock: any WallClock, random: any RandomSource, limits: StorageLimits = StorageLimits(), logger: Logger
  ) {
    let services = StorageServices(
      records: accounts.records, extents: extents, keyring: accounts.keyring, clock: clock, random: random, address: address, logger: logger)
    let operations =
      AccountOperations(services, accounts: accounts).operations + ContainerOperations(services, limits: limits).operations
      + BlobOperations(services, limits: limits).operations + QueueOperations(services, limits: limits).operations
      + TableOperations(services, limits: limits).operations
    let records = accounts.records
    self.accounts = accounts
    table = StorageOperations(operations)
    authenticator = StorageAuthenticator(
      verifier: verifier, principals: principals, address: address,
      containerAccess: { account, name in
        let container = try await records.read { try $0.fetch(Container.self, Container.key(account, name: name)) }
        return container.map { ContainerAccess(publicAccess: $0.publicAccess, policies: $0.policies) }
      })
    self.authorizer = authorizer
    self.address = address
    self.clock = clock
    self.logger = logger
    purger = StoragePurger(services, limits: limits)
  }

  /// Removes what was deleted and gives its space back, until its task is cancelled. The executable runs it beside the front door.
  public func run() async throws {
    try await purger.run()
  }

  /// One round of that work. True when nothing is left to do.
  package func purge() async throws -> Bool {
    try await purger.round()
  }

  /// Every operation that is served.
  package var operations: [StorageOperation] { table.all }

  /// The bodies of Get Blob, Put Blob and Put Block.
  public func prefersFastPath(method: HTTPMethod, path: String, query: Substring) -> Bool {
    guard method == .GET || method == .PUT else { return false }
    guard path.utf8.dropFirst().contains(UInt8(ascii: "/")) else { return false }
    for item in query.split(separator: "&") {
      let name = item.prefix { $0 != "=" }.lowercased()
      if name == "restype" { return false }
      if name == "comp", item.dropFirst(name.count + 1).lowercased() != "block" { return false }
    }
    return true
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    let now = clock.now()
    var exchange = Exchange()
    var response: EdgeResponse
    do {
      response = try await answer(request, now: now, &exchange)
    } catch {
      let error = StorageErrorResponse.cloudError(error)
      log(error, request, exchange)
      response =
        exchange.service == .table
        ? StorageErrorResponse.renderOData(error, to: request, now: now) : StorageErrorResponse.render(error, to: request, now: now)
    }
    response.headers.replaceOrAdd(name: "x-ms-request-id", value: request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "x-ms-version", value: exchange.version)
    if let client = request.identifiers.client { response.headers.replaceOrAdd(name: "x-ms-client-request-id", value: client) }
    if let account = exchange.account, request.method != .OPTIONS {
      response.headers.add(contentsOf: CrossOriginRule.headers(account.properties.crossOriginRules, for: request))
    }
    return response
  }

  /// What is known of a request so far: for the answer's headers and the log.
  private struct Exchange {
    var version = StorageVersion.newest
    var service = StorageService.blob
    var account: OpenAccount?
    var operation: String?
  }

  /// Answers a request of another service of this cloud. `principal` is who it speaks for; nil where the request says so itself.
  func answer(_ request: EdgeRequest, as principal: Principal?) async throws -> EdgeResponse {
    var exchange = Exchange()
    return try await answer(request, as: principal, now: clock.now(), &exchange)
  }

  private func answer(
    _ request: EdgeRequest, as principal: Principal? = nil, now: Timestamp, _ exchange: inout Exchange
  ) async throws -> EdgeResponse {
    let requested = try StorageVersion.requested(by: request)
    if let requested { exchange.version = requested }
    exchange.service = StorageTarget.accountName(host: request.host, domain: address.domain)?.service ?? .blob
    let target = try StorageTarget(host: request.host, path: request.path, query: request.query, domain: address.domain)
    guard let account = try await accounts.account(named: target.account) else { throw StorageError.resourceNotFound }
    exchange.account = account
    guard !target.isSecondary else { throw StorageError.noSecondary }
    if request.method == .OPTIONS { return try CrossOriginRule.preflight(account.properties.crossOriginRules, request) }
    let operation = try table.operation(for: request, target)
    exchange.operation = operation.name
    let unauthenticated = UnauthenticatedRequest(
      request: request, target: target, account: account, operation: operation, version: requested, now: now)
    let credential: StorageCredential
    if let principal {
      credential = try await self.credential(of: principal, for: unauthenticated)
    } else {
      credential = try await authenticator.authenticate(unauthenticated)
    }
    let version = requested ?? credential.version ?? account.properties.defaultServiceVersion ?? StorageVersion.newest
    exchange.version = version
    try await decide(credential, operation.action(request), tenant: account.account.tenant)
    return try await operation.run(
      StorageCall(
        request: request, account: account.account, properties: account.properties, container: target.container, blob: target.blob, principal: credential.principal,
        version: version, now: now, overrides: credential.overrides))
  }

  /// Who may list an account's keys may do what they permit.
  private func credential(of principal: Principal, for request: UnauthenticatedRequest) async throws -> StorageCredential {
    let account = request.account
    let scope = AccessScope(tenant: account.account.tenant, path: account.path)
    if account.account.allowsSharedKey,
      try await authorizer.decide(principal, Action("Microsoft.Storage/storageAccounts/listKeys/action"), on: scope) == .allowed
    {
      return authenticator.keyHolder(request)
    }
    return StorageCredential(principal: principal, scope: authenticator.scope(of: request))
  }

  private func decide(_ credential: StorageCredential, _ action: Action, tenant: GUID) async throws {
    let decision = try await authorizer.decide(credential.principal, action, on: AccessScope(tenant: tenant, path: credential.scope))
    guard decision != .allowed else { return }
    if case .accountKey = credential.principal.kind {
      // Of what an account key may not do, all needs a token.
      throw StorageError.authenticationFailed("Only authentication scheme Bearer is supported")
    }
    throw StorageError.authorizationPermissionMismatch
  }

  private func log(_ error: CloudError, _ request: EdgeRequest, _ exchange: Exchange) {
    var metadata: Logger.Metadata = [
      "request": "\(request.identifiers.request)", "status": "\(error.status)", "code": "\(error.code)",
      "operation": "\(exchange.operation ?? "none")", "account": "\(exchange.account?.account.name ?? "none")",
    ]
    if let cause = error.cause { metadata["cause"] = "\(cause)" }
    logger.log(level: error.status >= 500 ? .error : .debug, "storage request refused", metadata: metadata)
  }
}
