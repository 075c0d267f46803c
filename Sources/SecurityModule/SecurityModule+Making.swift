public import Base
internal import CPKCS11

extension SecurityModule {
  /// Makes a key in the module.
  ///
  /// It is sensitive: nothing reads it. `canBeExported` decides for good whether `export` may wrap it. Throws `SecurityModuleError.keyExists`,
  /// `.unsupported`.
  public func generate(_ kind: ModuleKeyKind, id: GUID, label: String, canBeExported: Bool) async throws {
    try await call { session in
      try session.requireNew(id)
      try session.generate(kind, id: id, label: label, canBeExported: canBeExported)
    }
  }

  /// Brings a key into the module, where it is as sensitive as one that was made there.
  ///
  /// Throws `SecurityModuleError.keyExists`, `.unsupported`, `.invalidData`.
  public func importKey(_ material: ModuleKeyMaterial, id: GUID, label: String, canBeExported: Bool) async throws {
    try await call { session in
      try session.requireNew(id)
      let names = ModuleSession.names(id, label)
      guard let (publicKey, privateParts) = try material.pair else {
        _ = try session.create(names.adding(ModuleSession.secrecy(canBeExported)).adding(try material.secret))
        return
      }
      // The public half first: a private one without it would be a key that nobody can use.
      let publicObject = try session.create(names.adding(try publicKey.attributes).adding(publicKey.uses))
      do {
        _ = try session.create(
          names.adding(ModuleSession.secrecy(canBeExported)).adding(privateParts).adding(publicKey.privateUses))
      } catch {
        try? session.destroy(publicObject)
        throw error
      }
    }
  }
}

extension ModuleSession {
  func requireNew(_ id: GUID) throws {
    guard try kindIfThere(id) == nil else { throw SecurityModuleError.keyExists }
  }

  static func names(_ id: GUID, _ label: String) -> ModuleAttributes {
    ModuleAttributes().adding(CKA_TOKEN, true).adding(CKA_ID, id.bytes).adding(CKA_LABEL, label)
  }

  static func secrecy(_ canBeExported: Bool) -> ModuleAttributes {
    ModuleAttributes().adding(CKA_PRIVATE, true).adding(CKA_SENSITIVE, true).adding(CKA_EXTRACTABLE, canBeExported)
  }

  func generate(_ kind: ModuleKeyKind, id: GUID, label: String, canBeExported: Bool) throws {
    let names = Self.names(id, label)
    let secret = names.adding(Self.secrecy(canBeExported))
    switch kind {
    case .rsa(let bits):
      guard [2048, 3072, 4096].contains(bits) else { throw SecurityModuleError.unsupported("RSA of \(bits) bits") }
      try generatePair(
        CKM_RSA_PKCS_KEY_PAIR_GEN,
        names.adding(CKA_MODULUS_BITS, UInt(bits)).adding(CKA_PUBLIC_EXPONENT, [1, 0, 1]).adding(CKA_ENCRYPT, true).adding(CKA_VERIFY, true),
        secret.adding(CKA_DECRYPT, true).adding(CKA_SIGN, true))
    case .ec(let curve):
      try generatePair(
        CKM_EC_KEY_PAIR_GEN, names.adding(CKA_EC_PARAMS, try curve.parameters).adding(CKA_VERIFY, true), secret.adding(CKA_SIGN, true))
    case .aes(let bits):
      guard [128, 192, 256].contains(bits) else { throw SecurityModuleError.unsupported("AES of \(bits) bits") }
      try generateSecret(CKM_AES_KEY_GEN, secret.adding(CKA_VALUE_LEN, UInt(bits / 8)).adding(ModuleKeyMaterial.cipherUses))
    case .hmac:
      try generateSecret(CKM_GENERIC_SECRET_KEY_GEN, secret.adding(CKA_VALUE_LEN, UInt(32)).adding(CKA_SIGN, true).adding(CKA_VERIFY, true))
    }
  }

  private func generatePair(_ mechanism: UInt, _ publicTemplate: ModuleAttributes, _ privateTemplate: ModuleAttributes) throws {
    var mechanism = ck_mechanism(mechanism: mechanism, parameter: nil, parameter_len: 0)
    var (publicObject, privateObject): (UInt, UInt) = (0, 0)
    try publicTemplate.lend { publicAttributes, publicCount in
      try privateTemplate.lend { privateAttributes, privateCount in
        try cryptoki.call("C_GenerateKeyPair") {
          $0.C_GenerateKeyPair(
            handle, &mechanism, publicAttributes, publicCount, privateAttributes, privateCount, &publicObject, &privateObject)
        }
      }
    }
  }

  private func generateSecret(_ mechanism: UInt, _ template: ModuleAttributes) throws {
    var mechanism = ck_mechanism(mechanism: mechanism, parameter: nil, parameter_len: 0)
    var object: UInt = 0
    try template.lend { attributes, count in
      try cryptoki.call("C_GenerateKey") { $0.C_GenerateKey(handle, &mechanism, attributes, count, &object) }
    }
  }
}

extension ModuleKeyMaterial {
  /// What AES keys of a module may do.
  static var cipherUses: ModuleAttributes {
    ModuleAttributes().adding(CKA_ENCRYPT, true).adding(CKA_DECRYPT, true).adding(CKA_WRAP, true).adding(CKA_UNWRAP, true)
  }

  /// The attributes of a symmetric key.
  fileprivate var secret: ModuleAttributes {
    get throws {
      guard case .aes(let bytes) = self, [16, 24, 32].contains(bytes.count) else { throw SecurityModuleError.invalidData }
      return ModuleAttributes().adding(CKA_CLASS, CKO_SECRET_KEY).adding(CKA_KEY_TYPE, CKK_AES).adding(CKA_VALUE, bytes).adding(Self.cipherUses)
    }
  }

  /// The public half and the attributes of the private one; nil for a symmetric key.
  fileprivate var pair: (ModulePublicKey, privateParts: ModuleAttributes)? {
    get throws {
      let privateKey = ModuleAttributes().adding(CKA_CLASS, CKO_PRIVATE_KEY)
      switch self {
      case .aes: return nil
      case .rsa(let key):
        return (
          .rsa(modulus: key.modulus, exponent: key.publicExponent),
          privateKey.adding(CKA_KEY_TYPE, CKK_RSA).adding(CKA_MODULUS, key.modulus).adding(CKA_PUBLIC_EXPONENT, key.publicExponent)
            .adding(CKA_PRIVATE_EXPONENT, key.privateExponent).adding(CKA_PRIME_1, key.prime1).adding(CKA_PRIME_2, key.prime2)
            .adding(CKA_EXPONENT_1, key.exponent1).adding(CKA_EXPONENT_2, key.exponent2).adding(CKA_COEFFICIENT, key.coefficient)
        )
      case .ec(let curve, let scalar, let x, let y):
        guard [scalar, x, y].allSatisfy({ $0.count == curve.coordinateBytes }) else { throw SecurityModuleError.invalidData }
        return (
          .ec(curve, x: x, y: y),
          privateKey.adding(CKA_KEY_TYPE, CKK_EC).adding(CKA_EC_PARAMS, try curve.parameters).adding(CKA_VALUE, scalar)
        )
      }
    }
  }
}
