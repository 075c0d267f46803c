package import Base

/// What a token request asks for: one resource, and which of OpenID Connect's extras.
package struct TokenScope: Equatable, Sendable, Codable {
  /// The resource's identifier; nil when only OpenID Connect's own scopes were asked for.
  package var resource: String?
  /// Whether the whole of what was granted (`/.default`) is asked for, rather than single permissions.
  package var isDefault: Bool
  /// As received, with the OpenID Connect scopes.
  package var text: String

  private static let openID: Set<String> = ["openid", "profile", "email", "offline_access"]

  /// Parses `scope` of the v2 protocol. The resource keeps its own trailing slash: `https://management.example//.default`.
  ///
  /// Throws AADSTS70011 for a malformed scope, AADSTS28000 when it names several resources.
  package init(parsing text: String, address: CloudAddress) throws(CloudError) {
    self.text = text
    isDefault = false
    for scope in text.split(separator: " ").map(String.init) where !Self.openID.contains(scope.lowercased()) {
      let found: String
      if let slash = scope.lastIndex(of: "/") {
        found = String(scope[..<slash])
        isDefault = isDefault || scope[slash...].lowercased() == "/.default"
      } else {
        // A permission that names no resource is one of Graph's.
        guard scope.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" || $0 == "-" }) else { throw .invalidScope(scope) }
        found = address.url("graph")
        isDefault = isDefault || scope.lowercased() == ".default"
      }
      guard found.contains(":") || GUID(found) != nil else { throw .invalidScope(scope) }
      if let resource, TokenResource.comparable(resource) != TokenResource.comparable(found) {
        throw .severalResources(text, resource, found)
      }
      resource = resource ?? found
    }
  }

  /// `resource` of the v1 protocol.
  init(resource: String) {
    self.resource = resource
    isDefault = true
    text = resource + "/.default"
  }

  /// Whether the user's identity is asked for.
  var hasOpenID: Bool { text.split(separator: " ").contains { $0.lowercased() == "openid" } }
}

extension CloudError {
  static func invalidScope(_ scope: String) -> CloudError {
    .aadsts(
      70011, .invalidScope,
      "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope \(scope.bounded) is not valid."
    )
  }

  static func severalResources(_ scope: String, _ first: String, _ second: String) -> CloudError {
    .aadsts(
      28000, .invalidScope,
      "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope \(scope.bounded) is not valid.")
  }
}
