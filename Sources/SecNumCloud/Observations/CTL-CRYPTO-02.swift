internal import Base
internal import Catalogue
internal import Declarations
internal import Wire
internal import X509

/// Every listener of the cloud keeps to ANSSI's profile of TLS: scanned from outside, judged by the rules of the day.
package struct ControlCRYPTO02: ControlObservation {
  package let control = "CTL-CRYPTO-02"
  package let test = "CTL-CRYPTO-02Tests: an old version is found"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let profile = CryptographicProfile(on: CalendarDate(platform.now))
    let refused = NetworkOutside.offeredSuites.filter { profile.standing(suite: $0) == .refused }
    var scans: [TLSScan] = []
    for endpoint in try platform.endpoints() { scans.append(try await TLSScan(endpoint, platform.outside, suites: refused)) }
    // A listener without TLS has no exchange of keys to look at.
    let exchanges = try await KeyExchangeScan.all(scans.filter { !$0.agreedVersions.isEmpty }.map(\.endpoint), platform.host)
    let roots = try InfrastructureCertificate.certificates(pem: platform.site.authorityCertificate)

    let rules = scans.flatMap { Self.ruleGaps($0, profile) } + exchanges.flatMap(\.gaps)
    var guide = rules
    for scan in scans { guide += await Self.certificateGaps(scan, roots, at: platform.now) }
    let subject = Text(
      "les points d'écoute \(scans.map(\.endpoint.place).joined(separator: ", ")), balayés de l'extérieur",
      "the listeners \(scans.map(\.endpoint.place).joined(separator: ", ")), scanned from outside")
    let figures = Self.figures(scans, exchanges)
    let evidence: JSON = [
      "day": .string(profile.day.description), "scans": .array(scans.map(\.evidence)), "keyExchange": .array(exchanges.map(\.evidence)),
    ]
    let looked = scans.map(\.certificates.count).reduce(0, +)
    func finding(_ items: [ItemID], _ gaps: [Text]) -> Finding {
      Finding(items, subject: subject, looked: looked, gaps: gaps, nothing: Self.nothing, figures: figures, evidence: evidence)
    }
    var findings = [
      finding(["10.2.a"], rules), finding(["10.2.b"], scans.flatMap { Self.recommendationGaps($0, profile) }), finding(["10.2.c"], guide),
    ]
    if exchanges.isEmpty || exchanges.contains(where: { !$0.isSeen }) {
      findings.append(
        Finding(
          ["10.2.a", "10.2.c"], .notAssessed, subject: Text("les groupes de l'échange de clés", "the groups of the key exchange"),
          reason: exchanges.first { !$0.isSeen }.map {
            Text("openssl n'a pas vu l'échange de clés de \($0.place).", "openssl did not see the key exchange of \($0.place).")
          }
            ?? Text(
              "les groupes de l'échange de clés ne sont pas balayés : openssl n'est pas installé.",
              "the groups of the key exchange are not scanned: openssl is not installed.")))
    }
    if profile.day.year > Self.lastYearWithoutHybrid {
      findings.append(
        Finding(
          ["10.2.b"], .notAssessed, subject: subject,
          reason: Text(
            "depuis 2031, un mécanisme post-quantique hybride est recommandé ; le balayage ne le voit pas encore.",
            "since 2031 a hybrid post-quantum mechanism is recommended; the scan does not see it yet.")))
    }
    return findings
  }

  private static let lastYearWithoutHybrid = 2030
  private static let nothing = Text("aucun point d'écoute n'a montré de certificat.", "no listener has shown a certificate.")

  private static func ruleGaps(_ scan: TLSScan, _ profile: CryptographicProfile) -> [Text] {
    let place = scan.endpoint.place
    guard !scan.agreedVersions.isEmpty else {
      return [Text("\(place) ne parle aucune version de TLS.", "\(place) speaks no version of TLS.")]
    }
    return scan.agreedVersions.sorted().filter { profile.standing($0) == .refused }.map {
      Text("\(place) accepte \($0.name).", "\(place) accepts \($0.name).")
    }
      + scan.agreed.map { Text("\(place) accepte la suite \($0).", "\(place) accepts the suite \($0).") }
      + scan.certificates.flatMap { $0.leaf.mechanismGaps(profile) }
  }

  private static func recommendationGaps(_ scan: TLSScan, _ profile: CryptographicProfile) -> [Text] {
    var gaps: [Text] = []
    if !scan.agreedVersions.contains(.tls13) {
      gaps.append(Text("\(scan.endpoint.place) ne propose pas TLS 1.3.", "\(scan.endpoint.place) does not offer TLS 1.3."))
    }
    for (host, leaf, _) in scan.certificates where !leaf.hasRecommendedKey(profile) {
      gaps.append(
        Text("la clé \(leaf.key.name) de \(host) n'est pas recommandée.", "the key \(leaf.key.name) of \(host) is not recommended."))
    }
    return gaps
  }

  private static func certificateGaps(_ scan: TLSScan, _ roots: [Certificate], at now: Timestamp) async -> [Text] {
    var gaps: [Text] = []
    for (host, leaf, others) in scan.certificates {
      gaps += leaf.profileGaps(for: host, at: now)
      if !(await leaf.chains(to: roots, through: others.map(\.certificate), at: now)) {
        gaps.append(
          Text(
            "le certificat de \(host) sur \(scan.endpoint.place) ne remonte pas à l'autorité de la plateforme.",
            "the certificate of \(host) at \(scan.endpoint.place) does not chain to the platform's authority."))
      }
    }
    // Whatever host shows it, a certificate is one.
    var seen: Set<String> = []
    for (host, leaf, _) in scan.certificates where !leaf.hasRevocation && seen.insert(leaf.sha256).inserted {
      gaps.append(
        Text(
          "le certificat de \(host) ne dit pas où lire sa révocation (CRLDistributionPoints ou OCSP).",
          "the certificate of \(host) does not say where its revocation is read (CRLDistributionPoints or OCSP)."))
    }
    return gaps
  }

  private static func figures(_ scans: [TLSScan], _ exchanges: [KeyExchangeScan]) -> [Finding.Figure] {
    var figures: [Finding.Figure] = [
      .init("points d'écoute", "listeners", scans.count),
      .init("négociations tentées", "handshakes tried", scans.map(\.attempts).reduce(0, +)),
      .init("certificats distincts", "different certificates", Set(scans.flatMap(\.certificates).map(\.leaf.sha256)).count),
    ]
    if let longest = scans.flatMap(\.certificates).map(\.leaf.lifetimeDays).max() {
      figures.append(.init("durée de certificat la plus longue", "longest lifetime of a certificate", longest, unit: "jours"))
    }
    if let ticket = exchanges.compactMap(\.ticketSeconds).max() {
      figures.append(.init("durée annoncée d'un ticket TLS 1.2", "stated lifetime of a ticket of TLS 1.2", ticket, unit: "s"))
    }
    return figures
  }
}

