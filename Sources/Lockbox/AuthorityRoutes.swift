internal import Base
internal import NIOHTTP1
public import Operators
internal import Wire

/// The register of authorities' requests at the operators' API.
public struct AuthorityRoutes: Sendable {
  private let register: AuthorityRequests

  public init(register: AuthorityRequests) {
    self.register = register
  }

  public var routes: [OperatorRoute] {
    let register = register
    return [
      OperatorRoute(.POST, "/authorityRequests", .writeAuthorityRequests) { call in
        OperatorAnswer.json(try await register.add(try await call.body(), by: call.caller.personal).json, .created)
      },
      OperatorRoute(.GET, "/authorityRequests", .readAuthorityRequests) { _ in
        OperatorAnswer.json(["value": .array(try await register.list().map(\.json))])
      },
      OperatorRoute(.GET, "/authorityRequests/{id}", .readAuthorityRequests) { call in
        OperatorAnswer.json(try await register.request(call.parameters["id"] ?? "").json)
      },
      OperatorRoute(.POST, "/authorityRequests/{id}/answer", .writeAuthorityRequests) { call in
        OperatorAnswer.json(try await register.answer(call.parameters["id"] ?? "", try await call.body(), by: call.caller.personal).json)
      },
      OperatorRoute(.POST, "/authorityRequests/{id}/notice", .writeAuthorityRequests) { call in
        OperatorAnswer.json(try await register.giveNotice(call.parameters["id"] ?? "", try await call.body(), by: call.caller.personal).json)
      },
      OperatorRoute(.POST, "/authorityRequests/{id}/close", .writeAuthorityRequests) { call in
        OperatorAnswer.json(try await register.close(call.parameters["id"] ?? "", by: call.caller.personal).json)
      },
    ]
  }
}
