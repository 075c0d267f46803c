public import Access
public import Base
public import Edge
internal import Ledger
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Resource Manager's HTTP face on host `management.`: decodes, authenticates, asks whether it is allowed, calls, encodes.
public final class ResourceManagerEndpoint: EdgeService {
  public let name = "management"
  let manager: ResourceManager
  let address: CloudAddress
  private let verifier: any TokenVerifier
  /// The way to every operation, for work that goes on in the background too.
  public let dispatcher: ArmDispatcher
  private let logger: Logger
  private let audiences: [String]

  /// `principals` says what kind of principal a role is assigned to.
  public init(
    manager: ResourceManager, verifier: any TokenVerifier, authorizer: any Authorizer, principals: any PrincipalResolver, address: CloudAddress,
    logger: Logger
  ) {
    self.manager = manager
    self.address = address
    self.verifier = verifier
    self.logger = logger
    audiences = [address.url("management")] + Self.aliases
    let table = ArmOperationTable(
      MetadataOperations.all(address)
        + SubscriptionOperations.all(manager)
        + ResourceGroupOperations.all(manager, address)
        + ProviderOperations.all(manager)
        + TagOperations.all(manager).map(\.needingRecords)
        + AuthorizationOperations.all(manager, principals)
        + OperationStatusOperations.all(manager, address)
        + DeploymentOperations.all(manager, address).map(\.needingRecords)
        + TenantRecordsKeyOperations.all(manager)
        + LockOperations.all(manager)
        + PolicyOperations.all(manager)
        + ResourceOperations.all(manager, address))
    dispatcher = ArmDispatcher(manager: manager, authorizer: authorizer, table: table)
  }

  /// The audiences of Azure's public cloud, for which SDKs ask when nobody tells them of another cloud.
  private static let aliases = ["https://management.azure.com", "https://management.core.windows.net"]

