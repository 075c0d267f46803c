internal import Base
public import Edge
internal import Ledger
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The identity service at `https://identity.ledger.<domain>`: which certificates a client trusts when it speaks to a ledger and checks its receipts.
///
/// Source: Microsoft, "Get Ledger Identity", REST reference.
public final class LedgerIdentityEndpoint: EdgeService {
  public let name = "ledger-identity"
  private let ledgers: ConfidentialLedgers
  private let authority: String
  private let logger: Logger

  public static func hostName(domain: String) -> HostTable.Name { .exact("\(LedgerName.identityService).ledger.\(domain)") }

  /// `authority` is the certificate, in PEM, of whoever signed the front door's.
  public init(ledgers: ConfidentialLedgers, authority: String, logger: Logger) {
    self.ledgers = ledgers
    self.authority = authority
    self.logger = logger
  }

  /// Anybody may ask: these are the roots of trust, and what they certify is public.
  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    var headers: HTTPHeaders = ["Content-Type": "application/json; charset=utf-8", "x-ms-request-id": request.identifiers.request.description]
    do {
      return EdgeResponse(.ok, headers: headers, body: .bytes(ByteBuffer(bytes: try await answer(request).bytes)))
    } catch {
      let known = error as? CloudError ?? .internalError(error)
      if known.status >= 500 {
        logger.error("identity request failed", metadata: ["request": "\(request.identifiers.request)", "cause": "\(known.cause ?? known)"])
      }
      for (name, value) in known.headers { headers.replaceOrAdd(name: name, value: value) }
      return EdgeResponse(
        HTTPResponseStatus(statusCode: known.status), headers: headers, body: .bytes(ByteBuffer(bytes: LedgerServiceError.json(known).bytes)))
    }
  }

  private func answer(_ request: EdgeRequest) async throws -> JSON {
    let segments = request.path.split(separator: "/")
    guard segments.count == 2, segments[0].lowercased() == "ledgeridentity", let name = percentDecoded(segments[1]) else {
      throw LedgerServiceError.unknownPath(String(request.path.prefix(256)))
    }
    guard request.method == .GET else { throw LedgerServiceError.unsupportedVerb(String(request.path.prefix(256)), allowed: [.GET]) }
    let (ledger, service) = try await ledgers.records.read { [ledgers] reader -> (ConfidentialLedger, String) in
      let ledger = try ledgers.ledger(named: name, in: reader)
      guard let certificate = try LedgerIdentity.serviceCertificate(of: ledger.merkleLog, in: reader) else {
        throw LedgerServiceError.ledgerNotFound(name)
      }
      return (ledger, certificate)
    }
    return ["ledgerId": .string(ledger.name), "ledgerTlsCertificate": .string(Self.bundle(service, authority))]
  }

  /// The ledger's own certificate first, against which receipts are verified: verifiers read the first. Behind it the authority's, against which the
  /// connection is verified: TLS libraries take all.
  private static func bundle(_ certificates: String...) -> String {
    certificates.map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }.joined()
  }
}
