/// What a key may be used for: an entry of `key_ops`.
///
/// Source: Microsoft, "JsonWebKeyOperation", Key Vault REST reference.
enum KeyOperation: String, Sendable, CaseIterable {
  case encrypt
  case decrypt
  case sign
  case verify
  case wrapKey
  case unwrapKey

  /// Whether it works outside of a key's `nbf` and `exp`: what was encrypted while the key was good must stay readable.
  ///
  /// Source: Microsoft, "About keys", date-time controlled operations.
  var ignoresValidity: Bool {
    switch self {
    case .decrypt, .verify, .unwrapKey: true
    case .encrypt, .sign, .wrapKey: false
    }
  }
}
