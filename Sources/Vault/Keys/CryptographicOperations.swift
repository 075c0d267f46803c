internal import Base
internal import NIOHTTP1
internal import SecurityModule
internal import Wire

/// What keys are used for: encrypt, decrypt, sign, verify, wrap, unwrap, and random numbers.
struct CryptographicOperations: Sendable {
  let keys: VaultKeys

  var operations: [VaultOperation] {
    let uses: [(name: String, segment: String, operation: KeyOperation, action: String)] = [
      ("Encrypt", "encrypt", .encrypt, "encrypt"), ("Decrypt", "decrypt", .decrypt, "decrypt"), ("Sign", "sign", .sign, "sign"),
      ("Verify", "verify", .verify, "verify"), ("Wrap Key", "wrapkey", .wrapKey, "wrap"), ("Unwrap Key", "unwrapkey", .unwrapKey, "unwrap"),
    ]
    let served = uses.flatMap { use in
      // Without a version, the current one.
      ["/keys/{name}/{version}/\(use.segment)", "/keys/{name}/\(use.segment)"].map { pattern in
        VaultOperation(use.name, .POST, pattern, .data("keys/\(use.action)/action", .keys, use.operation.rawValue)) { call in
          try await run(use.operation, call)
        }
      }
    }
    return served + [VaultOperation("Get Random Bytes", .POST, "/rng", .data("keys/read", .keys, "get")) { try random($0) }]
  }

  private func run(_ operation: KeyOperation, _ call: VaultCall) async throws -> VaultAnswer {
    switch operation {
    case .sign: try await sign(call)
    case .verify: try await verify(call)
    case .encrypt, .wrapKey: try await encrypt(operation, call)
    case .decrypt, .unwrapKey: try await decrypt(operation, call)
    }
  }

  // MARK: Signatures

  /// Source: Microsoft, "Sign", Key Vault REST reference.
  private func sign(_ call: VaultCall) async throws -> VaultAnswer {
    let algorithm = try Self.signatureAlgorithm(call.body)
    let digest = try Self.digest(call.body, "value", algorithm)
    let (signature, key) = try await keys.use(.sign, call, algorithm: algorithm.rawValue, check: { try algorithm.require($0, url: $1) }) { key in
      guard let signature = algorithm.signature else { return try await key.engine.authenticate(digest, key.stored) }
      return try await key.engine.sign(digest, signature, key.stored)
    }
    return VaultAnswer(200, .object(["kid": .string(key.url), "value": .binary(signature)]))
  }

  /// Source: Microsoft, "Verify", Key Vault REST reference.
  private func verify(_ call: VaultCall) async throws -> VaultAnswer {
    let algorithm = try Self.signatureAlgorithm(call.body)
    let digest = try Self.digest(call.body, "digest", algorithm)
    let signature = try Self.bytes(call.body, "value", limit: KeyLimits.maximumMemberBytes)
    let (isValid, _) = try await keys.use(.verify, call, algorithm: algorithm.rawValue, check: { try algorithm.require($0, url: $1) }) { key in
      guard let form = algorithm.signature else {
        return constantTimeEqual(try await key.engine.authenticate(digest, key.stored), signature)
      }
      guard let publicKey = key.description.publicKey else { throw KeyError.wrongData }
      if publicKey.needsModule, let module = key.engine as? ModuleKeyEngine {
        return try await module.verifies(signature, of: digest, form, key.stored)
      }
      return try publicKey.verifies(signature, of: digest, form)
    }
    return VaultAnswer(200, .object(["value": .boolean(isValid)]))
  }

  // MARK: Encryption

