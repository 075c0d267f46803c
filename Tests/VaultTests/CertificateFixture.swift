import Base
import Crypto
import Foundation
import NIOHTTP1
import NIOSSL
import Records
import Simulation
import SwiftASN1
import Synchronization
import Testing
import Vault
import Wire
import X509

/// Runs `openssl` in a directory of its own: what strangers' programs write, and what they say of ours.
struct OpenSSL {
  let scratch = ScratchDirectory()

  /// What it wrote to standard output. Throws where it fails.
  @discardableResult
  func run(_ arguments: String...) throws -> String { try run(arguments) }

  @discardableResult
  func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    process.environment = ["PATH": "/usr/bin:/bin"]
    process.currentDirectoryURL = URL(fileURLWithPath: scratch("."))
    let output = Pipe()
    (process.standardOutput, process.standardError, process.standardInput) = (output, FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CloudError(500, "openssl", "\(arguments)") }
    return String(decoding: bytes, as: UTF8.self)
  }

  func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: scratch(name)))) }

  func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: scratch(name))) }

  /// `key.pem` and `cert.pem`, which fit each other.
  func makePair(_ key: [String] = ["rsa:2048"], days: Int = 365, name: String = "/CN=stranger.example") throws {
    let extra = key.count > 1 ? ["-pkeyopt", key[1]] : []
    try run(
      ["req", "-x509", "-newkey", key[0]] + extra + [
        "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", name, "-days", "\(days)", "-addext", "subjectAltName=DNS:stranger.example",
      ])
  }

  /// A PKCS#12 file of `key.pem` and `cert.pem`.
  func pkcs12(_ password: String, _ options: [String] = []) throws -> [UInt8] {
    try run(["pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-out", "file.pfx", "-passout", "pass:\(password)"] + options)
    return try read("file.pfx")
  }
}

/// An authority of the platform, for tests.
final class TestAuthority: CertificateIssuer {
  let key = P256.Signing.PrivateKey()
  let root: Certificate
  let domains: [String]
  private let issued = Mutex(0)

  var count: Int { issued.withLock { $0 } }

  init(domains: [String]) throws {
    self.domains = domains
    let name = try DistinguishedName { CommonName("Test Root") }
    root = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: Date(timeIntervalSince1970: 1_790_000_000), notValidAfter: Date(timeIntervalSince1970: 2_100_000_000), issuer: name,
      subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0)) },
      issuerPrivateKey: Certificate.PrivateKey(key))
  }

  func domains(of tenant: GUID) async throws -> [String] { domains }

  func issue(_ request: CertificateIssuance) async throws -> [[UInt8]] {
    issued.withLock { $0 += 1 }
    let proof = try CertificateSigningRequest(derEncoded: request.request)
    #expect(proof.publicKey.isValidSignature(proof.signature, for: proof))
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(bytes: request.serialNumber), publicKey: proof.publicKey,
      notValidBefore: Date(timeIntervalSince1970: Double(request.notBefore.seconds)),
      notValidAfter: Date(timeIntervalSince1970: Double(request.expires.seconds)), issuer: root.subject, subject: proof.subject,
      signatureAlgorithm: .ecdsaWithSHA256, extensions: try proof.attributes.extensionRequest?.extensions ?? Certificate.Extensions(),
      issuerPrivateKey: Certificate.PrivateKey(key))
    return try [certificate, root].map { try Array(serializing: $0) }
  }
}

extension Array where Element == UInt8 {
  init(serializing value: some DERSerializable) throws {
    var serializer = DER.Serializer()
    try serializer.serialize(value)
    self = serializer.serializedBytes
  }
}

extension VaultFixture {
  /// Ends this fixture as an end of the process would, and opens its vaults again.
  func reopened() async throws -> VaultFixture {
    try await records.close()
    return try await VaultFixture(seed: 2, directory: directory)
  }

  /// A policy; `parts` replace what it has.
  static func policy(_ issuer: String = "Self", _ parts: [(String, JSON)] = []) -> JSON {
    var policy = JSON.Object([
      ("key_props", ["kty": "EC", "crv": "P-256", "exportable": true, "reuse_key": false]),
      ("secret_props", ["contentType": "application/x-pem-file"]), ("x509_props", ["subject": "CN=www.contoso.example", "validity_months": 12]),
      ("issuer", ["name": .string(issuer)]),
    ])
    for (name, value) in parts { policy[name] = value }
    return .object(policy)
  }

  @discardableResult
  func makeCertificate(
    _ name: String, _ policy: JSON = VaultFixture.policy(), _ further: [(String, JSON)] = [], vault: String = VaultFixture.vault
  ) async throws -> VaultReply {
    try await send(.POST, "/certificates/\(name)/create", .object(JSON.Object([("policy", policy)] + further)), vault: vault)
  }

  @discardableResult
  func importCertificate(_ name: String, _ bytes: [UInt8], password: String? = nil, _ further: [(String, JSON)] = []) async throws -> VaultReply {
    var body = JSON.Object([("value", .string(Base64.encode(bytes)))] + further)
    if let password { body["pwd"] = .string(password) }
    return try await send(.POST, "/certificates/\(name)/import", .object(body))
  }

  /// The certificate of an answer.
  func certificate(_ reply: VaultReply) throws -> Certificate {
    let text = try #require(reply["cer"]?.string, "\(reply)")
    return try Certificate(derEncoded: try #require(Base64.decode(text)))
  }
}
