public import Base
internal import CPKCS11

extension SecurityModule {
  /// Encrypts with the public half of an RSA pair. Throws `SecurityModuleError.invalidData` for what is too long.
  public func encrypt(_ plaintext: [UInt8], key id: GUID, _ padding: ModuleRSAPadding) async throws -> [UInt8] {
    try await call { session in
      let key = try session.key(id, CKO_PUBLIC_KEY, type: CKK_RSA)
      guard case .rsa(let modulus, _) = try session.publicKey(key), plaintext.count <= padding.capacity(modulusBytes: modulus.count) else {
        throw SecurityModuleError.invalidData
      }
      do {
        return try padding.lend { try session.encrypt(plaintext, key: key, $0, capacity: modulus.count) }
      } catch let error as SecurityModuleError where padding.isRefused(error) {
        return try padding.encrypt(plaintext, for: try session.publicKey(key))
      }
    }
  }

  /// Decrypts with the private half of an RSA pair. Throws `SecurityModuleError.invalidData` for what was not encrypted so.
  public func decrypt(_ ciphertext: [UInt8], key id: GUID, _ padding: ModuleRSAPadding) async throws -> [UInt8] {
    try await call { session in
      let key = try session.key(id, CKO_PRIVATE_KEY, type: CKK_RSA)
      guard case .rsa(let modulus, _) = try session.publicKey(key), ciphertext.count == modulus.count else { throw SecurityModuleError.invalidData }
      do {
        return try padding.lend { try session.decrypt(ciphertext, key: key, $0) }
      } catch let error as SecurityModuleError where padding.isRefused(error) {
        var raw = ck_mechanism(mechanism: CKM_RSA_X_509, parameter: nil, parameter_len: 0)
        return try padding.open(try session.decrypt(ciphertext, key: key, &raw), modulusBytes: modulus.count)
      }
    }
  }

  /// Encrypts with an AES key a message of up to `ModuleLimits.maximumMessageBytes`.
  public func encrypt(_ plaintext: [UInt8], key id: GUID, _ cipher: ModuleCipher) async throws -> [UInt8] {
    try await call { try $0.encrypt(plaintext, key: id, cipher) }
  }

  /// Decrypts with an AES key. Throws `SecurityModuleError.invalidData` for what does not authenticate, or has no padding.
  public func decrypt(_ ciphertext: [UInt8], key id: GUID, _ cipher: ModuleCipher) async throws -> [UInt8] {
    try await call { try $0.decrypt(ciphertext, key: id, cipher) }
  }
}

extension ModuleSession {
  /// Bytes that a mode adds at most: a block of padding, or a tag.
  private static let overheadBytes = 32

  func encrypt(_ plaintext: [UInt8], key id: GUID, _ cipher: ModuleCipher) throws -> [UInt8] {
    guard plaintext.count <= ModuleLimits.maximumMessageBytes, cipher.fits(plaintext.count) else { throw SecurityModuleError.invalidData }
    let key = try key(id, CKO_SECRET_KEY, type: CKK_AES)
    return try cipher.lend { try encrypt(plaintext, key: key, $0, capacity: plaintext.count + Self.overheadBytes) }
  }

  func decrypt(_ ciphertext: [UInt8], key id: GUID, _ cipher: ModuleCipher) throws -> [UInt8] {
    guard ciphertext.count <= ModuleLimits.maximumMessageBytes + Self.overheadBytes, cipher.canBe(ciphertext.count) else {
      throw SecurityModuleError.invalidData
    }
    let key = try key(id, CKO_SECRET_KEY, type: CKK_AES)
    return try cipher.lend { try decrypt(ciphertext, key: key, $0) }
  }

  fileprivate func encrypt(_ plaintext: [UInt8], key: UInt, _ mechanism: UnsafeMutablePointer<ck_mechanism>, capacity: Int) throws -> [UInt8] {
    try cryptoki.call("C_EncryptInit") { $0.C_EncryptInit(handle, mechanism, key) }
    return try lending(plaintext) { data, count in
      try fill("C_Encrypt", capacity: capacity) { cryptoki.functions.pointee.C_Encrypt(handle, data, count, $0, $1) }
    }
  }

