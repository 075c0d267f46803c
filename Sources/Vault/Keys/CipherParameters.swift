internal import Base
internal import SecurityModule
internal import Wire

/// What stands beside the message when AES encrypts: initialization vector, authenticated data, tag.
struct CipherParameters: Sendable {
  private static let tagBytes = 16

  private var vector: [UInt8] = []
  private var authenticated: [UInt8] = []
  private(set) var tag: [UInt8] = []

  /// For CBC the caller gives the vector. For GCM the vault makes it: one that came twice would give the key away.
  init(encrypting body: JSON, _ algorithm: KeyEncryptionAlgorithm, random: any RandomSource) throws {
    switch algorithm.mode {
    case .gcm:
      guard body.member("iv") == nil else { throw KeyError.invalid("iv") }
      vector = random.bytes(12)
      authenticated = try Self.authenticated(body)
    case .cbc, .cbcPadded: vector = try Self.vector(body, 16)
    case .rsa, .keyWrap: break
    }
  }

  init(decrypting body: JSON, _ algorithm: KeyEncryptionAlgorithm) throws {
    switch algorithm.mode {
    case .gcm:
      vector = try Self.vector(body, 12)
      authenticated = try Self.authenticated(body)
      tag = try CryptographicOperations.bytes(body, "tag", limit: Self.tagBytes)
      guard tag.count == Self.tagBytes else { throw KeyError.wrongData }
    case .cbc, .cbcPadded: vector = try Self.vector(body, 16)
    case .rsa, .keyWrap: break
    }
  }

  private static func vector(_ body: JSON, _ count: Int) throws -> [UInt8] {
    let vector = try CryptographicOperations.bytes(body, "iv", limit: KeyLimits.maximumMemberBytes)
    guard vector.count == count else { throw KeyError.invalid("iv") }
    return vector
  }

  private static func authenticated(_ body: JSON) throws -> [UInt8] {
    guard body.member("aad") != nil else { return [] }
    return try CryptographicOperations.bytes(body, "aad", limit: KeyLimits.maximumMemberBytes, canBeEmpty: true)
  }

  func cipher(_ algorithm: KeyEncryptionAlgorithm) throws -> ModuleCipher {
    switch algorithm.mode {
    case .gcm: .gcm(initializationVector: vector, authenticatedData: authenticated)
    case .cbc: .cbc(initializationVector: vector)
    case .cbcPadded: .cbcPadded(initializationVector: vector)
    case .rsa, .keyWrap: throw KeyError.invalid("alg")
    }
  }

  /// Source: Microsoft, "KeyOperationResult", Key Vault REST reference.
  func answer(_ result: [UInt8], _ algorithm: KeyEncryptionAlgorithm, url: String) -> JSON {
    switch algorithm.mode {
    case .gcm:
      .object([
        "kid": .string(url), "value": .binary(result.dropLast(Self.tagBytes)), "iv": .binary(vector), "tag": .binary(result.suffix(Self.tagBytes)),
        "aad": authenticated.isEmpty ? nil : .binary(authenticated),
      ])
    case .cbc, .cbcPadded: .object(["kid": .string(url), "value": .binary(result), "iv": .binary(vector)])
    case .rsa, .keyWrap: .object(["kid": .string(url), "value": .binary(result)])
    }
  }
}
