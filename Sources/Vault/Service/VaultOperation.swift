internal import Base
internal import Edge
package import NIOHTTP1
internal import Wire

/// One operation of the data plane: how it is recognised, which permission it needs, and what runs once that is granted.
package struct VaultOperation: Sendable {
  /// Microsoft's name of the operation, for example `Get Secret`; for logs and tests.
  package var name: String
  package var method: HTTPMethod
  /// Segments that are literal or `{parameter}`: `/secrets/{name}/{version}`. A trailing slash of a request is none.
  package var pattern: String
  package var permission: VaultPermission
  /// Bytes of a request's body.
  var maximumBodyBytes: Int
  var run: @Sendable (VaultCall) async throws -> VaultAnswer

  init(
    _ name: String, _ method: HTTPMethod, _ pattern: String, _ permission: VaultPermission, maximumBodyBytes: Int = VaultLimits.maximumBodyBytes,
    run: @escaping @Sendable (VaultCall) async throws -> VaultAnswer
  ) {
    self.name = name
    self.method = method
    self.pattern = pattern
    self.permission = permission
    self.maximumBodyBytes = maximumBodyBytes
    self.run = run
  }
}

/// A request of the data plane after authentication and decision.
struct VaultCall: Sendable {
  var vault: Vault
  /// `VaultOperation.name`.
  var operation: String
  /// The decoded values of the pattern's parameters: `name`, `version`, …
  var parameters: [String: String]
  var query: Query
  /// Empty object where the request has no body.
  var body: JSON
  var principal: Principal
  /// `7.4`, `2025-07-01`, …
  var apiVersion: String
  var identifiers: RequestIdentifiers
  var remoteAddress: String
  /// `https://<vault>.vault.<domain>`, with the port where it is not 443; ids begin with it.
  var vaultURL: String
  var now: Timestamp

  /// The name in the path; checked when the request was matched.
  var name: String { parameters["name"] ?? "" }
}

/// What an operation answers. Nil body: no content.
struct VaultAnswer: Sendable {
  var status: Int
  var json: JSON?

  init(_ status: Int = 200, _ json: JSON?) {
    self.status = status
    self.json = json
  }
}
