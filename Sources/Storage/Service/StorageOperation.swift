package import Access
internal import Base
package import Edge
package import NIOHTTP1
internal import Wire

/// One operation of the data plane: how it is recognised, which permission it needs, and what runs once that is granted.
///
/// The endpoint finds the operation, authenticates the request, asks `Authorizer.decide` once, and only then calls `run`.
/// Source: Microsoft, "Blob Storage REST API" and "Permissions for calling data operations".
package struct StorageOperation: Sendable {
  /// What the path of a request names.
  package enum Level: Sendable {
    case account
    case container
    case blob
    case queue
    /// `/<queue>/messages`.
    case messages
    /// `/<queue>/messages/<id>`.
    case message
    /// `/Tables`.
    case tables
    /// `/Tables('<name>')`.
    case table
    /// `/<table>` and `/<table>()`.
    case entities
    /// `/<table>(PartitionKey='…',RowKey='…')`.
    case entity
    /// `/$batch`.
    case tableBatch
    /// A page of the static website.
    case page
  }

  /// Microsoft's name of the operation, for example `Put Block List`; for logs and tests.
  package var name: String
  package var service = StorageService.blob
  package var method: HTTPMethod
  package var level: Level
  /// The `comp` and `restype` query values that select it; nil when the parameter must be absent.
  package var comp: String?
  package var resourceType: String?
  /// Some operations share method and query and differ by a header (`x-ms-copy-source`); the first that matches wins.
  var matches: @Sendable (EdgeRequest) -> Bool = { _ in true }
  /// The permission needed; it may depend on the request (a write that creates, for instance).
  package var action: @Sendable (EdgeRequest) -> Action
  /// Whether a container's public access level can allow it to anybody, and from which level on.
  var publicAccess: PublicAccess = .none
  /// Whether it is served at the account's secondary endpoint, and there only.
  package var isSecondary = false
  var run: @Sendable (StorageCall) async throws -> EdgeResponse
}

/// A container's public access level.
enum PublicAccess: String, Sendable, Codable, Comparable {
  case none
  case blob
  case container

  static func < (left: PublicAccess, right: PublicAccess) -> Bool {
    let order: [PublicAccess] = [.none, .blob, .container]
    return order.firstIndex(of: left) ?? 0 < order.firstIndex(of: right) ?? 0
  }
}

/// A request of the data plane after authentication and decision.
struct StorageCall: Sendable {
  var request: EdgeRequest
  /// `StorageOperation.name`.
  var operation: String
  /// The account and the settings of its blob service.
  var state: AccountState
  /// The name of the container, queue or table, decoded; `$root` and `$web` included. Empty on account level.
  var container: String
  /// The name of the blob, the id of the message or the key of the entity, decoded. Empty above that.
  var blob: String
  var principal: Principal
  /// The `x-ms-version` to answer with.
  var version: String
  var now: Timestamp
  /// The same, but for what setting the clock did to it (`WallClock.steady`): what leases go by.
  var steady: Timestamp
  /// Response header overrides of a SAS (`rscc`, `rscd`, `rsce`, `rscl`, `rsct`) by header name; empty otherwise.
  var overrides: [(name: String, value: String)]
  /// The table that the caller's signature is for, where it is for one; every table that a batch changes must be this one.
  var signedTable: String?
  /// The entities that the caller's signature reaches; nil for all.
  var keyRange: SignedKeyRange?
  /// Whether nothing but public access let the caller in.
  var isAnonymous = false
  /// For what the request asks of others.
  var pipeline: any StoragePipeline

  var account: StorageAccount { state.account }
  var properties: BlobServiceProperties { state.properties }
}