/// What Debian's OpenSSL, another implementation than the scanner's, gets of a listener: groups, compression, tickets.
struct KeyExchangeScan: Sendable {
  let place: String
  /// For example `X25519, 253 bits`; nil where none was told.
  let group: String?
  let isCompressed: Bool
  /// Of TLS 1.2, where the handshake states it; nil where no ticket came.
  let ticketSeconds: Int?
  /// The group of the offer that begins with a weak one; nil where none was told.
  let weakGroup: String?

  /// Whether a group whose order has less than 250 bits was agreed to.
  var acceptsWeakGroup: Bool { weakGroup?.contains("secp224r1") ?? false }
  /// Both offers have a group that the listener takes: where none comes back, nothing was seen.
  var isSeen: Bool { group != nil && weakGroup != nil }

  /// Empty where there is no OpenSSL.
  static func all(_ endpoints: [TLSScan.Endpoint], _ host: any HostView) async throws -> [KeyExchangeScan] {
    guard let version = try? await host.run("openssl", ["version"]), version.status == 0 else { return [] }
    var scans: [KeyExchangeScan] = []
    for endpoint in endpoints {
      guard let name = endpoint.hosts.first else { continue }
      let target = ["s_client", "-connect", endpoint.place, "-servername", name, "-tls1_2"]
      let usual = try await host.run("openssl", target)
      // The second is the certificate's curve, which must be there too.
      let weak = try await host.run("openssl", target + ["-curves", "P-224:P-256"])
      scans.append(KeyExchangeScan(place: endpoint.place, usual: usual.output, weak: weak.output))
    }
    return scans
  }

  init(place: String, usual: String, weak: String) {
    self.place = place
    group = Self.group(in: usual)
    isCompressed = Self.value("Compression:", in: usual).map { $0 != "NONE" } ?? false
    ticketSeconds = Self.value("TLS session ticket lifetime hint:", in: usual).flatMap { Int($0.prefix { $0.isNumber }) }
    weakGroup = Self.group(in: weak)
  }

  /// Since OpenSSL 3.5 the label is another.
  private static func group(in report: String) -> String? { value("Server Temp Key:", in: report) ?? value("Peer Temp Key:", in: report) }

  /// What stands behind a label of the report.
  private static func value(_ label: String, in report: String) -> String? {
    for line in report.split(separator: "\n") {
      let line = line.drop { $0 == " " }
      if line.hasPrefix(label) { return String(line.dropFirst(label.count).drop { $0 == " " }) }
    }
    return nil
  }

  var gaps: [Text] {
    var gaps: [Text] = []
    if acceptsWeakGroup { gaps.append(Text("\(place) accepte la courbe P-224.", "\(place) accepts the curve P-224.")) }
    if isCompressed { gaps.append(Text("\(place) comprime les flux TLS.", "\(place) compresses TLS.")) }
    if let ticketSeconds, ticketSeconds > CryptographicProfile.maximumTicketSeconds {
      gaps.append(
        Text(
          "\(place) donne des tickets pour \(ticketSeconds) s, plus que 24 h.", "\(place) gives tickets for \(ticketSeconds) s, more than 24 h."))
    }
    return gaps
  }

  var evidence: JSON {
    var members = JSON.Object([
      ("endpoint", .string(place)), ("compression", .boolean(isCompressed)), ("acceptsP224", .boolean(acceptsWeakGroup)),
    ])
    if let group { members["group"] = .string(group) }
    if let ticketSeconds { members["ticketSeconds"] = .integer(Int64(ticketSeconds)) }
    return .object(members)
  }
}
