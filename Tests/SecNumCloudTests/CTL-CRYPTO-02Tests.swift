import Base
import Catalogue
import NIOCore
import NIOPosix
import NIOSSL
import SecNumCloud
import Simulation
import Testing

/// Against a real server of TLS and with real handshakes: Debian's OpenSSL and BoringSSL as clients.
struct ControlCRYPTO02Tests {
  private static let now = Timestamp(seconds: 1_800_000_000)
  private static let group = MultiThreadedEventLoopGroup.singleton

  /// As the front door has it.
  private static func settings(_ issued: (pem: String, key: String)) throws -> TLSConfiguration {
    var settings = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(issued.pem.utf8)).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(issued.key.utf8), format: .pem)))
    settings.minimumTLSVersion = .tlsv12
    settings.cipherSuiteValues = [
      .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ]
    return settings
  }

  /// What a scan of a server with these settings says.
  private func scan(
    _ wish: TestAuthority.Wish = .init(), issuer: TestAuthority? = nil, after: Duration = .zero, _ change: (inout TLSConfiguration) -> Void = { _ in }
  ) async throws -> [Finding] {
    let authority = try TestAuthority("own", now: Self.now)
    let issued = try (issuer ?? authority).issue(wish, now: Self.now)
    var settings = try Self.settings((issued.pem, issued.key))
    change(&settings)
    let context = try NIOSSLContext(configuration: settings)
    let server = try await ServerBootstrap(group: Self.group).childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
    }.bind(host: "127.0.0.1", port: 0).get()
    let house = try await ObservedHouse()
    house.host.list([])
    house.clock.advance(by: after)
    let port = server.localAddress?.port ?? 0
    let pem = try authority.pem
    let address = CloudAddress(domain: "cloud.test", port: port)
    let outside = NetworkOutside(address: address, connectTo: "127.0.0.1", authority: pem, group: Self.group)
    let platform = house.platform(outside: outside) { site in
      site.address = address
      site.authorityCertificate = pem
    }
    do {
      let findings = try await ControlCRYPTO02().observe(platform)
      try await server.close()
      return findings
    } catch {
      try await server.close()
      throw error
    }
  }

  private func verdicts(_ findings: [Finding]) -> [Verdict?] { ["10.2.a", "10.2.b", "10.2.c"].map { findings.verdict($0) } }

  @Test func `a front door within the profile is compliant`() async throws {
    let findings = try await scan()
    #expect(verdicts(findings) == [.compliant, .compliant, .compliant], "\(findings.reasons("10.2.a")) \(findings.reasons("10.2.c"))")
  }

  @Test func `an old version is found`() async throws {
    let findings = try await scan { settings in
      settings.minimumTLSVersion = .tlsv1
      settings.cipherSuiteValues += [.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]
    }
    #expect(verdicts(findings) == [.nonCompliant, .compliant, .nonCompliant])
    #expect(findings.reasons("10.2.a").contains("TLS 1.0"))
  }

  @Test func `a suite without authenticated encryption is found`() async throws {
    let findings = try await scan { $0.cipherSuiteValues = [.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA] }
    #expect(verdicts(findings) == [.nonCompliant, .compliant, .nonCompliant])
    #expect(findings.reasons("10.2.a").contains("ECDHE-ECDSA-AES128-SHA"))
  }

  @Test func `a door that does not speak TLS 1.3 keeps the rules, not the recommendations`() async throws {
    let findings = try await scan { $0.maximumTLSVersion = .tlsv12 }
    #expect(verdicts(findings) == [.compliant, .nonCompliant, .compliant], "\(findings.reasons("10.2.a")) \(findings.reasons("10.2.c"))")
  }

  @Test(arguments: [
    (TestAuthority.Wish(days: 900), "900 jours"), (TestAuthority.Wish(isKeyUsageCritical: false), "KeyUsage"),
    (TestAuthority.Wish(hasRevocation: false), "révocation"), (TestAuthority.Wish(startsInDays: 2), "validité"),
    (TestAuthority.Wish(names: ["*.cloud.test"]), "SubjectAlternativeName"),
  ])
  func `a certificate that lacks something of the guide is found`(_ wish: TestAuthority.Wish, _ word: String) async throws {
    let findings = try await scan(wish)
    #expect(verdicts(findings) == [.compliant, .compliant, .nonCompliant])
    #expect(findings.filter { $0.items == ["10.2.c"] }.contains { $0.reason?.french.contains(word) == true })
  }

  @Test func `a certificate of another authority is found`() async throws {
    let findings = try await scan(issuer: try TestAuthority("foreign", now: Self.now))
    #expect(verdicts(findings) == [.compliant, .compliant, .nonCompliant])
    #expect(findings.reasons("10.2.c").contains("autorité"))
  }

  @Test func `a key of RSA with 2048 bits keeps the rules until the end of 2030 and not a day longer`() async throws {
    let rsa = TestAuthority.Wish(isRSA: true)
    #expect(verdicts(try await scan(rsa)) == [.compliant, .nonCompliant, .compliant])
    // The clock of the tests stands on 2027-01-15.
    let later = try await scan(rsa, after: .seconds(4 * 366 * 86400))
    #expect(later.verdict("10.2.a") == .nonCompliant)
    #expect(later.reasons("10.2.a").contains("RSA 2048"))
  }
}
