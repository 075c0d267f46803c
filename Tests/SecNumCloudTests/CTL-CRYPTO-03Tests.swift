import Catalogue
import SecNumCloud
import Simulation
import Testing

struct ControlCRYPTO03Tests {
  private static let good = """
    passwordauthentication no
    kbdinteractiveauthentication no
    permitemptypasswords no
    permitrootlogin no
    hostbasedauthentication no
    strictmodes yes
    permituserenvironment no
    x11forwarding no
    ciphers aes256-gcm@openssh.com,aes128-ctr
    macs hmac-sha2-512-etm@openssh.com
    kexalgorithms curve25519-sha256,ecdh-sha2-nistp384
    hostkeyalgorithms ssh-ed25519,rsa-sha2-512

    """

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.host.list([])
    house.host.programs["ip"] = (0, "")
    return house
  }

  private func serve(_ configuration: String, _ house: ObservedHouse) {
    house.host.attributes["/usr/sbin/sshd"] = FileAttributes(
      mode: 0o755, owner: 0, bytes: 1, isFolder: false, isLink: false, modified: 0, device: 1)
    house.host.programs["/usr/sbin/sshd"] = (0, configuration)
  }

  private func shell(_ house: ObservedHouse) async throws -> Finding {
    try #require(try await house.findings(ControlCRYPTO03()).first { $0.items == ["10.2.e"] })
  }

  @Test func `a server of SSH that takes passwords is a gap until it takes none`() async throws {
    let house = try await house()
    serve(Self.good, house)
    #expect(try await shell(house).verdict == .compliant)
    serve(Self.good.replacing("passwordauthentication no", with: "passwordauthentication yes"), house)
    let finding = try await shell(house)
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains("passwordauthentication") == true)
    serve(Self.good, house)
    #expect(try await shell(house).verdict == .compliant)
  }

  @Test(arguments: [
    ("aes128-ctr", "aes128-ctr,3des-cbc"), ("hmac-sha2-512-etm@openssh.com", "hmac-sha1"), ("curve25519-sha256,", "diffie-hellman-group1-sha1,"),
    ("rsa-sha2-512", "ssh-rsa"),
  ])
  func `an algorithm outside of the guide is a gap`(_ good: String, _ weak: String) async throws {
    let house = try await house()
    serve(Self.good.replacing(good, with: weak), house)
    #expect(try await shell(house).verdict == .nonCompliant)
  }

  @Test func `a group of 2048 bits is good until the end of 2030`() async throws {
    let house = try await house()
    serve(Self.good.replacing("curve25519-sha256", with: "diffie-hellman-group14-sha256"), house)
    #expect(try await shell(house).verdict == .compliant)
    house.clock.advance(by: .seconds(4 * 366 * 86400))
    #expect(try await shell(house).verdict == .nonCompliant)
  }

  @Test func `an association of IPsec with an old cipher is a gap, and none is no matter`() async throws {
    let house = try await house()
    func tunnels() async throws -> Verdict? { try await house.verdicts(ControlCRYPTO03())["10.2.d"] }
    #expect(try await tunnels() == .notApplicable)
    let good = "src 10.0.0.1 dst 10.0.0.2\n\tproto esp spi 0x1 reqid 1 mode tunnel\n\taead rfc4106(gcm(aes)) 128\n"
    house.host.programs["ip"] = (0, good)
    #expect(try await tunnels() == .compliant)
    house.host.programs["ip"] = (0, good + "src 10.0.0.1 dst 10.0.0.3\n\tauth-trunc hmac(md5) 96\n\tenc cbc(des3_ede)\n")
    #expect(try await tunnels() == .nonCompliant)
    house.host.programs["ip"] = (1, "")
    #expect(try await tunnels() == .notAssessed)
  }
}
