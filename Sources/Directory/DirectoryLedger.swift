internal import Access
internal import Base
internal import Edge
internal import Identity
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// What a change of the directory was about, as the ledger names it: a user's id is personal, and so is an application's, by which it calls;
/// other objects' are not.
struct DirectorySubject: Sendable {
  var path: String
  var facts: [String: String] = [:]
  var personal: [String: String] = [:]

  static func user(_ id: GUID) -> DirectorySubject { DirectorySubject(path: "/users", personal: ["object": id.description]) }
  static func group(_ id: GUID) -> DirectorySubject { DirectorySubject(path: "/groups/\(id)") }

  static func application(_ application: Application) -> DirectorySubject {
    DirectorySubject(path: "/applications/\(application.id)", personal: ["application": application.appID.description])
  }

  static func servicePrincipal(_ principal: ServicePrincipal) -> DirectorySubject {
    DirectorySubject(path: "/servicePrincipals/\(principal.id)", personal: ["application": principal.appID.description])
  }

  /// Who was put into a group, or taken out.
  static func member(_ member: GUID, of group: GUID) -> DirectorySubject {
    DirectorySubject(path: "/groups/\(group)/members", personal: ["object": member.description])
  }

  /// The same with those who were put into a group by it.
  func adding(_ members: [GUID]) -> DirectorySubject {
    guard !members.isEmpty else { return self }
    var subject = self
    subject.personal["members"] = members.map(\.description).joined(separator: " ")
    return subject
  }

  /// The same with the names of the properties that were set.
  func setting(_ properties: JSON.Object) -> DirectorySubject {
    var subject = self
    subject.facts["properties"] = properties.members.map(\.name).joined(separator: " ")
    return subject
  }

  /// A secret or certificate, by its id.
  func credential(_ id: GUID) -> DirectorySubject { credentials([id]) }

  /// The certificates that an object has from now on, by their ids.
  func credentials(_ ids: [GUID]) -> DirectorySubject {
    var subject = self
    subject.facts["credentials"] = ids.map(\.description).joined(separator: " ")
    return subject
  }
}

extension DirectoryServices {
  /// Changes the directory, and enters that in the ledger in the same transaction. `body` gives the result and what it was about.
  func create<Value: Sendable>(
    _ call: DirectoryCall, _ body: @escaping @Sendable (RecordTransaction) throws -> (Value, DirectorySubject)
  ) async throws -> Value {
    let (id, now) = (random.guid(), clock.now())
    return try await records.write { transaction in
      let (value, subject) = try body(transaction)
      try LedgerEntry(
        id: id, time: now, tenant: call.tenant, kind: .controlWrite, subject: subject.path, outcome: .succeeded,
        request: call.request.identifiers.request, facts: subject.facts.merging(call.facts) { $1 },
        personal: subject.personal.merging(call.personal) { $1 }
      ).append(in: transaction)
      return value
    }
  }

  /// The same where there is nothing to give.
  func change(_ call: DirectoryCall, _ body: @escaping @Sendable (RecordTransaction) throws -> DirectorySubject) async throws {
    try await create(call) { ((), try body($0)) }
  }

  /// Notes that a caller may not do what it asks.
  func noteRefusal(_ call: DirectoryCall, code: String) {
    notes?.note(
      .refusal, tenant: call.tenant, subject: call.pattern, request: call.request.identifiers.request,
      facts: call.facts.merging(["code": code]) { $1 }, personal: call.personal.merging(call.routed.parameters) { $1 })
  }
}

extension DirectoryCall {
  fileprivate var facts: [String: String] {
    ["service": "graph", "operation": action, "method": request.method.rawValue, "correlation": request.identifiers.correlation.description]
  }

  fileprivate var personal: [String: String] {
    ["caller": principal.name, "principal": principal.objectID.description, "address": request.remoteAddress].filter { !$0.value.isEmpty }
  }
}
