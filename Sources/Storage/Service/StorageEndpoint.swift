public import Access
public import Base
public import Edge
public import Extents
public import Ledger
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
  let accounts: StorageAccounts
  private let table: StorageOperations
  private let authenticator: StorageAuthenticator
  private let authorizer: any Authorizer
  private let address: CloudAddress
  private let clock: any WallClock
  private let notes: LedgerNotes?
  private let logger: Logger
  private let purger: StoragePurger
  private let copier: BlobCopier
  private let lifecycle: LifecycleManager
  private let analytics: StorageAnalytics

  /// The host names of all accounts.
  public static func hostNames(domain: String) -> [HostTable.Name] {
    StorageService.allCases.map { .below("\($0.rawValue).core.\(domain)") }
  }

  /// `accounts` is the one that the provider has too. Refusals are noted in `notes`.
  public init(
    accounts: StorageAccounts, extents: ExtentStore, verifier: any TokenVerifier, principals: any PrincipalResolver, authorizer: any Authorizer,
    address: CloudAddress, notes: LedgerNotes? = nil, clock: any WallClock, random: any RandomSource, limits: StorageLimits = StorageLimits(),
    logger: Logger
  ) {
    let services = StorageServices(
      records: accounts.records, extents: extents, keyring: accounts.keyring, clock: clock, random: random, address: address, logger: logger,
      customers: accounts.customers)
    copier = BlobCopier(services, contents: BlobContents(services), limits: limits)
    let operations =
      AccountOperations(services, accounts: accounts).operations + ContainerOperations(services, limits: limits).operations
      + CopyOperations(services, copier: copier, limits: limits).operations + BlobOperations(services, limits: limits).operations
      + BatchOperations(services, limits: limits).operations + LeaseOperations(services).operations
      + TagOperations(services, limits: limits).operations + ImmutabilityOperations(services).operations
      + QueueOperations(services, limits: limits).operations + TableOperations(services, limits: limits).operations
      + WebsiteOperations(services, limits: limits).operations
    let records = accounts.records
    self.accounts = accounts
    table = StorageOperations(operations)
    authenticator = StorageAuthenticator(
      verifier: verifier, principals: principals, address: address,
      containerAccess: { service, account, name in
        try await records.read { try ContainerAccess.of(service, account, name: name, in: $0) }
      })
    self.authorizer = authorizer
    self.address = address
    self.clock = clock
    self.notes = notes
    self.logger = logger
    purger = StoragePurger(services, limits: limits)
    lifecycle = LifecycleManager(services, limits: limits)
    analytics = StorageAnalytics(services, limits: limits)
  }

  /// Removes what was deleted and gives its space back, ends copies that were begun, and carries out lifecycle rules, until its task is cancelled.
  /// The executable runs it beside the front door.
  public func run() async throws {
    try await withThrowingTaskGroup { [purger, copier, analytics, lifecycle] group in
      group.addTask { try await purger.run() }
      group.addTask { try await analytics.run() }
      group.addTask { try await copier.run() }
      group.addTask { try await lifecycle.run(self) }
      try await group.waitForAll()
    }
  }

  /// One step of the lifecycle rules of one account. True when none has its turn.
  package func age() async throws -> Bool {
    try await lifecycle.round(self)
  }

  /// One step of each copy that is under way. True when none is.
  package func copy() async throws -> Bool {
    try await copier.round()
  }

  /// Writes what is known of requests to accounts that want it written down.
  package func writeAnalytics() async {
    await analytics.flush()
  }

  /// One round of that work. True when nothing is left to do.
  package func purge() async throws -> Bool {
    try await purger.round()
  }

  /// Every operation that is served.
  package var operations: [StorageOperation] { table.all }

  /// The bodies of Get Blob, Put Blob, Put Block, Append Block and Put Page; and what is done with an entity or a batch of them.
  public func prefersFastPath(method: HTTPMethod, path: String, query: Substring) -> Bool {
    if method != .HEAD, path.utf8.last == UInt8(ascii: ")") { return true }
    if method == .POST, query.isEmpty, path.utf8.count > 1, !path.utf8.dropFirst().contains(UInt8(ascii: "/")) { return true }
    guard method == .GET || method == .PUT else { return false }
    guard path.utf8.dropFirst().contains(UInt8(ascii: "/")) else { return false }
    var rest = query.utf8
    while !rest.isEmpty {
      let item = rest.prefix { $0 != UInt8(ascii: "&") }
      rest = rest.dropFirst(item.count + 1)
      let name = Substring(item.prefix { $0 != UInt8(ascii: "=") })
      if name.equalsIgnoringASCIICase("restype") { return false }
      guard name.equalsIgnoringASCIICase("comp") else { continue }
      let value = Substring(item.dropFirst(name.utf8.count + 1))
      guard ["block", "appendblock", "page"].contains(where: { value.equalsIgnoringASCIICase($0) }) else { return false }
    }
    return true
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    await respond(to: request, Exchange())
  }

  private func respond(to request: EdgeRequest, _ initial: Exchange) async -> EdgeResponse {
    let now = clock.now()
    var exchange = initial
    var response: EdgeResponse
    do {
      response = try await answer(request, now: now, &exchange)
    } catch {
      let error = StorageErrorResponse.cloudError(error)
      log(error, request, exchange)
      if let notes, let account = exchange.named {
        notes.note(
          error, request, account: account, service: exchange.service, operation: exchange.operation, principal: exchange.principal)
      }
      response =
        exchange.service == .table
        ? StorageErrorResponse.renderOData(error, to: request, now: now) : StorageErrorResponse.render(error, to: request, now: now)
    }
    response.headers.replaceOrAdd(name: "x-ms-request-id", value: request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "x-ms-version", value: exchange.version)
    if let client = request.identifiers.client { response.headers.replaceOrAdd(name: "x-ms-client-request-id", value: client) }
    if let account = exchange.account, request.method != .OPTIONS {
      response.headers.add(contentsOf: CrossOriginRule.headers(account.crossOriginRules(of: exchange.service), for: request))
    }
    if let account = exchange.account, let operation = exchange.operation, let settings = account.analytics(of: exchange.service) {
      analytics.record(
        AnsweredRequest(
          request, response, service: exchange.service, account: account.account.name, operation: operation, version: exchange.version, begin: now,
          end: clock.now()), settings)
    }
    return response
  }

  /// What is known of a request so far: for the answer's headers and the log.
  private struct Exchange {
    var version = StorageVersion.newest
    var service = StorageService.blob
    /// The account that the request names, whether or not it may come in, and once it may.
    var named: OpenAccount?
    var account: OpenAccount?
    var operation: String?
    /// Who sent it, once that is known.
    var principal: Principal?
    /// In effect where neither the request nor its signature names one.
    var inheritedVersion: String?
    /// The tenant for which another service of this cloud asks, where one does.
    var askingTenant: GUID?
  }

  /// On whose behalf a request is answered.
  private enum Asker {
    /// Who the request itself says.
    case itself
    /// Another service of this cloud, for a principal who may list the account's keys or has the permission.
    case service(Principal)
    /// The caller of another request.
    case caller(Principal)
  }

  /// Answers a request that another service of this cloud makes for `principal`, with what that one may do or, where it is signed, with what its
  /// signature grants.
  func answer(_ request: EdgeRequest, for principal: Principal, isSigned: Bool) async throws -> EdgeResponse {
    var exchange = Exchange()
    exchange.askingTenant = principal.tenant
    return try await answer(request, as: isSigned ? .itself : .service(principal), now: clock.now(), &exchange)
  }

  private func answer(_ request: EdgeRequest, as asker: Asker = .itself, now: Timestamp, _ exchange: inout Exchange) async throws -> EdgeResponse {
    if request.method == .OPTIONS {
      let (target, account) = try await locate(request, &exchange)
      return try CrossOriginRule.preflight(account.crossOriginRules(of: target.service), request)
    }
    let granted = try await grant(request, as: asker, now: now, &exchange)
    do {
      return try await granted.run()
    } catch {
      guard let account = exchange.account else { throw error }
      throw await closed(error, account, granted.call)
    }
  }

  private func locate(_ request: EdgeRequest, _ exchange: inout Exchange) async throws -> (StorageTarget, OpenAccount) {
    exchange.service = service(of: request)
    let target = try target(of: request)
    guard let account = try await accounts.account(named: target.account) else { throw StorageError.resourceNotFound }
    exchange.named = account
    // A service of this cloud is trusted with its own tenant's accounts only: for anybody else it comes from outside.
    try await Admission.require(request, account.account, isInternal: exchange.askingTenant == account.account.tenant)
    exchange.account = account
    return (target, account)
  }

  /// What a request names, whether or not it is there.
  func target(of request: EdgeRequest) throws -> StorageTarget {
    try StorageTarget(
      host: request.host, path: request.path, query: request.query, domain: address.domain, addressService: Self.portService(of: request) ?? .blob)
  }

  private func service(of request: EdgeRequest) -> StorageService {
    Self.portService(of: request) ?? StorageTarget.accountName(host: request.host, domain: address.domain)?.service ?? .blob
  }

  private static func portService(of request: EdgeRequest) -> StorageService? {
    request.connection.portService.flatMap { StorageService(rawValue: $0) }
  }

  private func grant(_ request: EdgeRequest, as asker: Asker, now: Timestamp, _ exchange: inout Exchange) async throws -> GrantedRequest {
    exchange.service = service(of: request)
    let requested = try StorageVersion.requested(by: request)
    if let requested { exchange.version = requested }
    let (target, account) = try await locate(request, &exchange)
    let operation = try table.operation(for: request, target)
    guard target.isSecondary == operation.isSecondary else {
      throw target.isSecondary ? StorageError.noSecondary : StorageError.invalidQueryParameterValue("comp", request.query["comp"] ?? "")
    }
    exchange.operation = operation.name
    let unauthenticated = UnauthenticatedRequest(
      request: request, target: target, account: account, operation: operation, version: requested, now: now)
    let credential: StorageCredential
    switch asker {
    case .itself: credential = try await authenticator.authenticate(unauthenticated)
    case .service(let principal): credential = try await self.credential(of: principal, for: unauthenticated)
    case .caller(let principal): credential = StorageCredential(principal: principal, scope: authenticator.scope(of: unauthenticated))
    }
    exchange.principal = credential.principal
    let version = requested ?? credential.version ?? exchange.inheritedVersion ?? account.properties.defaultServiceVersion ?? StorageVersion.newest
    exchange.version = version
    try await decide(credential, operation.action(request), tenant: account.account.tenant)
    let additional = TagOperations.additionalActions(request, operation) + ImmutabilityOperations.additionalActions(request, operation)
    for action in additional { try await decide(credential, action, tenant: account.account.tenant) }
    let isRead = request.method == .GET || request.method == .HEAD
    guard target.container != ChangeFeedPublisher.container || isRead else { throw StorageError.authorizationFailure }
    var request = request
    if let scope = credential.encryptionScope { try SignedEncryptionScope.apply(scope, to: &request, at: target.level) }
    let call = StorageCall(
      request: request, operation: operation.name, state: account.state, container: target.container,
      blob: target.blob, principal: credential.principal, version: version, now: now, steady: clock.steady(), overrides: credential.overrides,
      signedTable: credential.signedTable, keyRange: credential.keyRange, isAnonymous: credential.isAnonymous, pipeline: self)
    try await openKeys(of: account, for: operation, call)
    return GrantedRequest(operation: operation, call: call)
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

extension StorageEndpoint: StoragePipeline {
  func isAccountHost(_ host: String) -> Bool {
    StorageTarget.accountName(host: host, domain: address.domain) != nil
  }

  func grant(_ request: EdgeRequest, as principal: Principal?, version: String) async throws -> GrantedRequest {
    var exchange = Exchange()
    exchange.inheritedVersion = version
    return try await grant(request, as: principal.map { .caller($0) } ?? .itself, now: clock.now(), &exchange)
  }

  func respond(to request: EdgeRequest, version: String) async -> EdgeResponse {
    var exchange = Exchange()
    exchange.version = version
    exchange.inheritedVersion = version
    return await respond(to: request, exchange)
  }
}
