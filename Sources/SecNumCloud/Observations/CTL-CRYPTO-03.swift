internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// SSH and IPsec of the host keep to ANSSI's guides, where the host has them.
///
/// Source: ANSSI, « Usage sécurisé d'(Open)SSH » (NT-007) and « Recommandations de sécurité relatives à IPsec » (NT-003).
package struct ControlCRYPTO03: ControlObservation {
  package let control = "CTL-CRYPTO-03"
  package let test = "CTL-CRYPTO-03Tests: a server of SSH that takes passwords is a gap until it takes none"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    [try await Self.tunnels(platform), try await Self.shell(platform)]
  }

  // MARK: IPsec

  /// Algorithms of the kernel's security associations, by the names that it has for them.
  private static let permittedAlgorithms: Set = [
    "rfc4106(gcm(aes))", "rfc4543(gcm(aes))", "cbc(aes)", "rfc3686(ctr(aes))", "hmac(sha256)", "hmac(sha384)", "hmac(sha512)",
  ]
  private static let keyingPrograms: Set = ["charon", "charon-systemd", "pluto", "iked", "racoon"]

  private static func tunnels(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "les associations IPsec du noyau (ip xfrm state) et les démons IKE", "the kernel's IPsec associations (ip xfrm state) and IKE daemons")
    let daemons = try platform.host.processes().filter { keyingPrograms.contains($0.name) }
    // `nokeys`: what is not read cannot leak.
    let answer = try await platform.host.run("ip", ["xfrm", "state", "list", "nokeys"])
    guard answer.status == 0 else {
      return Finding(
        ["10.2.d"], .notAssessed, subject: subject,
        reason: Text("« ip xfrm state » a rendu \(answer.status).", "“ip xfrm state” ended with \(answer.status)."))
    }
    let associations = answer.output.split(separator: "\n").filter { $0.hasPrefix("src ") }.count
    var algorithms: Set<String> = []
    for line in answer.output.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if let kind = words.first, ["enc", "auth", "auth-trunc", "aead", "comp"].contains(kind), words.count > 1 {
        algorithms.insert(String(words[1]))
      }
    }
    let figures = [Finding.Figure("associations IPsec", "IPsec associations", associations)]
    let evidence: JSON = .object([
      "associations": .integer(Int64(associations)), "algorithms": .array(algorithms.sorted().map { .string($0) }),
      "daemons": .array(Set(daemons.map(\.name)).sorted().map { .string($0) }),
    ])
    guard associations > 0 || !daemons.isEmpty else {
      return Finding(
        ["10.2.d"], .notApplicable, subject: subject,
        reason: Text("l'hôte n'a ni association IPsec ni démon IKE.", "the host has neither an IPsec association nor an IKE daemon."),
        figures: figures, evidence: evidence)
    }
    let gaps = algorithms.subtracting(permittedAlgorithms).sorted().map {
      Text("une association IPsec emploie \($0).", "an IPsec association uses \($0).")
    }
    return Finding(
      ["10.2.d"], subject: subject, looked: associations, gaps: gaps,
      nothing: Text("un démon IKE tourne, sans association à regarder.", "an IKE daemon runs and there is no association to look at."),
      figures: figures, evidence: evidence)
  }

  // MARK: SSH

  /// What each setting may be.
  private static let settings: [(name: String, permitted: Set<String>)] = [
    ("passwordauthentication", ["no"]), ("kbdinteractiveauthentication", ["no"]), ("permitemptypasswords", ["no"]), ("permitrootlogin", ["no"]),
    ("hostbasedauthentication", ["no"]), ("strictmodes", ["yes"]), ("permituserenvironment", ["no"]), ("x11forwarding", ["no"]),
  ]

  /// What each list of algorithms may hold.
  private static let algorithms: [(name: String, permitted: Set<String>)] = [
    (
      "ciphers",
      ["aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"]
    ),
    ("macs", ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"]),
    (
      "kexalgorithms",
      [
        "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
        "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "mlkem768x25519-sha256",
      ]
    ),
    (
      "hostkeyalgorithms",
      [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-256", "rsa-sha2-512",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-ed25519-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        "rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
        "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
      ]
    ),
  ]

  static let servers = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"]
  private static let otherServers: Set = ["dropbear", "tinysshd"]
  private static let lastYearOfGroup14 = 2030

  private static func shell(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text("la configuration du serveur SSH de l'hôte (sshd -T)", "the configuration of the host's SSH server (sshd -T)")
    if let other = try platform.host.processes().first(where: { otherServers.contains($0.name) }) {
      return Finding(
        ["10.2.e"], .notAssessed, subject: subject,
        reason: Text(
          "le serveur SSH « \(other.name) » ne sait pas dire sa configuration.", "the SSH server “\(other.name)” cannot tell its configuration."))
    }
    guard let server = try servers.first(where: { try platform.host.attributes(of: $0) != nil }) else {
      return Finding(
        ["10.2.e"], .notApplicable, subject: subject,
        reason: Text("aucun serveur SSH n'est installé sur l'hôte.", "no SSH server is installed on the host."))
    }
    let answer = try await platform.host.run(server, ["-T"])
    let lines = answer.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }.filter { $0.count == 2 }
    let values = Dictionary(lines.map { ($0[0].lowercased(), $0[1]) }) { first, _ in first }
    guard answer.status == 0, !values.isEmpty else {
      return Finding(
        ["10.2.e"], .notAssessed, subject: subject,
        reason: Text("« sshd -T » a rendu \(answer.status).", "“sshd -T” ended with \(answer.status)."))
    }
    let permittedNow = CalendarDate(platform.now).year <= lastYearOfGroup14 ? Set(["diffie-hellman-group14-sha256"]) : []
    var gaps: [Text] = []
    for (name, permitted) in settings {
      guard let value = values[name], !permitted.contains(value) else { continue }
      gaps.append(Text("sshd : \(name) vaut « \(value) ».", "sshd: \(name) is “\(value)”."))
    }
    for (name, permitted) in algorithms {
      for algorithm in values[name]?.split(separator: ",").map(String.init) ?? []
      where !permitted.contains(algorithm) && !permittedNow.contains(algorithm) && !algorithm.hasPrefix("kex-strict-") {
        gaps.append(Text("sshd : \(name) contient \(algorithm).", "sshd: \(name) holds \(algorithm)."))
      }
    }
    let names = settings.map(\.name) + algorithms.map(\.name)
    let evidence = JSON.Object(names.map { (name: $0, value: values[$0].map { .string($0) } ?? .null) })
    return Finding(
      ["10.2.e"], subject: subject, looked: names.count { values[$0] != nil }, gaps: gaps,
      nothing: Text("« sshd -T » ne dit rien de ce qui compte.", "“sshd -T” says nothing of what matters."),
      figures: [.init("réglages hors guide", "settings outside of the guide", gaps.count)], evidence: .object(evidence))
  }
}