  /// Every operation there is: a test asks each whether it can be reached without a decision.
  package var operations: [ArmOperation] { dispatcher.table.operations }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    do {
      return encode(try await answer(request), for: request)
    } catch let error as CloudError {
      if let cause = error.cause {
        logger.error("request failed", metadata: ["request": "\(request.identifiers.request)", "error": "\(error)", "cause": "\(cause)"])
      }
      return encode(ArmAnswer(error.status, error.armJSON, headers: error.headers), for: request)
    } catch {
      logger.error("request failed", metadata: ["request": "\(request.identifiers.request)", "error": "\(error)"])
      let hidden = CloudError.internalError(error)
      return encode(ArmAnswer(hidden.status, hidden.armJSON, headers: hidden.headers), for: request)
    }
  }

  private func answer(_ request: EdgeRequest) async throws -> ArmAnswer {
    let path = try ArmPath(request.path)
    let match = dispatcher.table.match(request.method, path)
    if case .found(let operation, let parameters, _) = match, case .open = operation.admission {
      let anonymous = Principal(kind: .anonymous, tenant: .zero)
      let context = try context(request, operation, path, anonymous, apiVersion: request.query["api-version"] ?? "", parameters)
      return try await operation.run(
        ArmCall(
          context: context, parameters: parameters, path: path, scope: ResourceID(), body: .null, hasPermission: true, mayAlso: { _, _ in false },
          mayKnow: { _, _ in false }))
    }
    let apiVersion = try Self.apiVersion(request.query)
    let principal = try await authenticate(request, match, path)
    guard case .found(let operation, let parameters, let scopeLength) = match else {
      throw ArmRefusal.unmatched(match, path, request.method, apiVersion: apiVersion, catalog: manager.catalog)
    }
    let context = try context(request, operation, path, principal, apiVersion: apiVersion, parameters)
    return try await dispatcher.run(
      operation, parameters, path, scopeLength: scopeLength, context, ifMatch: request.headers.first(name: "if-match"),
      ifNoneMatch: request.headers.first(name: "if-none-match")
    ) { try await self.body(of: request, operation) }
  }

  // MARK: Authentication

  private func authenticate(_ request: EdgeRequest, _ match: ArmOperationTable.Match, _ path: ArmPath) async throws -> Principal {
    do {
      return try await request.bearerPrincipal(verifier: verifier, audiences: audiences)
    } catch RouteTable.Failure.unauthenticated(let reason) {
      if let reason { await note(reason, request, match, path) }
      throw ArmRefusal.unauthenticated(reason, address: address, audiences: audiences, now: manager.clock.now())
    }
  }

  /// A bad token speaks for nobody: whose affair it is tells the subscription that it was shown for.
  private func note(_ reason: TokenError, _ request: EdgeRequest, _ match: ArmOperationTable.Match, _ path: ArmPath) async {
    guard let notes = manager.notes else { return }
    let subscription = path.folded.first == "subscriptions" && path.segments.count > 1 ? GUID(path.segments[1]) : nil
    // Nothing else of the path: what a stranger writes there would stay in the ledger for ever.
    let subject = subscription.map { "/subscriptions/\($0)" } ?? "/"
    var operationName = ""
    if case .found(let operation, _, _) = match { operationName = operation.admission.permission ?? operation.name }
    notes.note(
      .authenticationFailure, tenant: await manager.tenant(ofSubscription: subscription), subject: subject, request: request.identifiers.request,
      facts: ["service": name, "operation": operationName, "code": "\(reason)", "method": request.method.rawValue],
      personal: ["address": request.remoteAddress])
  }

  // MARK: Decoding

  private func context(
    _ request: EdgeRequest, _ operation: ArmOperation, _ path: ArmPath, _ principal: Principal, apiVersion: String, _ parameters: [String: String]
  ) throws -> ArmContext {
    var subscription: GUID?
    if path.folded.first == "subscriptions", path.segments.count > 1 {
      guard let id = GUID(path.segments[1]) else {
        throw CloudError(400, "InvalidSubscriptionId", "The provided subscription identifier '\(path.segments[1])' is malformed or invalid.")
      }
      subscription = id
    }
    // An action is about what it is called on.
    let resourceID = if case .path(let dropped) = operation.place { path.text(path.segments.count - dropped) } else { path.text }
    return ArmContext(
      principal: principal, subscription: subscription, permission: ArmDispatcher.permission(operation, parameters), resourceID: resourceID,
      apiVersion: apiVersion,
      requestID: request.identifiers.request, correlationID: request.identifiers.correlation, clientRequestID: request.identifiers.client,
      clientAddress: request.remoteAddress, method: request.method.rawValue, now: manager.clock.now(),
      url: address.url("management") + "/" + path.segments.map { percentEncoded($0) }.joined(separator: "/"), query: request.query)
  }

  private static func apiVersion(_ query: Query) throws -> String {
    guard let version = query["api-version"], !version.isEmpty else {
      throw CloudError(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
    }
    guard ApiVersion.isWellFormed(version) else {
      throw CloudError(
        400, "InvalidApiVersionParameter",
        "The api-version '\(version.prefix(64))' is invalid. The supported versions are of the form 'YYYY-MM-DD' or 'YYYY-MM-DD-preview'.")
    }
    return version
  }

  private func body(of request: EdgeRequest, _ operation: ArmOperation) async throws -> JSON {
    let limit = ResourceManagerLimits.maximumBodyBytes
    let buffer: ByteBuffer
    do {
      buffer = try await request.body.collect(upTo: limit)
    } catch let error as CloudError where error.status == 413 {
      throw CloudError(
        413, "RequestEntityTooLarge", "The request content size exceeds the maximum size of \(limit >> 20) MB. Please reduce the size and try again.")
    }
    guard buffer.readableBytes > 0 else {
      if request.method != .POST { throw CloudError.invalidRequestContent("The request body is empty.") }
      return [:]
    }
    if let type = request.headers.first(name: "content-type"), !type.lowercased().contains("json") {
      throw CloudError(
        415, "UnsupportedMediaType", "The content media type '\(type)' is not supported. Only 'application/json' is supported.")
    }
    do {
      let limits = JSONLimits(depth: ResourceManagerLimits.maximumBodyDepth, bytes: limit)
      if operation.isLenient { return try JSON(parsingLeniently: buffer.readableBytesView, limits: limits) }
      return try JSON(parsing: buffer.readableBytesView, limits: limits)
    } catch {
      throw CloudError.invalidRequestContent("\(error.reason) at byte \(error.offset)")
    }
  }

  // MARK: Encoding

  private func encode(_ answer: ArmAnswer, for request: EdgeRequest) -> EdgeResponse {
    var headers: HTTPHeaders = [
      "Cache-Control": "no-cache",
      "Pragma": "no-cache",
      "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
      "X-Content-Type-Options": "nosniff",
      "x-ms-request-id": request.identifiers.request.description,
      "x-ms-correlation-request-id": request.identifiers.correlation.description,
      "x-ms-routing-request-id": routingID(request.identifiers),
    ]
    if let client = request.identifiers.client, request.headers.first(name: "x-ms-return-client-request-id")?.lowercased() == "true" {
      headers.add(name: "x-ms-client-request-id", value: client)
    }
    for header in answer.headers { headers.replaceOrAdd(name: header.name, value: header.value) }
    let status = HTTPResponseStatus(statusCode: answer.status)
    guard let json = answer.json else { return EdgeResponse(status, headers: headers) }
    headers.add(name: "Content-Type", value: "application/json; charset=utf-8")
    let bytes = json.bytes
    return EdgeResponse(status, headers: headers, body: request.method == .HEAD ? .head(length: bytes.count) : .bytes(ByteBuffer(bytes: bytes)))
  }

  /// `PARIS:20261124T041350Z:<correlation id>`.
  private func routingID(_ identifiers: RequestIdentifiers) -> String {
    let time = manager.clock.now().iso8601.filter { $0 != "-" && $0 != ":" }
    return "\(manager.locations[0].name.uppercased()):\(time):\(identifiers.correlation)"
  }
}

extension CloudError {
  /// `{"error": {"code": …, "message": …}}`.
  ///
  /// Source: Microsoft, "Azure Resource Manager common error response".
  var armJSON: JSON { .object(["error": errorJSON]) }

  private var errorJSON: JSON {
    .object([
      "code": .string(code),
      "message": .string(message),
      "target": JSON.string(target),
      "details": details.isEmpty ? nil : .array(details.map(\.errorJSON)),
    ])
  }
}

/// The form of `api-version`.
enum ApiVersion {
  /// `YYYY-MM-DD`, which may carry `-preview`, `-alpha`, `-beta` or `-privatepreview`.
  static func isWellFormed(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count >= 10, Timestamp(iso8601: String(decoding: bytes[..<10], as: UTF8.self)) != nil else { return false }
    let suffix = String(decoding: bytes[10...], as: UTF8.self).lowercased()
    if suffix.isEmpty { return true }
    return ["-preview", "-alpha", "-beta", "-rc", "-privatepreview"].contains { word in
      suffix == word || suffix.hasPrefix(word + ".") && suffix.dropFirst(word.count + 1).allSatisfy(\.isNumber)
    }
  }
}
