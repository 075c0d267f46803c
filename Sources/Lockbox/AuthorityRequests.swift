public import Base
internal import Ledger
public import Records
public import Wire

/// The register of what authorities asked for. Each step is entered in the ledger: in that of the tenant whom it is about, or, while the law forbids to tell
/// it, in the platform's, until the tenant is told.
public struct AuthorityRequests: Sendable {
  private let records: any RecordStore
  private let isTenant: @Sendable (GUID, any RecordReader) throws -> Bool
  private let clock: any WallClock
  private let random: any RandomSource

  /// `isTenant` says whether there is such a tenant.
  public init(
    records: any RecordStore, isTenant: @escaping @Sendable (GUID, any RecordReader) throws -> Bool, clock: any WallClock, random: any RandomSource
  ) {
    self.records = records
    self.isTenant = isTenant
    self.clock = clock
    self.random = random
  }

  /// Enters a request: `received`, `country`, `authority`, `basis`, `way`, `asked`; `tenantId` where one is concerned; `noticeWithheld` where the law forbids
  /// to tell it. `persons` is who does so, as `LedgerEntry.personal` has it. Throws 400 for bad input, 404 for an unknown tenant.
  public func add(_ body: JSON, by persons: [String: String]) async throws -> AuthorityRequest {
    let form = try AuthorityForm(
      body, ["received", "country", "authority", "basis", "way", "asked", "tenantId", "noticeWithheld"], today: clock.now())
    let tenant = try form.tenant("tenantId")
    var made = AuthorityRequest(
      id: random.guid(), tenant: tenant, received: try form.day("received"), country: try form.country("country"),
      authority: try form.text("authority"), basis: try form.text("basis"), way: try form.choice("way"), asked: try form.text("asked"),
      entered: clock.now())
    made.withheld = try form.optionalText("noticeWithheld")
    let (entryID, now, request) = (random.guid(), clock.now(), made)
    try await records.write { [isTenant] transaction in
      if let tenant, try !isTenant(tenant, transaction) {
        throw CloudError(404, "TenantNotFound", "The tenant '\(tenant)' could not be found.", target: "tenantId")
      }
      try transaction.save(request)
      try request.entry("add", id: entryID, at: now, by: persons).append(in: transaction)
    }
    return request
  }

  /// Enters what was answered: `answer`, `answered`; `handedOver` where something was; `grounds`; `decisionAuthority`, `decisionCountry` and
  /// `decisionReference` together; `agreement`. Throws 400, 404, and 409 for one that was answered.
  public func answer(_ id: String, _ body: JSON, by persons: [String: String]) async throws -> AuthorityRequest {
    let form = try AuthorityForm(
      body,
      ["answer", "answered", "handedOver", "grounds", "decisionAuthority", "decisionCountry", "decisionReference", "agreement"], today: clock.now())
    let answer: AuthorityRequest.Answer = try form.choice("answer")
    let (answered, handedOver) = (try form.day("answered"), try form.optionalText("handedOver"))
    guard (handedOver != nil) == answer.handsOver else {
      throw form.invalid("handedOver", "tells what was handed over, and stands only where something was.")
    }
    let (grounds, agreement) = (try form.optionalText("grounds"), try form.optionalDay("agreement"))
    let decision = try form.decision()
    return try await change(id, "answer", by: persons) { request in
      guard request.answer == nil else { throw Self.conflict("The request was answered on \(request.answered ?? "").") }
      guard answered >= request.received else { throw form.invalid("answered", "lies before the day on which the request came.") }
      request.answer = answer
      request.answered = answered
      request.handedOver = handedOver
      request.grounds = grounds
      request.decision = decision
      request.agreement = agreement
    }
  }

  /// Enters that the tenant was told (`notice`), or which law forbids it (`noticeWithheld`). Throws 400, 404, and 409 where no tenant is concerned or it was
  /// told.
  public func giveNotice(_ id: String, _ body: JSON, by persons: [String: String]) async throws -> AuthorityRequest {
    let form = try AuthorityForm(body, ["notice", "noticeWithheld"], today: clock.now())
    let (notice, withheld) = (try form.optionalDay("notice"), try form.optionalText("noticeWithheld"))
    guard (notice == nil) != (withheld == nil) else { throw form.invalid("notice", "or 'noticeWithheld', one of the two, is required.") }
    return try await change(id, "notice", by: persons) { request in
      guard request.tenant != nil else { throw Self.conflict("The request is about no tenant.") }
      guard request.notice == nil else { throw Self.conflict("The tenant was told on \(request.notice ?? "").") }
      if let notice, notice < request.received { throw form.invalid("notice", "lies before the day on which the request came.") }
      request.notice = notice
      if let withheld { request.withheld = withheld }
    }
  }

  /// Closes a request that was answered, and of which the tenant was told or may not be. Throws 404 and 409.
  public func close(_ id: String, by persons: [String: String]) async throws -> AuthorityRequest {
    let now = clock.now()
    return try await change(id, "close", by: persons) { request in
      guard request.closed == nil else { throw Self.conflict("The request is closed.") }
      guard request.answer != nil else { throw Self.conflict("The request was not answered yet.") }
      guard request.tenant == nil || request.notice != nil || request.withheld != nil else {
        throw Self.conflict("The tenant was not told, and no law is named that forbids it.")
      }
      request.closed = now
    }
  }

  private func change(
    _ id: String, _ step: String, by persons: [String: String], _ body: @escaping @Sendable (inout AuthorityRequest) throws -> Void
  ) async throws -> AuthorityRequest {
    let (entryID, now) = (random.guid(), clock.now())
    return try await records.write { transaction in
      var request = try Self.found(id, in: transaction)
      if request.closed != nil, step != "notice" { throw Self.conflict("The request is closed.") }
      try body(&request)
      try transaction.save(request)
      try request.entry(step, id: entryID, at: now, by: persons).append(in: transaction)
      return request
    }
  }

  /// Throws 404.
  public func request(_ id: String) async throws -> AuthorityRequest {
    try await records.read { try Self.found(id, in: $0) }
  }

  /// All, in the order in which they were entered.
  public func list() async throws -> [AuthorityRequest] {
    try await records.read { try AuthorityRequest.all(in: $0) }
  }

  private static func found(_ id: String, in reader: any RecordReader) throws -> AuthorityRequest {
    guard let guid = GUID(id), let request = try reader.fetch(AuthorityRequest.self, AuthorityRequest.key(guid)) else {
      throw CloudError(404, "ResourceNotFound", "There is no authority's request '\(id.prefix(64))'.")
    }
    return request
  }

  private static func conflict(_ message: String) -> CloudError { CloudError(409, "InvalidRequestStatus", message) }
}
