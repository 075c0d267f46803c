/// A digest that signatures and paddings name.
public enum ModuleDigest: Hashable, Sendable, CaseIterable {
  /// For OAEP alone: no signature is made over it.
  case sha1
  case sha256
  case sha384
  case sha512

  public var byteCount: Int {
    switch self {
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }
}

/// How a digest is signed.
public enum ModuleSignature: Hashable, Sendable {
  /// RSASSA-PKCS1-v1_5.
  case pkcs1(ModuleDigest)
  /// RSASSA-PSS with MGF1 of the same digest and a salt of its length.
  case pss(ModuleDigest)
  /// ECDSA; the signature is r‖s, each of the curve's length.
  case ecdsa
}

/// How RSA encrypts.
public enum ModuleRSAPadding: Hashable, Sendable {
  case pkcs1
  /// OAEP with MGF1 of the same digest (SHA-1 or SHA-256) and no label.
  case oaep(ModuleDigest)
}

/// How AES encrypts.
public enum ModuleCipher: Hashable, Sendable {
  /// The initialization vector has 12 bytes; the tag of 16 bytes comes after the ciphertext.
  case gcm(initializationVector: [UInt8], authenticatedData: [UInt8])
  /// The initialization vector has 16 bytes; the plaintext is a multiple of them.
  case cbc(initializationVector: [UInt8])
  /// With the padding of PKCS#7.
  case cbcPadded(initializationVector: [UInt8])
}
