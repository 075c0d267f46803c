public import Base
internal import CPKCS11

extension SecurityModule {
  /// Wraps somebody's key with an AES key of the module: AES-KW, for 16 bytes and more in steps of 8, or with padding (AES-KWP) for any length.
  ///
  /// Throws `SecurityModuleError.invalidData` for other lengths, `.unsupported` where the token has them wrong. Source: RFC 3394 and RFC 5649.
  public func wrap(_ key: [UInt8], by id: GUID, padded: Bool) async throws -> [UInt8] {
    let isFit = padded ? !key.isEmpty : key.count >= 16 && key.count % 8 == 0
    guard isFit, key.count <= ModuleLimits.maximumWrappedKeyBytes else { throw SecurityModuleError.invalidData }
    return try await call { session in
      try session.wrap(key, by: try session.key(id, CKO_SECRET_KEY, type: CKK_AES), padded: padded)
    }
  }

  /// Unwraps what `wrap` gave. Throws `SecurityModuleError.invalidData` for what does not authenticate.
  public func unwrap(_ wrapped: [UInt8], by id: GUID, padded: Bool) async throws -> [UInt8] {
    guard wrapped.count >= (padded ? 16 : 24), wrapped.count % 8 == 0, wrapped.count <= ModuleLimits.maximumWrappedKeyBytes else {
      throw SecurityModuleError.invalidData
    }
    return try await call { session in
      let wrapping = try session.key(id, CKO_SECRET_KEY, type: CKK_AES)
      let object = try session.unwrap(wrapped, by: wrapping, ModuleSession.passing, padded: padded)
      defer { try? session.destroy(object) }
      return try session.attribute(CKA_VALUE, of: object)
    }
  }

  /// Wraps a key, for a backup, by the module's own backup key, which never leaves it: only this module, or one that has its keys, takes it back.
  ///
  /// Throws `SecurityModuleError.unsupported` for a key that was made or brought in with `canBeExported: false`.
  public func export(_ id: GUID) async throws -> [UInt8] {
    try await call { session in
      guard let kind = try session.kindIfThere(id) else { throw SecurityModuleError.noSuchKey }
      let backupKey = try session.backupKey()
      switch kind {
      case .rsa, .ec:
        let publicKey = try session.publicKey(session.key(id, CKO_PUBLIC_KEY))
        let wrapped = try session.wrapForBackup(session.key(id, CKO_PRIVATE_KEY), by: backupKey.object)
        return WrappedModuleKey(backupKey: backupKey.id, form: .pair(publicKey), wrapped: wrapped).bytes
      case .aes:
        let wrapped = try session.wrapForBackup(session.key(id, CKO_SECRET_KEY), by: backupKey.object)
        return WrappedModuleKey(backupKey: backupKey.id, form: .aes, wrapped: wrapped).bytes
      case .hmac: throw SecurityModuleError.unsupported("the backup of a key for HMAC")
      }
    }
  }

  /// Brings back what `export` gave, under an identifier that is free.
  ///
  /// Throws `SecurityModuleError.invalidData` for other bytes and for those of another module, `SecurityModuleError.keyExists`.
  @discardableResult
  public func importExported(_ bytes: [UInt8], id: GUID, label: String) async throws -> ModuleKeyKind {
    let wrapped = try WrappedModuleKey(bytes)
    do {
      return try await restore(wrapped, id: id, label: label)
    } catch SecurityModuleError.noSuchKey {
      // The backup key is another module's.
      throw SecurityModuleError.invalidData
    }
  }

  private func restore(_ wrapped: WrappedModuleKey, id: GUID, label: String) async throws -> ModuleKeyKind {
    try await call { session in
      try session.requireNew(id)
      let backupKey = try session.key(wrapped.backupKey, CKO_SECRET_KEY)
      let names = ModuleSession.names(id, label).adding(ModuleSession.secrecy(true))
      switch wrapped.form {
      case .aes:
        let template = names.adding(CKA_CLASS, CKO_SECRET_KEY).adding(CKA_KEY_TYPE, CKK_AES).adding(ModuleKeyMaterial.cipherUses)
        _ = try session.unwrap(wrapped.wrapped, by: backupKey, template, padded: true)
        // Wrapped, an AES key is eight bytes longer than by itself.
        return .aes(bits: (wrapped.wrapped.count - 8) * 8)
      case .pair(let publicKey):
        let publicObject = try session.create(ModuleSession.names(id, label).adding(try publicKey.attributes).adding(publicKey.uses))
        do {
          let template = names.adding(CKA_CLASS, CKO_PRIVATE_KEY).adding(publicKey.keyType).adding(publicKey.privateUses)
          _ = try session.unwrap(wrapped.wrapped, by: backupKey, template, padded: true)
        } catch {
          try? session.destroy(publicObject)
          throw error
        }
        return publicKey.kind
      }
    }
  }
}

