public import Base
internal import CPKCS11
internal import SwiftASN1

extension SecurityModule {
  /// Signs a digest with the private half of a pair. Throws `SecurityModuleError.invalidData` where the digest's length or the key's type is another.
  public func sign(_ digest: [UInt8], key id: GUID, _ algorithm: ModuleSignature) async throws -> [UInt8] {
    let form = try SignatureForm(algorithm, digest: digest)
    return try await call { session in
      let key = try session.key(id, CKO_PRIVATE_KEY, type: form.keyType)
      return try form.lend { mechanism, data, count in
        try session.cryptoki.call("C_SignInit") { $0.C_SignInit(session.handle, mechanism, key) }
        return try session.fill("C_Sign", capacity: SignatureForm.maximumBytes) {
          session.cryptoki.functions.pointee.C_Sign(session.handle, data, count, $0, $1)
        }
      }
    }
  }

  /// Whether a signature over a digest is by the pair's private half.
  public func verify(_ signature: [UInt8], of digest: [UInt8], key id: GUID, _ algorithm: ModuleSignature) async throws -> Bool {
    guard !signature.isEmpty, signature.count <= SignatureForm.maximumBytes else { return false }
    let form = try SignatureForm(algorithm, digest: digest)
    return try await call { session in
      let key = try session.key(id, CKO_PUBLIC_KEY, type: form.keyType)
      return try form.lend { mechanism, data, count in
        try session.cryptoki.call("C_VerifyInit") { $0.C_VerifyInit(session.handle, mechanism, key) }
        let code = lending(signature) { session.cryptoki.functions.pointee.C_Verify(session.handle, data, count, $0, $1) }
        if code == CKR_SIGNATURE_INVALID || code == CKR_SIGNATURE_LEN_RANGE { return false }
        guard code == CKR_OK else { throw SecurityModuleError.failed(function: "C_Verify", code: code) }
        return true
      }
    }
  }

  /// HMAC-SHA-256 of a message of up to `ModuleLimits.maximumMessageBytes`.
  public func authenticate(_ message: [UInt8], key id: GUID) async throws -> [UInt8] {
    try await call { try $0.authenticate(message, key: id) }
  }
}

extension ModuleSession {
  func authenticate(_ message: [UInt8], key id: GUID) throws -> [UInt8] {
    guard message.count <= ModuleLimits.maximumMessageBytes else { throw SecurityModuleError.invalidData }
    let key = try key(id, CKO_SECRET_KEY, type: CKK_GENERIC_SECRET)
    var mechanism = ck_mechanism(mechanism: CKM_SHA256_HMAC, parameter: nil, parameter_len: 0)
    try cryptoki.call("C_SignInit") { $0.C_SignInit(handle, &mechanism, key) }
    return try lending(message) { data, count in
      try fill("C_Sign", capacity: SignatureForm.maximumBytes) { cryptoki.functions.pointee.C_Sign(handle, data, count, $0, $1) }
    }
  }
}

/// What is given to the token for a digest to be signed.
private struct SignatureForm: Sendable {
  /// Of RSA with 4096 bits.
  static let maximumBytes = 512

  private let algorithm: ModuleSignature
  private let data: [UInt8]

  init(_ algorithm: ModuleSignature, digest: [UInt8]) throws {
    self.algorithm = algorithm
    switch algorithm {
    case .pkcs1(let name):
      guard digest.count == name.byteCount, name != .sha1 else { throw SecurityModuleError.invalidData }
      data = try name.information(digest)
    case .pss(let name):
      guard digest.count == name.byteCount, name != .sha1 else { throw SecurityModuleError.invalidData }
      data = digest
    case .ecdsa:
      guard ModuleDigest.allCases.contains(where: { $0 != .sha1 && $0.byteCount == digest.count }) else { throw SecurityModuleError.invalidData }
      data = digest
    }
  }

  var keyType: UInt { algorithm == .ecdsa ? CKK_EC : CKK_RSA }

  func lend<Value>(_ body: (UnsafeMutablePointer<ck_mechanism>, UnsafeMutablePointer<UInt8>?, UInt) throws -> Value) throws -> Value {
    try lending(data) { bytes, count in
      switch algorithm {
      case .pkcs1:
        var mechanism = ck_mechanism(mechanism: CKM_RSA_PKCS, parameter: nil, parameter_len: 0)
        return try body(&mechanism, bytes, count)
      case .ecdsa:
        var mechanism = ck_mechanism(mechanism: CKM_ECDSA, parameter: nil, parameter_len: 0)
        return try body(&mechanism, bytes, count)
      case .pss(let digest):
        var parameters = ck_rsa_pkcs_pss_params(hash_alg: digest.mechanism, mgf: digest.mask, s_len: UInt(digest.byteCount))
        return try withUnsafeMutablePointer(to: &parameters) { pointer in
          var mechanism = ck_mechanism(
            mechanism: CKM_RSA_PKCS_PSS, parameter: pointer, parameter_len: UInt(MemoryLayout<ck_rsa_pkcs_pss_params>.size))
          return try body(&mechanism, bytes, count)
        }
      }
    }
  }
}

extension ModuleDigest {
  var mechanism: UInt {
    switch self {
    case .sha1: CKM_SHA_1
    case .sha256: CKM_SHA256
    case .sha384: CKM_SHA384
    case .sha512: CKM_SHA512
    }
  }

  /// MGF1 over the digest.
  var mask: UInt {
    switch self {
    case .sha1: CKG_MGF1_SHA1
    case .sha256: CKG_MGF1_SHA256
    case .sha384: CKG_MGF1_SHA384
    case .sha512: CKG_MGF1_SHA512
    }
  }

  private var identifier: ASN1ObjectIdentifier {
    switch self {
    case .sha1: [1, 3, 14, 3, 2, 26]
    case .sha256: [2, 16, 840, 1, 101, 3, 4, 2, 1]
    case .sha384: [2, 16, 840, 1, 101, 3, 4, 2, 2]
    case .sha512: [2, 16, 840, 1, 101, 3, 4, 2, 3]
    }
  }

  /// The `DigestInfo` that RSASSA-PKCS1-v1_5 signs.
  ///
  /// Source: RFC 8017, 9.2.
  fileprivate func information(_ digest: [UInt8]) throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.appendConstructedNode(identifier: .sequence) { information in
      try information.appendConstructedNode(identifier: .sequence) { algorithm in
        try algorithm.serialize(identifier)
        try algorithm.serialize(ASN1Null())
      }
      try information.serialize(ASN1OctetString(contentBytes: digest[...]))
    }
    return serializer.serializedBytes
  }
}
