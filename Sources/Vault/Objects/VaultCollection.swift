/// The three sorts of things in a vault. The raw value is the segment of the path.
package enum VaultCollection: String, Codable, Sendable, CaseIterable {
  case keys
  case secrets
  case certificates

  /// As Azure's sentences name one.
  var noun: String {
    switch self {
    case .keys: "key"
    case .secrets: "secret"
    case .certificates: "certificate"
    }
  }
}
