internal import Access
internal import Base
internal import Edge

/// The way that every request takes, for what one request asks of others: a copy of its source, a batch of its parts.
protocol StoragePipeline: Sendable {
  /// What a request names, whether or not it is there. Throws `InvalidUri`.
  func target(of request: EdgeRequest) throws -> StorageTarget

  /// Whether a host name is that of an account's service.
  func isAccountHost(_ host: String) -> Bool

  /// Finds the operation of a request, authenticates its caller and asks for the decision. Throws what the request is refused with.
  ///
  /// `version` is in effect where the request names none; `principal` is who it speaks for, nil where the request says so itself.
  func grant(_ request: EdgeRequest, as principal: Principal?, version: String) async throws -> GrantedRequest

  /// Answers a request, errors included.
  func respond(to request: EdgeRequest, version: String) async -> EdgeResponse
}

/// A request that may be carried out.
struct GrantedRequest: Sendable {
  var operation: StorageOperation
  var call: StorageCall

  func run() async throws -> EdgeResponse { try await operation.run(call) }
}
