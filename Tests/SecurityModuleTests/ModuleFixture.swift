import Base
import Crypto
import CryptoExtras
import Logging
import SecurityModule
import Simulation
import SwiftASN1

/// A module with a token of its own.
struct ModuleFixture {
  let token = SoftToken()
  let module: SecurityModule

  init(pin: [UInt8] = SoftToken.pin) throws {
    module = try Self.module(token, pin: pin)
  }

  static func module(_ token: SoftToken, pin: [UInt8] = SoftToken.pin) throws -> SecurityModule {
    try SecurityModule(library: token.library, token: token.label, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { pin }
  }

  func make(_ kind: ModuleKeyKind, canBeExported: Bool = false) async throws -> GUID {
    let id = SystemRandom().guid()
    try await module.generate(kind, id: id, label: "vault/key", canBeExported: canBeExported)
    return id
  }

  /// The public half, as swift-crypto knows it.
  func rsa(_ id: GUID) async throws -> _RSA.Signing.PublicKey? {
    guard case .rsa(let modulus, let exponent) = try await module.publicKey(id) else { return nil }
    return try _RSA.Signing.PublicKey(n: modulus, e: exponent)
  }

  func encryption(_ id: GUID) async throws -> _RSA.Encryption.PublicKey? {
    guard case .rsa(let modulus, let exponent) = try await module.publicKey(id) else { return nil }
    return try _RSA.Encryption.PublicKey(n: modulus, e: exponent)
  }

  /// The uncompressed point of a pair.
  func point(_ id: GUID) async throws -> [UInt8]? {
    guard case .ec(_, let x, let y) = try await module.publicKey(id) else { return nil }
    return [0x04] + x + y
  }

  static func hash(_ digest: some Digest) -> [UInt8] { Array(digest) }

  /// The integers of an RSA key, from its PKCS#1 form.
  static func material(_ key: _RSA.Signing.PrivateKey) throws -> ModuleKeyMaterial.RSA {
    let integers = try DER.sequence(DER.parse(Array(key.derRepresentation)), identifier: .sequence) { nodes in
      var integers: [[UInt8]] = []
      while let node = nodes.next() {
        guard case .primitive(let bytes) = node.content else { continue }
        integers.append(Array(bytes.drop { $0 == 0 }))
      }
      return integers
    }
    return ModuleKeyMaterial.RSA(
      modulus: integers[1], publicExponent: integers[2], privateExponent: integers[3], prime1: integers[4], prime2: integers[5],
      exponent1: integers[6], exponent2: integers[7], coefficient: integers[8])
  }
}