  /// Source: Microsoft, "Encrypt" and "Wrap Key", Key Vault REST reference.
  private func encrypt(_ operation: KeyOperation, _ call: VaultCall) async throws -> VaultAnswer {
    let algorithm = try Self.encryptionAlgorithm(call.body, operation)
    let plaintext = try Self.bytes(call.body, "value", limit: KeyLimits.maximumMessageBytes, canBeEmpty: true)
    let parameters = try CipherParameters(encrypting: call.body, algorithm, random: keys.services.random)
    let (ciphertext, key) = try await keys.use(operation, call, algorithm: algorithm.rawValue, check: { try algorithm.require($0, url: $1) }) { key in
      switch algorithm.mode {
      case .rsa(let padding):
        // The public half is here; but whoever wraps is the customer's affair too.
        if let external = key.engine as? ExternalKeyEngine { return try await external.wrap(plaintext, padding, key.stored) }
        guard let publicKey = key.description.publicKey else { throw KeyError.wrongData }
        return try publicKey.encrypt(plaintext, padding)
      case .keyWrap:
        guard plaintext.count >= 16, plaintext.count % 8 == 0, plaintext.count <= KeyLimits.maximumWrappedBytes else { throw KeyError.wrongData }
        return try await key.engine.wrap(plaintext, key.stored)
      case .gcm, .cbc, .cbcPadded: return try await key.engine.encrypt(plaintext, try parameters.cipher(algorithm), key.stored)
      }
    }
    return VaultAnswer(200, parameters.answer(ciphertext, algorithm, url: key.url))
  }

  /// Source: Microsoft, "Decrypt" and "Unwrap Key", Key Vault REST reference.
  private func decrypt(_ operation: KeyOperation, _ call: VaultCall) async throws -> VaultAnswer {
    let algorithm = try Self.encryptionAlgorithm(call.body, operation)
    let value = try Self.bytes(call.body, "value", limit: KeyLimits.maximumMessageBytes + 16, canBeEmpty: true)
    let parameters = try CipherParameters(decrypting: call.body, algorithm)
    let (plaintext, key) = try await keys.use(operation, call, algorithm: algorithm.rawValue, check: { try algorithm.require($0, url: $1) }) { key in
      switch algorithm.mode {
      case .rsa(let padding): return try await key.engine.decrypt(value, padding, key.stored)
      case .keyWrap:
        guard value.count >= 24, value.count % 8 == 0, value.count <= KeyLimits.maximumWrappedBytes + 8 else { throw KeyError.wrongData }
        return try await key.engine.unwrap(value, key.stored)
      case .gcm, .cbc, .cbcPadded: return try await key.engine.decrypt(value + parameters.tag, try parameters.cipher(algorithm), key.stored)
      }
    }
    return VaultAnswer(200, .object(["kid": .string(key.url), "value": .binary(plaintext)]))
  }

  // MARK: Random numbers

  /// Source: Microsoft, "Get Random Bytes", Key Vault REST reference.
  private func random(_ call: VaultCall) throws -> VaultAnswer {
    guard let count = call.body.member("count")?.integer, let count = Int(exactly: count), KeyLimits.randomBytes.contains(count) else {
      throw KeyError.invalid("count")
    }
    return VaultAnswer(200, .object(["value": .binary(keys.services.random.bytes(count))]))
  }

  // MARK: Members

  private static func signatureAlgorithm(_ body: JSON) throws -> KeySignatureAlgorithm {
    guard let name = body.member("alg") else { throw KeyError.missing("alg") }
    guard let algorithm = name.string.flatMap({ KeySignatureAlgorithm(rawValue: $0) }) else { throw KeyError.invalid("alg") }
    return algorithm
  }

  private static func encryptionAlgorithm(_ body: JSON, _ operation: KeyOperation) throws -> KeyEncryptionAlgorithm {
    guard let name = body.member("alg") else { throw KeyError.missing("alg") }
    guard let algorithm = name.string.flatMap({ KeyEncryptionAlgorithm(rawValue: $0) }), algorithm.serves(operation) else {
      throw KeyError.invalid("alg")
    }
    return algorithm
  }

  /// A digest of the algorithm's length, or a message.
  private static func digest(_ body: JSON, _ name: String, _ algorithm: KeySignatureAlgorithm) throws -> [UInt8] {
    guard let wanted = algorithm.digestBytes else { return try bytes(body, name, limit: KeyLimits.maximumMessageBytes) }
    let digest = try bytes(body, name, limit: KeyLimits.maximumMemberBytes)
    guard digest.count == wanted else { throw KeyError.wrongLength(name, digest.count, algorithm.rawValue, wanted) }
    return digest
  }

  static func bytes(_ body: JSON, _ name: String, limit: Int, canBeEmpty: Bool = false) throws -> [UInt8] {
    guard let value = body.member(name) else { throw KeyError.missing(name) }
    guard let bytes = value.binary, bytes.count <= limit, canBeEmpty || !bytes.isEmpty else { throw KeyError.invalid(name) }
    return bytes
  }
}
