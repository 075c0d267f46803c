import Base
import Catalogue
import SecNumCloud
import Testing
import X509

struct ControlCRYPTO07Tests {
  /// A platform whose front door shows one certificate.
  private final class Setting: Sendable {
    let house: ObservedHouse
    let platform: ObservedPlatform
    let digest: String

    init(_ authority: TestAuthority) async throws {
      house = try await ObservedHouse()
      house.host.list([])
      for folder in ["/etc/pki/CA", "/etc/pki/libvirt", "/etc/pki/qemu", "/etc/cocagne/pki"] { house.host.folders[folder] = [] }
      let pem = try authority.pem
      platform = house.platform { $0.authorityCertificate = pem }
      digest = sha256Hexadecimal(try authority.certificate.der)
    }

    func show(_ certificate: Certificate) throws {
      let der = try certificate.der
      house.outside.onHandshake { _ in Handshake(version: .tls13, certificates: [der]) }
    }

    func file(ceremony country: String = "FR", operatorCountry: String = "FR", authority: String? = nil) async throws {
      try await house.filePlatformRegister(
        """
        ceremonie:
          {date: 2026-10-01, pays: \(country), prestataire_present: true, proces_verbal: PV-1, empreinte_autorite: "\(authority ?? digest)"}
        """, operatorCountry: operatorCountry)
    }

    func verdict() async throws -> Verdict? { try await ControlCRYPTO07().observe(platform).verdict("10.6.a") }
  }

  private static let now = Timestamp(seconds: 1_800_000_000)

  @Test func `a certificate of another authority is a gap until it is replaced`() async throws {
    let (authority, other) = (try TestAuthority("own", now: Self.now), try TestAuthority("foreign", now: Self.now))
    let setting = try await Setting(authority)
    try await setting.file()
    try setting.show(try authority.issue(now: Self.now).certificate)
    #expect(try await setting.verdict() == .compliant)
    try setting.show(try other.issue(now: Self.now).certificate)
    #expect(try await setting.verdict() == .nonCompliant)
    try setting.show(try authority.issue(now: Self.now).certificate)
    #expect(try await setting.verdict() == .compliant)
  }

  @Test func `a certificate on the host's disk is looked at too`() async throws {
    let (authority, other) = (try TestAuthority("own", now: Self.now), try TestAuthority("foreign", now: Self.now))
    let setting = try await Setting(authority)
    try await setting.file()
    try setting.show(try authority.issue(now: Self.now).certificate)
    setting.house.host.folders["/etc/pki/libvirt"] = ["servercert.pem"]
    setting.house.host.files["/etc/pki/libvirt/servercert.pem"] = Array(try other.issue(now: Self.now).pem.utf8)
    #expect(try await setting.verdict() == .nonCompliant)
    setting.house.host.files["/etc/pki/libvirt/servercert.pem"] = Array(try authority.issue(now: Self.now).pem.utf8)
    #expect(try await setting.verdict() == .compliant)
  }

  @Test func `a ceremony outside of the Union, or about another authority, is a gap; none is not assessed`() async throws {
    let authority = try TestAuthority("own", now: Self.now)
    let setting = try await Setting(authority)
    try setting.show(try authority.issue(now: Self.now).certificate)
    #expect(try await setting.verdict() == .notAssessed)
    try await setting.house.filePlatformRegister()
    #expect(try await setting.verdict() == .notAssessed)
    try await setting.file(ceremony: "US")
    #expect(try await setting.verdict() == .nonCompliant)
    try await setting.file(operatorCountry: "US")
    #expect(try await setting.verdict() == .nonCompliant)
    try await setting.file(authority: String(repeating: "0", count: 64))
    #expect(try await setting.verdict() == .nonCompliant)
    try await setting.file()
    #expect(try await setting.verdict() == .compliant)
  }
}
