internal import Base
internal import SecurityModule

/// How a digest is signed.
///
/// Source: Microsoft, "JsonWebKeySignatureAlgorithm", Key Vault REST reference; RFC 7518, 3.1.
enum KeySignatureAlgorithm: String, Sendable, CaseIterable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case ps256 = "PS256"
  case ps384 = "PS384"
  case ps512 = "PS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"
  case es256k = "ES256K"
  case hs256 = "HS256"

  /// Nil for HMAC, which signs a message.
  var signature: ModuleSignature? {
    switch self {
    case .rs256: .pkcs1(.sha256)
    case .rs384: .pkcs1(.sha384)
    case .rs512: .pkcs1(.sha512)
    case .ps256: .pss(.sha256)
    case .ps384: .pss(.sha384)
    case .ps512: .pss(.sha512)
    case .es256, .es384, .es512, .es256k: .ecdsa
    case .hs256: nil
    }
  }

  /// Bytes of what is signed; nil for a message of any length.
  var digestBytes: Int? {
    switch self {
    case .rs256, .ps256, .es256, .es256k: 32
    case .rs384, .ps384, .es384: 48
    case .rs512, .ps512, .es512: 64
    case .hs256: nil
    }
  }

  var curve: ModuleCurve? {
    switch self {
    case .es256: .p256
    case .es384: .p384
    case .es512: .p521
    case .es256k: .secp256k1
    case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512, .hs256: nil
    }
  }

  private var family: String {
    switch self {
    case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: "RSA"
    case .es256, .es384, .es512, .es256k: "EC"
    case .hs256: "oct"
    }
  }

  /// Throws 400 where a key of this description cannot sign so.
  func require(_ key: KeyDescription, url: String) throws {
    if case .ec(let used) = key.kind, let curve, used != curve {
      throw VaultError.badParameter(
        "Key and signing algorithm are incompatible. Key \(url) uses curve '\(used.rawValue)', and algorithm '\(rawValue)' can only be used with curve "
          + "'\(curve.rawValue)'.")
    }
    guard key.kind.family == family, key.kind != .hmac || self == .hs256 else {
      throw VaultError.badParameter(
        "Key and signing algorithm are incompatible. Key \(url) is of type '\(key.typeName)', and algorithm '\(rawValue)' can only be used with a key "
          + "of type '\(family)' or '\(family)-HSM'.")
    }
    if self == .hs256, key.kind != .hmac { throw KeyError.notPermitted(.sign) }
  }
}

/// How a message is encrypted.
///
/// Source: Microsoft, "JsonWebKeyEncryptionAlgorithm", Key Vault REST reference.
enum KeyEncryptionAlgorithm: String, Sendable, CaseIterable {
  case rsa15 = "RSA1_5"
  case rsaOAEP = "RSA-OAEP"
  case rsaOAEP256 = "RSA-OAEP-256"
  case a128GCM = "A128GCM"
  case a192GCM = "A192GCM"
  case a256GCM = "A256GCM"
  case a128CBC = "A128CBC"
  case a192CBC = "A192CBC"
  case a256CBC = "A256CBC"
  case a128CBCPAD = "A128CBCPAD"
  case a192CBCPAD = "A192CBCPAD"
  case a256CBCPAD = "A256CBCPAD"
  case a128KW = "A128KW"
  case a192KW = "A192KW"
  case a256KW = "A256KW"

  enum Mode {
    case rsa(ModuleRSAPadding)
    case gcm
    case cbc
    case cbcPadded
    case keyWrap
  }

  var mode: Mode {
    switch self {
    case .rsa15: .rsa(.pkcs1)
    case .rsaOAEP: .rsa(.oaep(.sha1))
    case .rsaOAEP256: .rsa(.oaep(.sha256))
    case .a128GCM, .a192GCM, .a256GCM: .gcm
    case .a128CBC, .a192CBC, .a256CBC: .cbc
    case .a128CBCPAD, .a192CBCPAD, .a256CBCPAD: .cbcPadded
    case .a128KW, .a192KW, .a256KW: .keyWrap
    }
  }

  /// Of the AES key.
  private var bits: Int? {
    switch self {
    case .rsa15, .rsaOAEP, .rsaOAEP256: nil
    case .a128GCM, .a128CBC, .a128CBCPAD, .a128KW: 128
    case .a192GCM, .a192CBC, .a192CBCPAD, .a192KW: 192
    case .a256GCM, .a256CBC, .a256CBCPAD, .a256KW: 256
    }
  }

  /// Whether it is one of those that the operation takes: keys are wrapped by AES-KW, messages are not.
  func serves(_ operation: KeyOperation) -> Bool {
    switch (mode, operation) {
    case (.rsa, .encrypt), (.rsa, .decrypt), (.rsa, .wrapKey), (.rsa, .unwrapKey): true
    case (.keyWrap, .wrapKey), (.keyWrap, .unwrapKey): true
    case (.gcm, .encrypt), (.gcm, .decrypt), (.cbc, .encrypt), (.cbc, .decrypt), (.cbcPadded, .encrypt), (.cbcPadded, .decrypt): true
    default: false
    }
  }

  /// Throws 400 where a key of this description cannot encrypt so.
  func require(_ key: KeyDescription, url: String) throws {
    switch (key.kind, bits) {
    case (.rsa, nil): return
    case (.aes(let used), let bits?) where used == bits: return
    case (.aes(let used), let bits?):
      throw VaultError.badParameter(
        "Key and encryption algorithm are incompatible. Key \(url) has \(used) bits, and algorithm '\(rawValue)' can only be used with a key of \(bits) "
          + "bits.")
    default:
      let family = bits == nil ? "'RSA' or 'RSA-HSM'" : "'oct' or 'oct-HSM'"
      throw VaultError.badParameter(
        "Key and encryption algorithm are incompatible. Key \(url) is of type '\(key.typeName)', and algorithm '\(rawValue)' can only be used with a key of "
          + "type \(family).")
    }
  }
}
