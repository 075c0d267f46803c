import Base
import Crypto
import CryptoExtras
import SwiftASN1
import Synchronization
import Testing
import Wire
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// True once.
final class NIOLockedFlag: Sendable {
  private let taken = Mutex(false)

  func take() -> Bool {
    taken.withLock { taken in
      defer { taken = true }
      return !taken
    }
  }
}

func base64URL(_ bytes: some Sequence<UInt8>) -> String {
  Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

func base64URLDecoded(_ text: some StringProtocol) -> [UInt8] {
  let standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
  return Base64.decode(standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)) ?? []
}

/// The three parts of a token, to look into and to falsify.
struct TokenParts {
  var header: JSON
  var payload: JSON
  var signature: [UInt8]

  init(_ token: String) throws {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    try #require(parts.count == 3)
    header = try JSON(parsing: base64URLDecoded(parts[0]))
    payload = try JSON(parsing: base64URLDecoded(parts[1]))
    signature = base64URLDecoded(parts[2])
  }

  var signed: String { base64URL(header.bytes) + "." + base64URL(payload.bytes) }
  var text: String { signed + "." + base64URL(signature) }

  mutating func set(_ claim: String, _ value: JSON?) {
    guard var object = payload.object else { return }
    object[claim] = value
    payload = .object(object)
  }

  mutating func setHeader(_ name: String, _ value: JSON?) {
    guard var object = header.object else { return }
    object[name] = value
    header = .object(object)
  }
}

/// A key pair with a certificate of its own signature, as `az ad sp create-for-rbac --create-cert` makes one.
struct ClientCertificate: Sendable {
  let key: _RSA.Signing.PrivateKey
  let der: [UInt8]

  /// Making RSA keys is slow: all tests share two.
  static let registered = make()
  static let other = make()

  static func make(notBefore: Int64 = 1_790_000_000, notAfter: Int64 = 1_900_000_000, key: _RSA.Signing.PrivateKey? = nil) -> ClientCertificate {
    do {
      let key = try key ?? _RSA.Signing.PrivateKey(keySize: .bits2048)
      let name = try DistinguishedName { CommonName("robot") }
      let certificate = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
        notValidBefore: Date(timeIntervalSince1970: Double(notBefore)), notValidAfter: Date(timeIntervalSince1970: Double(notAfter)), issuer: name,
        subject: name, signatureAlgorithm: .sha256WithRSAEncryption, extensions: Certificate.Extensions(),
        issuerPrivateKey: Certificate.PrivateKey(key))
      var serializer = DER.Serializer()
      try certificate.serialize(into: &serializer)
      return ClientCertificate(key: key, der: serializer.serializedBytes)
    } catch {
      fatalError("no certificate: \(error)")
    }
  }

  /// A client assertion as MSAL writes it: dates with a fraction.
  func assertion(
    client: GUID, audience: String, now: Timestamp, identifier: String, algorithm: String = "RS256", header extra: [String: JSON] = [:],
    change: (inout TokenParts) -> Void = { _ in }
  ) throws -> String {
    let seconds = Double(now.seconds) + 0.3357458
    let thumbprint: (String, JSON) =
      algorithm == "PS256"
      ? ("x5t#S256", .string(base64URL(SHA256.hash(data: der)))) : ("x5t", .string(base64URL(Insecure.SHA1.hash(data: der))))
    var parts = try TokenParts("e30.e30.")
    parts.header = .object(
      JSON.Object([(name: "alg", value: .string(algorithm)), (name: "typ", value: "JWT"), (name: thumbprint.0, value: thumbprint.1)]))
    for (name, value) in extra { parts.setHeader(name, value) }
    parts.payload = [
      "aud": .string(audience), "iss": .string(client.description), "sub": .string(client.description), "exp": .number(seconds + 600),
      "iat": .number(seconds), "jti": .string(identifier),
    ]
    change(&parts)
    let digest = SHA256.hash(data: Array(parts.signed.utf8))
    parts.signature = Array(try key.signature(for: digest, padding: algorithm == "PS256" ? .PSS : .insecurePKCS1v1_5).rawRepresentation)
    return parts.text
  }
}
