import Base
import Declarations
import Foundation
import Identity
import SecNumCloud
import Testing

/// No code reaches for cryptography outside of the profile, but where it is named here with its reason.
///
/// What protects data, tokens and connections is judged by the observations, in the running platform. This is for the line that somebody adds
/// tomorrow: it has to be within the profile, or to be entered below, where a reviewer sees it.
struct ReachedCryptographyTests {
  /// What the profile refuses, or permits only to stay compatible, as the libraries spell it.
  private enum Mechanism: String, CaseIterable {
    case md5 = "MD5"
    case sha1 = "SHA-1"
    case paddingOfOld = "PKCS #1 v1.5"
    case rawModulus = "RSA without a padding"
    case unauthenticated = "CBC or ECB"
    case cipherOfOld = "DES, RC2 or RC4"
    case smallCurve = "a curve of less than 250 bits"
    case earlyTLS = "TLS before 1.2"
    case unverified = "a connection whose certificate or name is not verified"
    case passwordDerivation = "PBKDF2"
    case ownGenerator = "randomness from the side"

    /// What a file holds that may reach for it: a first look, and a cheap one.
    var signs: [String] {
      switch self {
      case .md5: ["MD5"]
      case .sha1: ["SHA1", "SHA_1", "PKCS1_OAEP"]
      case .paddingOfOld: ["PKCS1v1_5", "PKCS_V1_5", "CKM_RSA_PKCS"]
      case .rawModulus: ["CKM_RSA_X_509"]
      case .unauthenticated: ["_CBC", "_ECB"]
      case .cipherOfOld: ["CKM_DES", "CKM_RC", "tripleDES", ".rc2", ".rc4"]
      case .smallCurve: ["secp1", "secp2", "P192", "P224", "prime192"]
      case .earlyTLS: [".tlsv1"]
      case .unverified: ["certificateVerification"]
      case .passwordDerivation: ["PBKDF2.deriveKey"]
      case .ownGenerator: [".random(", "arc4random", "rand(", "SystemRandomNumberGenerator", "getrandom(", ".shuffled(", ".randomElement("]
      }
    }

    var pattern: String {
      switch self {
      case .md5: #"Insecure\.MD5|CKM_MD5"#
      case .sha1: #"Insecure\.SHA1|insecureSHA1|CKM_SHA_1|CKM_SHA1|_SHA1(?!\w)|PKCS1_OAEP(?!\w)"#
      case .paddingOfOld: #"insecurePKCS1v1_5|PKCS_V1_5|CKM_RSA_PKCS(?!\w)"#
      case .rawModulus: #"CKM_RSA_X_509"#
      case .unauthenticated: #"_CBC(?!\w)|_CBC_|_ECB(?!\w)"#
      case .cipherOfOld: #"CKM_DES|CKM_RC[24]|tripleDES|\.rc[24](?!\w)"#
      case .smallCurve: #"secp(160|192|224)|[^A-Za-z0-9_]P(192|224)(?!\w)|prime192"#
      case .earlyTLS: #"\.tlsv1(?!\w)|\.tlsv11(?!\w)"#
      case .unverified: #"certificateVerification = \.(none|noHostname)"#
      case .passwordDerivation: #"KDF\.Insecure\.PBKDF2\.deriveKey"#
      case .ownGenerator:
        #"\.random\(in:|\.random\(\)|arc4random|[^A-Za-z0-9_]rand\(|SystemRandomNumberGenerator|getrandom\(|\.shuffled\(\)|\.randomElement\(\)"#
      }
    }
  }

  private struct Exception: Hashable {
    var file: String
    var mechanism: Mechanism
    var why: String

    init(_ file: String, _ mechanism: Mechanism, _ why: String) {
      self.file = file
      self.mechanism = mechanism
      self.why = why
    }
  }

