import Access
import Base
import Records
import ResourceManager
import Synchronization
import Wire

/// Remembers what it was asked, and answers by a table: the first rule whose action and path fit; else allowed.
final class SpyAuthorizer: Authorizer {
  struct Question: Equatable, Sendable {
    var action: String
    var path: String
  }

  private let state = Mutex<(asked: [Question], rules: [@Sendable (Question) -> Decision?])>(([], []))

  var asked: [Question] { state.withLock { $0.asked } }

  func forget() { state.withLock { $0.asked = [] } }

  func rule(_ rule: @escaping @Sendable (Question) -> Decision?) { state.withLock { $0.rules.append(rule) } }

  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision {
    let question = Question(action: action.name, path: scope.path)
    return state.withLock { state in
      state.asked.append(question)
      return state.rules.lazy.compactMap { $0(question) }.first ?? .allowed
    }
  }
}

/// Tokens are the words `owner`, `reader` (of the first tenant), `foreigner` (of the other), and the names of errors.
struct StubVerifier: TokenVerifier {
  let tenant: GUID
  let foreignTenant: GUID
  let owner: GUID

  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    switch token {
    case "owner":
      Principal(kind: .user, tenant: tenant, objectID: owner, name: "owner@test.example", claims: ["upn": "owner@test.example", "ver": "2.0"])
    case "reader": Principal(kind: .servicePrincipal, tenant: tenant, objectID: GUID(high: 1, low: 2), applicationID: GUID(high: 3, low: 4))
    case "foreigner": Principal(kind: .user, tenant: foreignTenant, objectID: GUID(high: 5, low: 6), name: "foreigner")
    case "expired": throw TokenError.expired
    case "audience": throw TokenError.wrongAudience
    case "issuer": throw TokenError.wrongIssuer
    default: throw TokenError.malformed
    }
  }
}

struct StubPrincipals: PrincipalResolver {
  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { nil }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { objectID == .zero ? nil : .user }
}

/// Counts what a type was told to delete, in the deletion's own transaction.
struct Deletion: Record, Codable, Sendable {
  static let kind = "test.deletion"
  var id: String
  var count: Int
  var key: RecordKey { RecordKey(tenant: .zero, id) }
}

struct TestProvider: ResourceProvider {
  let namespace = "Microsoft.Test"
  var types: [any ResourceType] { [Thing(), Part(), Account()] }
  let operations = [
    ProviderOperation(name: "Microsoft.Test/things/read", resource: "Thing", operation: "Read", description: "Reads a thing."),
    ProviderOperation(name: "Microsoft.Test/things/poke/action", resource: "Thing", operation: "Poke", description: "Pokes a thing."),
    ProviderOperation(name: "Microsoft.Test/register/action", resource: "Registration", operation: "Register", description: "Registers."),
  ]
  var actions: [ProviderAction] {
    [
      ProviderAction(method: .post, path: "checkName", permission: "Microsoft.Test/checkName/action") { _, body, _, _ in
        ["free": .boolean(body["name"]?.string != "taken")]
      },
      ProviderAction(method: .get, path: "locations/{location}/usages", permission: "Microsoft.Test/locations/usages/read") { parameters, _, _, _ in
        ["location": .string(parameters["location"] ?? ""), "filter": .string(parameters["$filter"] ?? "")]
      },
    ]
  }
}

/// A tracked type with everything: zones, actions, a refusal to go while its property `held` is true.
struct Thing: ResourceType {
  let descriptor = ResourceTypeDescriptor(type: "Microsoft.Test/things", apiVersions: ["2024-01-01", "2023-01-01-preview"], supportsZones: true)

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let wanted = change.body["properties"] ?? [:]
    if wanted["size"]?.integer == 13 { throw CloudError(400, "UnluckySize", "Thirteen is not a size.") }
    let properties = change.method == .patch ? (change.existing?.properties ?? [:]).merging(patch: wanted) : wanted
    return Resource(
      tenant: change.context.tenant, id: change.id, location: nil, zones: change.body["zones"]?.array?.compactMap(\.string), properties: properties,
      etag: .zero, createdTime: change.context.now, changedTime: change.context.now)
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    if resource.properties["held"]?.boolean == true { throw CloudError(409, "ThingHeld", "The thing is held.") }
    let id = resource.id.canonical
    let before = try transaction.fetch(Deletion.self, RecordKey(tenant: .zero, id))?.count ?? 0
    try transaction.save(Deletion(id: id, count: before + 1))
  }

  var actions: [ResourceAction] {
    [
      ResourceAction(name: "poke", permission: "Microsoft.Test/things/poke/action", isWrite: true) { resource, body, _, _ in
        ["poked": .string(resource.id.name), "with": body["with"] ?? .null]
      },
      ResourceAction(name: "seal", permission: "Microsoft.Test/things/seal/action", isWrite: true, needsETag: true) { _, _, _, _ in [:] },
      ResourceAction(name: "look", permission: "Microsoft.Test/things/look/action", isWrite: false) { resource, _, _, _ in
        ["seen": .string(resource.id.name)]
      },
      ResourceAction(name: "reveal", permission: "Microsoft.Test/things/reveal/action", isWrite: true, givesSecret: true) { _, _, _, _ in
        ["secret": "planted-showsAndChanges"]
      },
      ResourceAction(name: "show", permission: "Microsoft.Test/things/show/action", isWrite: false, givesSecret: true) { _, _, _, _ in
        ["secret": "planted-shows"]
      },
    ]
  }
}

/// A child without location.
struct Part: ResourceType {
  let descriptor = ResourceTypeDescriptor(type: "Microsoft.Test/things/parts", apiVersions: ["2024-01-01"], isTracked: false, supportsTags: false)

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    Resource(
      tenant: change.context.tenant, id: change.id, location: nil, properties: change.body["properties"] ?? [:], etag: .zero,
      createdTime: change.context.now, changedTime: change.context.now)
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    try Thing().delete(resource, context: context, in: transaction)
  }
}

/// One whose clients accept only 200.
struct Account: ResourceType {
  let descriptor = ResourceTypeDescriptor(type: "Microsoft.Test/accounts", apiVersions: ["2024-01-01"], createdStatus: 200)

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    try Part().put(change, in: transaction)
  }
}

/// A store whose process dies at one of its writes: right before that commit, or right after it and before anybody hears of it.
final class CrashingStore: RecordStore {
  struct Crash: Error {}

  private let inner: any RecordStore
  private let fatalWrite: Int
  private let commits: Bool
  private let count = Mutex(0)

  init(_ inner: any RecordStore, at fatalWrite: Int, afterCommit: Bool) {
    self.inner = inner
    self.fatalWrite = fatalWrite
    commits = afterCommit
  }

  var crashed: Bool { count.withLock { $0 > fatalWrite } }

  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    if crashed { throw Crash() }
    return try await inner.read(body)
  }

  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    let number = count.withLock { count in
      count += 1
      return count - 1
    }
    if number > fatalWrite || number == fatalWrite && !commits { throw Crash() }
    let result = try await inner.write(body)
    if number == fatalWrite { throw Crash() }
    return result
  }

  func settle() async {
    await inner.settle()
  }
}