extension ModuleSession {
  private static let backupKeyLabel = "cocagne backup key"
  private static let maximumBackupKeys = 16

  /// An object that is there for one call: a key that its owner has in clear.
  fileprivate static var passing: ModuleAttributes {
    ModuleAttributes().adding(CKA_CLASS, CKO_SECRET_KEY).adding(CKA_KEY_TYPE, CKK_GENERIC_SECRET).adding(CKA_TOKEN, false)
      .adding(CKA_PRIVATE, true).adding(CKA_SENSITIVE, false).adding(CKA_EXTRACTABLE, true)
  }

  /// Wraps somebody's key. The token wraps objects, so the key becomes one as long as the call lasts.
  fileprivate func wrap(_ key: [UInt8], by wrapping: UInt, padded: Bool) throws -> [UInt8] {
    let object = try create(Self.passing.adding(CKA_VALUE, key))
    defer { try? destroy(object) }
    let wrapped = try wrap(object, by: wrapping, padded: padded)
    let missing = (8 - key.count % 8) % 8
    // SoftHSM up to 2.6.1 fills the key up before it wraps it, and forgets its length: nobody would get the same key back.
    if missing > 0, try wrap(key + [UInt8](repeating: 0, count: missing), by: wrapping, padded: padded) == wrapped {
      throw SecurityModuleError.unsupported("AES-KWP of a length that is no multiple of 8")
    }
    return wrapped
  }

  fileprivate func wrap(_ object: UInt, by wrapping: UInt, padded: Bool) throws -> [UInt8] {
    var mechanism = ck_mechanism(mechanism: padded ? CKM_AES_KEY_WRAP_PAD : CKM_AES_KEY_WRAP, parameter: nil, parameter_len: 0)
    return try fill("C_WrapKey", capacity: ModuleLimits.maximumWrappedKeyBytes + 16) {
      cryptoki.functions.pointee.C_WrapKey(handle, &mechanism, wrapping, object, $0, $1)
    }
  }

  fileprivate func wrapForBackup(_ object: UInt, by wrapping: UInt) throws -> [UInt8] {
    do {
      return try wrap(object, by: wrapping, padded: true)
    } catch SecurityModuleError.failed(_, let code) where code == CKR_KEY_UNEXTRACTABLE || code == CKR_KEY_NOT_WRAPPABLE {
      throw SecurityModuleError.unsupported("the key was made without a right to be backed up")
    }
  }

  fileprivate func unwrap(_ wrapped: [UInt8], by wrapping: UInt, _ template: ModuleAttributes, padded: Bool) throws -> UInt {
    var mechanism = ck_mechanism(mechanism: padded ? CKM_AES_KEY_WRAP_PAD : CKM_AES_KEY_WRAP, parameter: nil, parameter_len: 0)
    var object: UInt = 0
    try lending(wrapped) { bytes, count in
      try template.lend { attributes, attributeCount in
        try cryptoki.call("C_UnwrapKey") {
          $0.C_UnwrapKey(handle, &mechanism, wrapping, bytes, count, attributes, attributeCount, &object)
        }
      }
    }
    return object
  }

  /// The key that wraps others for backups, made where there is none. Of several, which two first backups at one time may make, the one of the lowest
  /// identifier; each keeps opening what it wrapped.
  fileprivate func backupKey() throws -> (id: GUID, object: UInt) {
    let name = ModuleAttributes().adding(CKA_CLASS, CKO_SECRET_KEY).adding(CKA_TOKEN, true).adding(CKA_LABEL, Self.backupKeyLabel)
    if let known = try backupKeys(name).first { return known }
    try generate(.aes(bits: 256), id: SystemRandom().guid(), label: Self.backupKeyLabel, canBeExported: false)
    guard let made = try backupKeys(name).first else { throw SecurityModuleError.noSuchKey }
    return made
  }

  private func backupKeys(_ name: ModuleAttributes) throws -> [(id: GUID, object: UInt)] {
    try find(name, limit: Self.maximumBackupKeys).compactMap { object in
      var reader = ByteReader(try attribute(CKA_ID, of: object))
      return (try? reader.guid()).map { ($0, object) }
    }.sorted { $0.id < $1.id }
  }
}

extension ModulePublicKey {
  fileprivate var keyType: ModuleAttributes {
    switch self {
    case .rsa: ModuleAttributes().adding(CKA_KEY_TYPE, CKK_RSA)
    case .ec: ModuleAttributes().adding(CKA_KEY_TYPE, CKK_EC)
    }
  }
}
