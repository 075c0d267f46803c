import Base
import Catalogue
import Crypto
import Operators
import SecNumCloud
import Simulation
import SwiftASN1
import Testing
import X509

struct ControlIAM02Tests {
  private static let passwords = "root:*:20000:0:99999:7:::\ncocagne:!:20000:0:99999:7:::\nada:$y$j9T$x:20000:0:99999:7:::\n"

  /// A house on a host where root and the socket's owner have no password, and no SSH server.
  private func house() async throws -> (ObservedHouse, OperatorRegister) {
    let house = try await ObservedHouse()
    house.host.files["/etc/passwd"] = Array("root:x:0:0::/root:/bin/bash\ncocagne:x:990:990::/:/bin/false\nada:x:1000:1000::/home:/bin/bash\n".utf8)
    house.host.files["/etc/group"] = Array("root:x:0:\n".utf8)
    house.host.files["/etc/shadow"] = Array(Self.passwords.utf8)
    house.host.attributes[house.platform.site.controlSocket] = FileAttributes(
      mode: 0o600, owner: 990, bytes: 0, isFolder: false, isLink: false, modified: 0, device: 1)
    return (
      house, OperatorRegister(records: house.records, keyring: house.keyring, clock: house.clock, random: house.random)
    )
  }

  private func add(_ name: String, _ email: String, to register: OperatorRegister) async throws -> Operator {
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName(name) }, privateKey: Certificate.PrivateKey(P256.Signing.PrivateKey()),
      attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .ecdsaWithSHA256)
    return try await register.add(
      name: name, email: email, roles: [.support], request: try request.serializeAsPEM().pemString, by: ["caller": "root"])
  }

  private func file(_ accounts: [[GUID]], _ house: ObservedHouse) async throws {
    house.clock.advance(by: .seconds(1))
    let people = accounts.enumerated().map { number, ids in
      """
        - reference: "P-\(number)"
          comptes: [\(ids.map { "\"\($0)\"" }.joined(separator: ", "))]
          habilitation: { date: 2026-01-01 }
          charte: { date: 2026-01-01 }
          formation: { date: 2026-01-01 }
      """
    }
    let text = "personnes:\n" + people.joined(separator: "\n") + "\n"
    try await house.documents.set(AttestationsRegister.self, text: text, file: "attestations.yaml", author: "test")
  }

  @Test func `an operator whom the register of people does not know is a gap, and so is a technical account with a password`() async throws {
    let (house, register) = try await house()
    #expect(try await house.verdicts(ControlIAM02()) == ["9.2.b": .notAssessed, "9.5.d": .compliant])
    let ada = try await add("Ada Lovelace", "ada@operateur.test", to: register)
    // No register says whose account it is.
    #expect(try await house.verdicts(ControlIAM02())["9.2.b"] == .notAssessed)
    try await file([[ada.id]], house)
    #expect(try await house.verdicts(ControlIAM02()) == ["9.2.b": .compliant, "9.5.d": .compliant])

    let grace = try await add("Grace Hopper", "grace@operateur.test", to: register)
    let gap = try #require(try await house.findings(ControlIAM02()).first { $0.items == ["9.2.b"] })
    #expect(gap.verdict == .nonCompliant)
    #expect(gap.reason?.french.contains(grace.id.description) == true)
    // One person with two accounts.
    try await file([[ada.id, grace.id]], house)
    #expect(try await house.verdicts(ControlIAM02())["9.2.b"] == .nonCompliant)
    _ = try await register.setDisabled(true, grace.email, by: ["caller": "root"])
    #expect(try await house.verdicts(ControlIAM02())["9.2.b"] == .compliant)

    for (old, new) in [("root:*", "root:$y$j9T$abc"), ("root:*", "root:"), ("cocagne:!", "cocagne:$6$abc")] {
      house.host.files["/etc/shadow"] = Array(Self.passwords.replacing(old, with: new).utf8)
      #expect(try await house.verdicts(ControlIAM02())["9.5.d"] == .nonCompliant, "\(new)")
    }
    house.host.files["/etc/shadow"] = Array(Self.passwords.utf8)
    #expect(try await house.verdicts(ControlIAM02()) == ["9.2.b": .compliant, "9.5.d": .compliant])
  }

  @Test func `a server of SSH that lets root in is a gap until it lets nobody in but people`() async throws {
    let (house, _) = try await house()
    house.host.attributes["/usr/sbin/sshd"] = FileAttributes(
      mode: 0o755, owner: 0, bytes: 1, isFolder: false, isLink: false, modified: 0, device: 1)
    for setting in ["yes", "prohibit-password", "forced-commands-only"] {
      house.host.programs["/usr/sbin/sshd"] = (0, "port 22\npermitrootlogin \(setting)\n")
      #expect(try await house.verdicts(ControlIAM02())["9.5.d"] == .nonCompliant, "\(setting)")
    }
    // A server that does not say so is not believed.
    house.host.programs["/usr/sbin/sshd"] = (1, "")
    #expect(try await house.verdicts(ControlIAM02())["9.5.d"] == .nonCompliant)
    house.host.programs["/usr/sbin/sshd"] = (0, "port 22\npermitrootlogin no\n")
    #expect(try await house.verdicts(ControlIAM02())["9.5.d"] == .compliant)
  }

  @Test func `no password of the host is in what is kept of the look`() async throws {
    let (house, _) = try await house()
    house.host.files["/etc/shadow"] = Array("root:$y$planted-hash:20000:0:99999:7:::\n".utf8)
    let findings = try await house.findings(ControlIAM02())
    #expect(findings.contains { $0.verdict == .nonCompliant })
    #expect(findings.allSatisfy { !"\($0)".contains("planted-hash") })
  }
}