  /// Each where something else than the platform chooses the mechanism, or where it protects nothing.
  private static let exceptions: Set<Exception> = [
    Exception("Storage/Service/ContentDigest.swift", .md5, "Content-MD5 is a checksum of Azure's protocol; frames are authenticated by AES-GCM"),
    Exception("Storage/Blobs/SourceBody.swift", .md5, "Content-MD5 is a checksum of Azure's protocol"),
    Exception("Templates/TemplateFunctions+Strings.swift", .sha1, "guid() gives names of RFC 9562, version 5"),
    Exception("Security/AssessmentName.swift", .sha1, "names of RFC 9562, version 5"),
    Exception("SecNumCloud/Dossier/OSCAL.swift", .sha1, "names of RFC 9562, version 5"),
    Exception("Identity/KeyCredential.swift", .sha1, "x5t names a certificate whose key is verified apart (RFC 7515)"),
    Exception("Identity/AssertionKey.swift", .paddingOfOld, "RS256, which clients of Entra sign with (RFC 7518)"),
    Exception("Identity/JSONWebToken.swift", .paddingOfOld, "RS256, which clients of Entra want (RFC 7518)"),
    Exception("Identity/SecretHash.swift", .passwordDerivation, "with SHA-256, a salt and rounds of the profile: IdentityLimits"),
    Exception("Vault/Certificates/CertificateDescription.swift", .sha1, "x5t names a certificate (RFC 7515)"),
    Exception("Vault/Certificates/PKCS12/PKCS12Protection.swift", .sha1, "a customer's file is opened as it was protected"),
    Exception("Vault/Certificates/PKCS12/PKCS12Protection.swift", .unauthenticated, "a customer's file is opened as it was protected"),
    Exception("Vault/Certificates/PKCS12/PKCS12Protection.swift", .passwordDerivation, "a customer's file is opened as it was protected"),
    Exception("Vault/Certificates/PKCS12/PKCS12Integrity.swift", .sha1, "a customer's file is opened as it was protected"),
    Exception("Vault/Keys/SoftwareKey.swift", .paddingOfOld, "Key Vault's RS256, when a customer asks for it"),
    Exception("Vault/Keys/PublicKey.swift", .paddingOfOld, "Key Vault's RS256 and RSA1_5, when a customer asks for them"),
    Exception("Vault/Keys/PublicKey.swift", .sha1, "Key Vault's RSA-OAEP, when a customer asks for it"),
    Exception("SecurityModule/SecurityModule+Signatures.swift", .paddingOfOld, "Key Vault's RS256, when a customer asks for it"),
    Exception("SecurityModule/SecurityModule+Signatures.swift", .sha1, "Key Vault's RSA-OAEP, when a customer asks for it"),
    Exception("SecurityModule/SecurityModule+Encryption.swift", .paddingOfOld, "Key Vault's RSA1_5, when a customer asks for it"),
    Exception("SecurityModule/SecurityModule+Encryption.swift", .rawModulus, "OAEP with SHA-256 in tokens that have it with SHA-1 alone: OAEP.swift"),
    Exception("SecurityModule/SecurityModule+Encryption.swift", .unauthenticated, "Key Vault's A256CBC, when a customer asks for it"),
    Exception("ExternalKeys/Server/ExternalKeyListener.swift", .unverified, "a client has no host name; its certificate is verified"),
    Exception("Hypervisor/ImageSecrets.swift", .unauthenticated, "QEMU's form of a secret on its way between two processes of one host"),
    Exception("Hypervisor/DiskBytes.swift", .ownGenerator, "a socket's name, in a folder that nobody else may write to"),
    Exception("Base/RandomSource.swift", .ownGenerator, "the one place that randomness comes from: the kernel's"),
    Exception("SecNumCloud/NetworkOutside.swift", .earlyTLS, "offered to the platform, to see it refused"),
    Exception("SecNumCloud/NetworkOutside.swift", .unauthenticated, "offered to the platform, to see it refused"),
    Exception("SecNumCloud/NetworkOutside.swift", .unverified, "the certificate is what the observation judges"),
    Exception("SecNumCloud/Observations/CTL-CRYPTO-02.swift", .smallCurve, "offered to the platform, to see it refused"),
  ]

  private struct Reach: Hashable {
    var file: String
    var mechanism: Mechanism
  }

  private static func isComment(_ line: Substring) -> Bool { line.drop { $0 == " " }.hasPrefix("//") }

  private static func mechanisms(in line: Substring) throws -> [Mechanism] {
    guard !isComment(line) else { return [] }
    return try Mechanism.allCases.filter { line.contains(try Regex($0.pattern)) }
  }