  fileprivate func decrypt(_ ciphertext: [UInt8], key: UInt, _ mechanism: UnsafeMutablePointer<ck_mechanism>) throws -> [UInt8] {
    try cryptoki.call("C_DecryptInit") { $0.C_DecryptInit(handle, mechanism, key) }
    return try lending(ciphertext) { data, count in
      try fill("C_Decrypt", capacity: ciphertext.count + Self.overheadBytes) { cryptoki.functions.pointee.C_Decrypt(handle, data, count, $0, $1) }
    }
  }
}

extension ModuleRSAPadding {
  /// Bytes that fit into one block.
  fileprivate func capacity(modulusBytes: Int) -> Int {
    switch self {
    case .pkcs1: modulusBytes - 11
    case .oaep(let digest): modulusBytes - 2 * digest.byteCount - 2
    }
  }

  fileprivate func lend<Value>(_ body: (UnsafeMutablePointer<ck_mechanism>) throws -> Value) throws -> Value {
    switch self {
    case .pkcs1:
      var mechanism = ck_mechanism(mechanism: CKM_RSA_PKCS, parameter: nil, parameter_len: 0)
      return try body(&mechanism)
    case .oaep(let digest):
      guard digest == .sha1 || digest == .sha256 else { throw SecurityModuleError.unsupported("OAEP with \(digest)") }
      var parameters = ck_rsa_pkcs_oaep_params(
        hash_alg: digest.mechanism, mgf: digest.mask, source: CKZ_DATA_SPECIFIED, source_data: nil, source_data_len: 0)
      return try withUnsafeMutablePointer(to: &parameters) { pointer in
        var mechanism = ck_mechanism(
          mechanism: CKM_RSA_PKCS_OAEP, parameter: pointer, parameter_len: UInt(MemoryLayout<ck_rsa_pkcs_oaep_params>.size))
        return try body(&mechanism)
      }
    }
  }

  /// Whether the token has OAEP, but not with SHA-256: SoftHSM up to 2.6.1.
  fileprivate func isRefused(_ error: SecurityModuleError) -> Bool {
    guard case .failed(let function, let code) = error, self == .oaep(.sha256), function.hasSuffix("Init") else { return false }
    return code == CKR_ARGUMENTS_BAD || code == CKR_MECHANISM_PARAM_INVALID
  }
}

extension ModuleCipher {
  private static let blockBytes = 16
  private static let tagBytes = 16
  private static let nonceBytes = 12

  fileprivate func fits(_ plaintextBytes: Int) -> Bool {
    switch self {
    case .gcm(let vector, _): vector.count == Self.nonceBytes
    case .cbc(let vector): vector.count == Self.blockBytes && plaintextBytes % Self.blockBytes == 0 && plaintextBytes > 0
    case .cbcPadded(let vector): vector.count == Self.blockBytes
    }
  }

  fileprivate func canBe(_ ciphertextBytes: Int) -> Bool {
    switch self {
    case .gcm(let vector, _): vector.count == Self.nonceBytes && ciphertextBytes >= Self.tagBytes
    case .cbc(let vector), .cbcPadded(let vector):
      vector.count == Self.blockBytes && ciphertextBytes % Self.blockBytes == 0 && ciphertextBytes > 0
    }
  }

  fileprivate func lend<Value>(_ body: (UnsafeMutablePointer<ck_mechanism>) throws -> Value) throws -> Value {
    switch self {
    case .cbc(let vector):
      return try lending(vector) { bytes, count in
        var mechanism = ck_mechanism(mechanism: CKM_AES_CBC, parameter: bytes, parameter_len: count)
        return try body(&mechanism)
      }
    case .cbcPadded(let vector):
      return try lending(vector) { bytes, count in
        var mechanism = ck_mechanism(mechanism: CKM_AES_CBC_PAD, parameter: bytes, parameter_len: count)
        return try body(&mechanism)
      }
    case .gcm(let vector, let authenticated):
      return try lending(vector) { bytes, count in
        try lending(authenticated) { data, dataCount in
          var parameters = ck_gcm_params(
            iv_ptr: bytes, iv_len: count, iv_bits: count * 8, aad_ptr: data, aad_len: dataCount, tag_bits: UInt(Self.tagBytes * 8))
          return try withUnsafeMutablePointer(to: &parameters) { pointer in
            var mechanism = ck_mechanism(mechanism: CKM_AES_GCM, parameter: pointer, parameter_len: UInt(MemoryLayout<ck_gcm_params>.size))
            return try body(&mechanism)
          }
        }
      }
    }
  }
}
