internal import Base
internal import SecurityModule
internal import SwiftASN1
internal import Wire
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// How the versions of a certificate are made: key, form of the secret, contents, issuer, and what happens before it expires.
///
/// Source: Microsoft, "CertificatePolicy", Key Vault REST reference.
struct CertificatePolicy: Sendable, Equatable {
  enum ContentType: String, Sendable, CaseIterable {
    case pkcs12 = "application/x-pkcs12"
    case pem = "application/x-pem-file"
  }

  enum Usage: String, Sendable, CaseIterable {
    case digitalSignature
    case nonRepudiation
    case keyEncipherment
    case dataEncipherment
    case keyAgreement
    case keyCertSign
    case cRLSign
    case encipherOnly
    case decipherOnly
  }

  struct Issuer: Sendable, Equatable {
    /// `Self`, `Unknown`, or the name of one of the vault's issuers.
    var name: String
    var certificateType: String?
    var transparency: Bool?

    var isSelf: Bool { name.equalsIgnoringASCIICase("Self") }
    var isUnknown: Bool { name.equalsIgnoringASCIICase("Unknown") }
  }

  struct LifetimeAction: Sendable, Equatable {
    enum Trigger: Sendable, Equatable {
      case percentage(Int)
      case daysBeforeExpiry(Int)
    }

    enum Kind: String, Sendable, CaseIterable {
      case emailContacts = "EmailContacts"
      case autoRenew = "AutoRenew"
    }

    var trigger: Trigger
    var kind: Kind
  }

  var keyKind: ModuleKeyKind = .rsa(bits: 2048)
  var isHardware = false
  var isExportable = true
  var reusesKey = false
  var contentType = ContentType.pkcs12
  /// Empty where there are alternative names alone.
  var subject = ""
  var names = CertificateNames()
  /// Dotted object identifiers.
  var purposes = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]
  var usages: [Usage] = [.digitalSignature, .keyEncipherment]
  var validityMonths = 12
  var lifetimeActions: [LifetimeAction] = []
  var issuer: Issuer
  var isEnabled = true
  var created: Timestamp?
  var updated: Timestamp?

  init(issuer: Issuer) {
    self.issuer = issuer
  }

  /// What stands in somebody's certificate; the issuer of an imported one is nobody that the vault could ask again.
  init(describing certificate: Certificate, keyKind: ModuleKeyKind) {
    self.init(issuer: Issuer(name: "Unknown"))
    self.keyKind = keyKind
    subject = certificate.subject.subjectText
    let extensions = certificate.extensions
    names = (try? extensions.subjectAlternativeNames).flatMap { $0 }.map { CertificateNames($0) } ?? CertificateNames()
    purposes = (try? extensions.extendedKeyUsage).flatMap { $0 }.map { $0.map { "\(ASN1ObjectIdentifier($0))" } } ?? []
    usages = (try? extensions.keyUsage).flatMap { $0 }.map { usage in Usage.allCases.filter { usage.has($0) } } ?? []
    let seconds = certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore)
    let months = seconds / (365.2425 / 12 * 86_400)
    let bounds = CertificateLimits.validityMonths
    validityMonths = months.isFinite ? Int(min(max(months.rounded(), Double(bounds.lowerBound)), Double(bounds.upperBound))) : bounds.lowerBound
    lifetimeActions = [LifetimeAction(trigger: .percentage(80), kind: .emailContacts)]
  }

  /// When the next version is to be made of one that is valid between two times; nil where the policy does not say so, or nobody can be asked.
  func renewal(notBefore: Timestamp, expires: Timestamp) -> Timestamp? {
    guard !issuer.isUnknown, let action = lifetimeActions.first(where: { $0.kind == .autoRenew }) else { return nil }
    switch action.trigger {
    case .percentage(let percentage):
      let span = expires.seconds - notBefore.seconds
      return Timestamp(seconds: notBefore.seconds + span / 100 * Int64(percentage) + span % 100 * Int64(percentage) / 100)
    case .daysBeforeExpiry(let days): return expires.advanced(by: .seconds(-Int64(days) * 86_400))
    }
  }
}

extension KeyUsage {
  func has(_ usage: CertificatePolicy.Usage) -> Bool {
    switch usage {
    case .digitalSignature: digitalSignature
    case .nonRepudiation: nonRepudiation
    case .keyEncipherment: keyEncipherment
    case .dataEncipherment: dataEncipherment
    case .keyAgreement: keyAgreement
    case .keyCertSign: keyCertSign
    case .cRLSign: cRLSign
    case .encipherOnly: encipherOnly
    case .decipherOnly: decipherOnly
    }
  }

  init(_ usages: [CertificatePolicy.Usage]) {
    self.init(
      digitalSignature: usages.contains(.digitalSignature), nonRepudiation: usages.contains(.nonRepudiation),
      keyEncipherment: usages.contains(.keyEncipherment), dataEncipherment: usages.contains(.dataEncipherment),
      keyAgreement: usages.contains(.keyAgreement), keyCertSign: usages.contains(.keyCertSign), cRLSign: usages.contains(.cRLSign),
      encipherOnly: usages.contains(.encipherOnly), decipherOnly: usages.contains(.decipherOnly))
  }
}
