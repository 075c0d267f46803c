internal import Base
internal import Catalogue
internal import Declarations
internal import Wire
internal import X509

/// Every certificate of the infrastructure comes from the platform's own authority, whose key was made in the Union with the provider there.
package struct ControlCRYPTO07: ControlObservation {
  package let control = "CTL-CRYPTO-07"
  package let test = "CTL-CRYPTO-07Tests: a certificate of another authority is a gap until it is replaced"

  package init() {}

  /// Where libvirt and its like keep certificates that hosts know each other by.
  private static let folders = ["/etc/pki/CA", "/etc/pki/libvirt", "/etc/pki/qemu", "/etc/cocagne/pki"]
  private static let maximumFiles = 64

  /// A certificate and where it was found.
  private struct Found {
    var place: String
    var leaf: InfrastructureCertificate
    var others: [InfrastructureCertificate]
  }

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let roots = try InfrastructureCertificate.certificates(pem: platform.site.authorityCertificate)
    guard let authority = try Self.authority(platform) else {
      throw ObservationFailure("l'autorité de la plateforme n'a pas de certificat.", "the platform's authority has no certificate.")
    }
    let found = try await Self.shown(platform) + Self.filed(platform.host)
    var gaps: [Text] = []
    if platform.now < authority.notBefore || platform.now >= authority.notAfter {
      gaps.append(Text("l'autorité de la plateforme n'est pas en cours de validité.", "the platform's authority is not within its validity."))
    }
    if (try? authority.certificate.extensions.keyUsage)?.keyCertSign != true {
      gaps.append(Text("l'autorité de la plateforme n'a pas l'usage keyCertSign.", "the platform's authority has no usage keyCertSign."))
    }
    for one in found where one.leaf.sha256 != authority.sha256 {
      if !(await one.leaf.chains(to: roots, through: one.others.map(\.certificate), at: platform.now)) {
        gaps.append(
          Text(
            "le certificat de \(one.place) ne remonte pas à l'autorité de la plateforme.",
            "the certificate of \(one.place) does not chain to the platform's authority."))
      }
    }
    let register = try await platform.documents.register(PlatformRegister.self)
    let subject = Text(
      "les certificats que montrent les points d'écoute et ceux de \(Self.folders.joined(separator: ", "))",
      "the certificates that the listeners show, and those of \(Self.folders.joined(separator: ", "))")
    var seen: Set<String> = []
    let distinct = found.filter { seen.insert($0.leaf.sha256).inserted }
    let certificates: [JSON] = distinct.map { ["place": .string($0.place), "certificate": $0.leaf.evidence] }
    let evidence: JSON = .object(["authority": authority.evidence, "register": register?.evidence, "certificates": .array(certificates)])
    let figures: [Finding.Figure] = [
      .init("certificats vus", "certificates seen", found.count), .init("certificats distincts", "different certificates", distinct.count),
    ]
    var findings = [
      Finding(
        ["10.6.a"], subject: subject, looked: found.count, gaps: gaps, nothing: Text("aucun certificat n'a été vu.", "no certificate was seen."),
        figures: figures, evidence: evidence)
    ]
    findings.append(Self.ceremony(register, authority))
    return findings
  }

  private static func authority(_ platform: ObservedPlatform) throws -> InfrastructureCertificate? {
    try InfrastructureCertificate.all(pem: platform.site.authorityCertificate).first
  }

  private static func shown(_ platform: ObservedPlatform) async throws -> [Found] {
    var found: [Found] = []
    for endpoint in try platform.endpoints() {
      let scan = try await TLSScan(endpoint, platform.outside, versions: [], suites: [])
      found += scan.certificates.map { Found(place: "\($0.host) (\(endpoint.place))", leaf: $0.leaf, others: $0.others) }
    }
    return found
  }

  /// A file that holds no certificate, such as a key, is passed over.
  private static func filed(_ host: any HostView) throws -> [Found] {
    var found: [Found] = []
    for folder in folders {
      for name in try host.names(in: folder) ?? [] where name.hasSuffix(".pem") || name.hasSuffix(".crt") {
        guard found.count < maximumFiles, let text = try host.text(of: "\(folder)/\(name)"), text.contains("BEGIN CERTIFICATE") else { continue }
        let chain = try InfrastructureCertificate.all(pem: text)
        if let leaf = chain.first { found.append(Found(place: "\(folder)/\(name)", leaf: leaf, others: Array(chain.dropFirst()))) }
      }
    }
    return found
  }

  // MARK: The ceremony

  private static func ceremony(_ register: FiledRegister<PlatformRegister>?, _ authority: InfrastructureCertificate) -> Finding {
    let subject = Text("la cérémonie des clés maîtresses et le droit de l'exploitant", "the ceremony of the master keys and the operator's law")
    guard let register else { return .unfiled(PlatformRegister.self, ["10.6.a"], subject: subject) }
    guard let ceremony = register.value.ceremony else {
      return Finding(
        ["10.6.a"], .notAssessed, subject: subject,
        reason: Text(
          "le registre « plateforme » ne déclare pas le procès-verbal de la cérémonie des clés (ceremonie).",
          "the register “plateforme” does not declare the minutes of the ceremony of the keys (ceremonie)."))
    }
    var gaps: [Text] = []
    let union = OfferVocabulary.europeanUnion
    if !union.contains(register.value.site.operatorCountry) {
      gaps.append(
        Text(
          "l'exploitant de l'autorité relève de \(register.value.site.operatorCountry), hors de l'Union.",
          "the authority's operator is under the law of \(register.value.site.operatorCountry), outside of the Union."))
    }
    if !union.contains(ceremony.country) {
      gaps.append(
        Text("la cérémonie a eu lieu hors de l'Union (\(ceremony.country)).", "the ceremony was held outside of the Union (\(ceremony.country))."))
    }
    if !ceremony.hasProvider { gaps.append(Text("le prestataire n'était pas présent.", "the provider was not there.")) }
    if ceremony.authority != authority.sha256 {
      gaps.append(
        Text(
          "le procès-verbal porte sur une autre autorité (\(ceremony.authority.prefix(16))…).",
          "the minutes are about another authority (\(ceremony.authority.prefix(16))…)."))
    }
    return Finding(
      ["10.6.a"], subject: subject, looked: 1, gaps: gaps, nothing: subject,
      evidence: .object(["ceremony": .string(ceremony.day.description), "minutes": .string(ceremony.minutes), "register": register.evidence]))
  }
}
