internal import Base
internal import Edge
internal import NIOHTTP1
public import Operators
internal import Records
internal import Wire

/// The operators' side of the lockbox: asking, and looking at what was granted.
public struct LockboxRoutes: Sendable {
  private let lockbox: Lockbox
  private let eyes: any TenantEyes

  public init(lockbox: Lockbox, eyes: any TenantEyes) {
    self.lockbox = lockbox
    self.eyes = eyes
  }

  public var routes: [OperatorRoute] { asking + looking }

  // MARK: Asking

  private var asking: [OperatorRoute] {
    let (lockbox, clock) = (lockbox, lockbox.clock)
    return [
      OperatorRoute(.POST, "/lockboxRequests", .requestAccess) { call in
        let made = try await lockbox.open(LockboxDraft(try await call.body()), by: call.caller, request: call.request.identifiers.request)
        return OperatorAnswer.json(made.operatorJSON(at: clock.now()), .created)
      },
      OperatorRoute(.GET, "/lockboxRequests", .requestAccess) { call in
        Self.page(try await lockbox.requests(of: call.caller.id, after: call.request.query["after"]), at: clock.now())
      },
      OperatorRoute(.GET, "/lockboxRequests/{id}", .requestAccess) { call in
        OperatorAnswer.json(try await lockbox.request(call.parameters["id"] ?? "", of: call.caller).operatorJSON(at: clock.now()))
      },
      OperatorRoute(.POST, "/lockboxRequests/{id}/withdraw", .requestAccess) { call in
        let ended = try await lockbox.withdraw(call.parameters["id"] ?? "", by: call.caller, request: call.request.identifiers.request)
        return OperatorAnswer.json(ended.operatorJSON(at: clock.now()))
      },
      OperatorRoute(.GET, "/accessRequests", .readAccessRequests) { call in
        Self.page(try await lockbox.requests(of: nil, after: call.request.query["after"]), at: clock.now())
      },
    ]
  }

  private static func page(_ page: (requests: [LockboxRequest], next: String?), at now: Timestamp) -> EdgeResponse {
    OperatorAnswer.json(
      .object(["value": .array(page.requests.map { $0.operatorJSON(at: now) }), "next": .string(page.next)]))
  }

  // MARK: Looking

  private var looking: [OperatorRoute] {
    let eyes = eyes
    return [
      granted("/lockboxRequests/{id}/resource", { try LockboxLook.resource($0) }) { look, grant, _ in
        OperatorAnswer.json(try await eyes.resource(look.target, tenant: grant.tenant))
      },
      granted("/lockboxRequests/{id}/resources", { try LockboxLook.resources($0) }) { look, grant, call in
        let (found, next) = try await eyes.resources(
          in: look.target, tenant: grant.tenant, after: call.request.query["after"], limit: LockboxLimits.maximumLookItems)
        return OperatorAnswer.json(.object(["value": .array(found), "next": .string(next)]))
      },
      granted("/lockboxRequests/{id}/containers", { try LockboxLook.containers($0) }) { look, grant, _ in try await Self.blobs(look, grant, eyes) },
      granted("/lockboxRequests/{id}/blobs", { try LockboxLook.blobs($0) }) { look, grant, _ in try await Self.blobs(look, grant, eyes) },
      granted("/lockboxRequests/{id}/blob", { try LockboxLook.content($0) }) { look, grant, _ in try await Self.blobs(look, grant, eyes) },
    ]
  }

  private func granted(
    _ pattern: String, _ look: @escaping LockboxLook.Reader,
    _ body: @escaping @Sendable (LockboxLook, OperatorGrant, OperatorCall) async throws -> EdgeResponse
  ) -> OperatorRoute {
    OperatorRoute(.GET, pattern, .requestAccess, grantedBy: LockboxGuard(lockbox: lockbox, look: look)) { call, grant in
      try await body(try look(call), grant, call)
    }
  }

  /// What the blob service said of itself that a reader needs.
  private static let shownHeaders = ["Content-Type", "Content-Range", "ETag", "Last-Modified", "x-ms-blob-type", "x-ms-version"]

  private static func blobs(_ look: LockboxLook, _ grant: OperatorGrant, _ eyes: any TenantEyes) async throws -> EdgeResponse {
    guard let blobs = look.blobs else { throw OperatorErrors.noGrant }
    let answer = try await eyes.blobs(blobs, tenant: grant.tenant)
    var headers: HTTPHeaders = ["Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"]
    for name in shownHeaders {
      if let value = answer.headers.first(name: name) { headers.add(name: name, value: value) }
    }
    return EdgeResponse(answer.status, headers: headers, body: answer.body)
  }
}