  /// Sizes of keys that a line writes down, with what each is a size of.
  private static func sizes(in line: Substring) throws -> [(measure: CryptographicProfile.Measure, bits: Int)] {
    guard !isComment(line) else { return [] }
    let written = try Regex<(Substring, Substring)>(#"(?:keySize: \.bits|size: \.bits|\.rsa\(bits: |\.aes\(bits: |bitCount: )(\d+)"#)
    return line.matches(of: written).compactMap { match in
      Int(match.output.1).map { (line.lowercased().contains("rsa") ? .modulus : .symmetricKey, $0) }
    }
  }

  private static func sources() throws -> [(path: String, text: String)] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appending(path: "Sources").path
    return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }.sorted().map { path in
      let text = String(decoding: try Data(contentsOf: URL(filePath: folder + "/" + path)), as: UTF8.self)
      return (path, text)
    }
  }

  private static let profile = CryptographicProfile(on: CalendarDate(SystemClock().now()))

  @Test func `no code reaches for a mechanism outside of the profile, and no exception outlives its cause`() throws {
    var reached: Set<Reach> = []
    for (path, text) in try Self.sources() {
      for mechanism in Mechanism.allCases where mechanism.signs.contains(where: { text.range(of: $0, options: .literal) != nil }) {
        let pattern = try Regex(mechanism.pattern)
        for line in text.split(separator: "\n") where !Self.isComment(line) && line.contains(pattern) {
          reached.insert(Reach(file: path, mechanism: mechanism))
          let isKnown = Self.exceptions.contains { $0.file == path && $0.mechanism == mechanism }
          #expect(isKnown, "\(path): \(mechanism.rawValue): \(line)")
        }
      }
    }
    for exception in Self.exceptions {
      let isReached = reached.contains(Reach(file: exception.file, mechanism: exception.mechanism))
      #expect(isReached, "\(exception.file) has no \(exception.mechanism.rawValue)")
    }
  }

  @Test func `every size of a key that is written in the sources is within the profile of today`() throws {
    var count = 0
    let signs = ["ize: .bits", "(bits: ", "bitCount: "]
    for (path, text) in try Self.sources() where signs.contains(where: { text.range(of: $0, options: .literal) != nil }) {
      for line in text.split(separator: "\n") where signs.contains(where: { line.contains($0) }) {
        for (measure, bits) in try Self.sizes(in: line) {
          count += 1
          #expect(Self.profile.standing(measure, bits: bits) != .refused, "\(path): \(measure.english) of \(bits) bits: \(line)")
        }
      }
    }
    #expect(count > 5)
  }

  @Test func `whoever makes a TLS configuration says which versions it takes`() throws {
    var count = 0
    for (path, text) in try Self.sources() where text.range(of: "TLSConfiguration.make", options: .literal) != nil {
      count += 1
      let made = text.ranges(of: "TLSConfiguration.make").count
      // The library's own minimum is TLS 1.0.
      #expect(text.ranges(of: "minimumTLSVersion = ").count == made, "\(path)")
    }
    #expect(count >= 3)
  }

  @Test func `the platform's own parameters are within the profile of today`() {
    #expect(Self.profile.standing(.modulus, bits: IdentityLimits.signingKeyBits) != .refused)
    #expect(Self.profile.standing(.modulus, bits: IdentityLimits.minimumRSAKeyBits) != .refused)
    #expect(Self.profile.standing(.salt, bits: IdentityLimits.saltBytes * 8) != .refused)
    #expect(Self.profile.standing(digest: "sha256") == .recommended)
  }

  @Test(arguments: [
    ("let sum = Insecure.MD5.hash(data: x)", "MD5"), ("  Insecure.SHA1.hash(data: x)", "SHA-1"), ("padding: .PKCS1_OAEP)", "SHA-1"),
    ("padding: ._WEAK_AND_INSECURE_PKCS_V1_5", "PKCS #1 v1.5"), ("try AES._CBC.encrypt(x, using: k, iv: v)", "CBC or ECB"),
    ("mechanism: CKM_DES3_CBC", "DES, RC2 or RC4"), ("tls.minimumTLSVersion = .tlsv1", "TLS before 1.2"),
    ("tls.minimumTLSVersion = .tlsv11", "TLS before 1.2"),
    ("certificateVerification = .none", "a connection whose certificate or name is not verified"),
    ("let curve = \"secp224r1\"", "a curve of less than 250 bits"), ("UInt64.random(in: 0...9)", "randomness from the side"),
  ])
  func `a line outside of the profile is seen`(line: String, mechanism: String) throws {
    #expect(try Self.mechanisms(in: line[...]).map(\.rawValue).contains(mechanism))
    #expect(try Self.mechanisms(in: "  // \(line)"[...]).isEmpty)
  }

  @Test func `what is within the profile is not taken for something else`() throws {
    for line in ["padding: .PKCS1_OAEP_SHA256)", "tls.minimumTLSVersion = .tlsv13", "CKM_AES_GCM", "P256.Signing.PrivateKey()", "random.bytes(12)"] {
      #expect(try Self.mechanisms(in: line[...]).isEmpty, "\(line)")
    }
    let small = try Self.sizes(in: "_RSA.Signing.PrivateKey(keySize: .bits1024)"[...])
    #expect(small.map { Self.profile.standing($0.measure, bits: $0.bits) } == [.refused])
    let short = try Self.sizes(in: "SymmetricKey(size: SymmetricKeySize(bitCount: 112))"[...])
    #expect(short.map { Self.profile.standing($0.measure, bits: $0.bits) } == [.refused])
  }
}
