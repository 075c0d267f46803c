public import Access
public import Base
public import Edge
internal import Keyring
public import Ledger
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The data plane of tenants' ledgers at `https://<ledger>.ledger.<domain>`.
///
/// Source: Microsoft, "Azure Confidential Ledger", REST reference.
public final class LedgerServiceEndpoint: EdgeService {
  public let name = "ledger"
  private let ledgers: ConfidentialLedgers
  private let table: LedgerOperations
  private let verifier: any TokenVerifier
  private let audiences: [String]
  private let notes: LedgerNotes?
  private let clock: any WallClock
  private let logger: Logger

  /// The header that names the transaction of an answer.
  private static let transactionHeader = "x-ms-ccf-transaction-id"

  /// The host names of all ledgers. The identity service's, which is one of them, stands before it in the table.
  public static func hostName(domain: String) -> HostTable.Name { .below("ledger.\(domain)") }

  /// `ledgers` is what the provider has too. Refusals are noted in `notes`.
  public init(
    ledgers: ConfidentialLedgers, verifier: any TokenVerifier, address: CloudAddress, notes: LedgerNotes? = nil, clock: any WallClock, logger: Logger
  ) {
    self.ledgers = ledgers
    table = LedgerOperations(
      EntryOperations(ledgers: ledgers, appender: LedgerAppender(ledgers: ledgers)).operations + UserOperations(ledgers: ledgers).operations
        + GovernanceOperations(ledgers: ledgers).operations)
    self.verifier = verifier
    audiences = [address.url("ledger"), "https://confidential-ledger.azure.com"]
    self.notes = notes
    self.clock = clock
    self.logger = logger
  }

  /// Every operation that is served or refused by name.
  package var operations: [LedgerOperation] { table.all }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    do {
      return encode(try await answer(request), for: request)
    } catch {
      let known = error as? CloudError ?? .internalError(error)
      if known.status >= 500, known.status != 501 {
        logger.error(
          "ledger request failed",
          metadata: ["request": "\(request.identifiers.request)", "error": "\(known)", "cause": "\(known.cause.map { "\($0)" } ?? "none")"])
      }
      var response = encode(LedgerAnswer(status: known.status, json: LedgerServiceError.json(known)), for: request)
      for (name, value) in known.headers { response.headers.replaceOrAdd(name: name, value: value) }
      return response
    }
  }

  private func answer(_ request: EdgeRequest) async throws -> LedgerAnswer {
    let label = String(request.host.prefix { $0 != "." })
    let match = try table.match(request.method, request.path)
    do {
      let ledger = try await ledgers.records.read { [ledgers] in try ledgers.ledger(named: label, in: $0) }
      try await admit(request, to: match.operation, of: ledger)
      let call = LedgerCall(
        ledger: ledger, parameters: match.parameters, path: request.path, query: request.query, body: try await body(of: request), now: clock.now())
      var answer = try await match.operation.run(call)
      if answer.transaction == nil {
        answer.transaction = try await ledgers.records.read { TransactionID(try ledger.merkleLog.size(in: $0)) }
      }
      return answer
    } catch KeyringError.noSuchKey {
      // It was deleted meanwhile, or its tenant is gone.
      throw LedgerServiceError.ledgerNotFound(label)
    }
  }

  /// Throws 401 for a caller who is nobody, and 403 for one without the role.
  private func admit(_ request: EdgeRequest, to operation: LedgerOperation, of ledger: ConfidentialLedger) async throws {
    let principal: Principal
    do {
      principal = try await request.bearerPrincipal(verifier: verifier, audiences: audiences)
    } catch RouteTable.Failure.unauthenticated(let reason) {
      if let reason { note(.authenticationFailure, request, operation, ledger, code: "\(reason)", nil) }
      throw LedgerServiceError.unauthenticated
    }
    // A user of another tenant is none, whatever its id.
    let role =
      principal.tenant == ledger.tenant
      ? try await ledgers.records.read { try $0.fetch(LedgerUser.self, LedgerUser.key(ledger, principal.objectID))?.role } : nil
    guard let role, role >= operation.role else {
      note(.refusal, request, operation, ledger, code: "NotAllowed", principal)
      throw LedgerServiceError.notAllowed(request.method, String(request.path.prefix(256)))
    }
  }

  private func note(
    _ kind: LedgerEntry.Kind, _ request: EdgeRequest, _ operation: LedgerOperation, _ ledger: ConfidentialLedger, code: String,
    _ principal: Principal?
  ) {
    notes?.note(
      kind, tenant: ledger.tenant, subject: ledger.id.description, request: request.identifiers.request,
      facts: ["operation": operation.name, "code": code],
      personal: ["caller": principal?.name ?? "", "principal": principal?.objectID.description ?? "", "address": request.remoteAddress])
  }

  private func body(of request: EdgeRequest) async throws -> JSON {
    let limit = LedgerServiceLimits.maximumBodyBytes
    if let length = request.body.length, length > limit { throw LedgerServiceError.tooLarge(limit) }
    let buffer: ByteBuffer
    do {
      buffer = try await request.body.collect(upTo: limit)
    } catch let error as CloudError where error.status == 413 {
      throw LedgerServiceError.tooLarge(limit)
    }
    guard buffer.readableBytes > 0 else { return [:] }
    if let type = request.headers.first(name: "content-type") {
      let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
      guard ["application/json", "application/merge-patch+json"].contains(essence) else { throw LedgerServiceError.unsupportedContentType(type) }
    }
    guard let json = try? JSON(parsing: buffer.readableBytesView, limits: JSONLimits(depth: LedgerServiceLimits.maximumBodyDepth, bytes: limit))
    else {
      throw LedgerServiceError.invalidInput("The request body is not valid JSON.")
    }
    guard json.object != nil else { throw LedgerServiceError.invalidInput("The request body is not a JSON object.") }
    return json
  }

  private func encode(_ answer: LedgerAnswer, for request: EdgeRequest) -> EdgeResponse {
    var headers: HTTPHeaders = ["x-ms-request-id": request.identifiers.request.description]
    if let client = request.identifiers.client { headers.add(name: "x-ms-client-request-id", value: client) }
    if let transaction = answer.transaction { headers.add(name: Self.transactionHeader, value: transaction.description) }
    let status = HTTPResponseStatus(statusCode: answer.status)
    guard let json = answer.json else { return EdgeResponse(status, headers: headers) }
    headers.add(name: "Content-Type", value: "application/json")
    return EdgeResponse(status, headers: headers, body: .bytes(ByteBuffer(bytes: json.bytes)))
  }
}
