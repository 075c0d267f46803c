/// How an external key wraps.
///
/// Source: Microsoft, "EKM Proxy API reference for Managed HSM external key management", wrapping algorithms.
public enum ExternalKeyAlgorithm: String, Sendable, CaseIterable {
  /// RFC 3394, with an AES key of 256 bits.
  case a256KW = "A256KW"
  /// RFC 5649. No library of this platform has it; other external key managers may.
  case a256KWP = "A256KWP"
  /// RFC 8017, OAEP with SHA-256.
  case rsaOAEP256 = "RSA-OAEP-256"
  /// OAEP with SHA-1, for what other systems have wrapped so.
  case rsaOAEP = "RSA-OAEP"
}

/// What an external key is.
public enum ExternalKeyKind: Sendable, Hashable {
  /// AES of 256 bits.
  case aes
  case rsa(modulus: [UInt8], exponent: [UInt8])

  /// The one that is used where nobody names another.
  public var defaultAlgorithm: ExternalKeyAlgorithm {
    switch self {
    case .aes: .a256KW
    case .rsa: .rsaOAEP256
    }
  }
}
