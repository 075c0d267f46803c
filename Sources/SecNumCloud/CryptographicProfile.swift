public import Declarations

/// What cryptography may be used on a day: the table that every observation of cryptography judges by.
///
/// A size that is good today becomes a gap by the mere passing of time; hence the day. Source: ANSSI, « Guide des mécanismes cryptographiques » and
/// « Recommandations de sécurité relatives à TLS ». Lines marked as a choice are this project's.
public struct CryptographicProfile: Sendable {
  public let day: CalendarDate

  public init(on day: CalendarDate) { self.day = day }

  /// How a mechanism stands. Whatever is recommended is permitted.
  public enum Standing: Int, Sendable, Comparable {
    /// Against a rule.
    case refused
    /// Within the rules, not within the recommendations.
    case permitted
    case recommended

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  // MARK: Sizes

  /// What has a size in bits.
  public enum Measure: String, Sendable, CaseIterable {
    case symmetricKey = "clé symétrique"
    case block = "bloc"
    case digest = "empreinte"
    /// RSA, and Diffie-Hellman over a prime field.
    case modulus = "module RSA ou DH"
    /// The prime factor of a curve's order.
    case curveOrder = "ordre de courbe"
    /// The state of a generator of random numbers.
    case randomState = "état du générateur"
    /// A choice: the guide for authentication is to be compared.
    case salt = "sel"

    public var english: String {
      switch self {
      case .symmetricKey: "symmetric key"
      case .block: "block"
      case .digest: "digest"
      case .modulus: "RSA or DH modulus"
      case .curveOrder: "curve order"
      case .randomState: "generator's state"
      case .salt: "salt"
      }
    }
  }

  /// One line of the table. It holds from its first day to its last, where it has any.
  public struct Line: Hashable, Sendable {
    public var measure: Measure
    /// The smallest size that the rules permit, in bits.
    public var rule: Int
    /// The smallest size that is recommended, in bits.
    public var recommendation: Int
    public var from: CalendarDate?
    public var until: CalendarDate?

    init(_ measure: Measure, rule: Int, recommendation: Int, from: CalendarDate? = nil, until: CalendarDate? = nil) {
      self.measure = measure
      self.rule = rule
      self.recommendation = recommendation
      self.from = from
      self.until = until
    }

    func holds(on day: CalendarDate) -> Bool { from.map { $0 <= day } ?? true && until.map { day <= $0 } ?? true }
  }

  public static let lines: [Line] = [
    Line(.symmetricKey, rule: 112, recommendation: 128, until: CalendarDate(year: 2025, month: 12, day: 31)),
    Line(.symmetricKey, rule: 128, recommendation: 128, from: CalendarDate(year: 2026, month: 1, day: 1)),
    Line(.block, rule: 64, recommendation: 128, until: CalendarDate(year: 2025, month: 12, day: 31)),
    Line(.block, rule: 128, recommendation: 128, from: CalendarDate(year: 2026, month: 1, day: 1)),
    Line(.digest, rule: 256, recommendation: 256),
    Line(.modulus, rule: 2048, recommendation: 3072, until: CalendarDate(year: 2030, month: 12, day: 31)),
    Line(.modulus, rule: 3072, recommendation: 3072, from: CalendarDate(year: 2031, month: 1, day: 1)),
    Line(.curveOrder, rule: 250, recommendation: 250),
    Line(.randomState, rule: 128, recommendation: 256),
    Line(.salt, rule: 128, recommendation: 128),
  ]

  /// The line of the day.
  public func line(_ measure: Measure) -> Line {
    guard let line = Self.lines.first(where: { $0.measure == measure && $0.holds(on: day) }) else {
      preconditionFailure("the table has no line for \(measure.rawValue) on \(day)")
    }
    return line
  }

  public func standing(_ measure: Measure, bits: Int) -> Standing {
    let line = line(measure)
    return bits < line.rule ? .refused : bits < line.recommendation ? .permitted : .recommended
  }

  // MARK: Named mechanisms

  /// Elliptic curves, as clients and libraries name them.
  public enum Curve: String, Sendable, CaseIterable {
    case secp256r1, secp384r1, secp521r1
    /// Keys of 25519 and 448, for signatures as for exchanges.
    case curve25519, curve448

    public var orderBits: Int {
      switch self {
      case .secp256r1: 256
      case .secp384r1: 384
      case .secp521r1: 521
      case .curve25519: 253
      case .curve448: 446
      }
    }

    /// The order is a prime itself, which is recommended, and not a multiple of one.
    public var hasPrimeOrder: Bool { self != .curve25519 && self != .curve448 }
  }

  public func standing(_ curve: Curve) -> Standing {
    let bySize = standing(.curveOrder, bits: curve.orderBits)
    return curve.hasPrimeOrder ? bySize : min(bySize, .permitted)
  }

  /// SHA-2 and SHA-3 are recommended; what has a known attack on a part of it is refused, however long.
  public func standing(digest name: String) -> Standing {
    let sizes = [
      "sha256": 256, "sha384": 384, "sha512": 512, "sha512256": 256, "sha3256": 256, "sha3384": 384, "sha3512": 512,
    ]
    guard let bits = sizes[name.lowercased().filter { $0.isLetter || $0.isNumber }] else { return .refused }
    return standing(.digest, bits: bits)
  }

  /// Ciphers of data at rest, as `aes-256-gcm` or `aes-256-xts`: AES in a mode that authenticates, or, for disks, where a tag has no room, XTS.
  public func standing(cipher: String) -> Standing {
    let words = cipher.lowercased().split(separator: "-")
    guard words.count == 3, words[0] == "aes", let bits = Int(words[1]), ["gcm", "ccm", "siv", "xts"].contains(words[2]) else { return .refused }
    return standing(.symmetricKey, bits: bits)
  }

  // MARK: TLS and certificates

  public func standing(_ version: TLSVersion) -> Standing {
    switch version {
    case .tls13: .recommended
    case .tls12: .permitted
    case .tls10, .tls11: .refused
    }
  }

  /// Suites by OpenSSL's names: ephemeral elliptic-curve exchange, a cipher that authenticates, SHA-2.
  public func standing(suite: String) -> Standing {
    Self.recommendedSuites.contains(suite) ? .recommended : Self.permittedSuites.contains(suite) ? .permitted : .refused
  }

  public static let recommendedSuites: [String] = [
    "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
  ]
  /// AES comes before ChaCha20.
  public static let permittedSuites: [String] = [
    "TLS_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
  ]

  /// A session may be resumed so long after it began.
  public static let maximumTicketSeconds = 86400
  /// From `notBefore` to `notAfter`.
  public static let maximumCertificateDays = 825
}
