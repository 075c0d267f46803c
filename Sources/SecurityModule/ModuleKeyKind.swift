/// What a key of a module is.
public enum ModuleKeyKind: Hashable, Sendable {
  /// 2048, 3072 or 4096 bits.
  case rsa(bits: Int)
  case ec(ModuleCurve)
  /// 128, 192 or 256 bits; 0 where the token does not say, as SoftHSM does not of a key that was brought back.
  case aes(bits: Int)
  /// 256 bits for HMAC-SHA-256.
  case hmac
}

/// A curve of a module's key.
public enum ModuleCurve: String, Hashable, Sendable, CaseIterable {
  case p256 = "P-256"
  case p384 = "P-384"
  case p521 = "P-521"
  case secp256k1 = "P-256K"

  /// Bytes of a coordinate, and of each half of a signature.
  public var coordinateBytes: Int {
    switch self {
    case .p256, .secp256k1: 32
    case .p384: 48
    case .p521: 66
    }
  }
}

/// The public half of a key pair. Integers are big-endian; coordinates have the curve's length.
public enum ModulePublicKey: Hashable, Sendable {
  case rsa(modulus: [UInt8], exponent: [UInt8])
  case ec(ModuleCurve, x: [UInt8], y: [UInt8])
}
