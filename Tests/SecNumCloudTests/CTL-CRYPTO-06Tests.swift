import Base
import Catalogue
import Keyring
import Records
import SecNumCloud
import Simulation
import Testing

struct ControlCRYPTO06Tests {
  private func write(_ text: String, to name: String, in house: ObservedHouse) throws {
    let disk = try PosixDisk(path: house.directory.path)
    if try disk.list().contains(name) { try disk.remove(name) }
    let file = try disk.create(name)
    try Array(text.utf8).withUnsafeBytes { try file.write($0, at: 0) }
  }

  @Test func `a root key past its crypto-period is seen, and every key has its line`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    try await house.makeAccount("compte", in: subscription)
    let path = house.platform.site.rootKey
    var attributes = try #require(try house.host.attributes(of: path))
    attributes.modified = house.clock.now().seconds
    house.host.attributes[path] = attributes
    let good = try #require(try await house.findings(ControlCRYPTO06()).first { $0.items == ["10.5.a"] })
    #expect(good.verdict == .compliant)
    for kind in ["clé racine", "clé de client", "clé de données", "clé de signature des jetons", "clé des preuves"] {
      #expect(try #require(good.figures.first { $0.name.french == kind }).value >= 1, "\(kind)")
    }
    house.host.attributes[path]?.modified = house.clock.now().seconds - 731 * 86400
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.a"] == .nonCompliant)
    house.host.attributes[path]?.modified = house.clock.now().seconds - 729 * 86400
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.a"] == .compliant)
  }

  @Test func `a key that is renewed too late is seen, and one whose age nobody knows is not taken for young`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    try await house.makeAccount("compte", in: subscription)
    house.clock.advance(by: .seconds(99 * 86400))
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.a"] == .compliant)
    house.clock.advance(by: .seconds(2 * 86400))
    let late = try #require(try await house.findings(ControlCRYPTO06()).first { $0.items == ["10.5.a"] })
    #expect(late.verdict == .nonCompliant)
    #expect(late.reason?.french.contains("jetons") == true)
    house.clock.advance(by: .seconds(700 * 86400))
    let old = try #require(try await house.findings(ControlCRYPTO06()).first { $0.items == ["10.5.a"] })
    #expect(old.reason?.french.contains("autres") == true)
  }

  @Test func `a root key that leaves its own medium is a gap of what protects keys`() async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.c"] == .nonCompliant)
    try house.separateRootKey()
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.c"] == .compliant)
    house.host.attributes[house.platform.site.rootKey]?.mode = 0o640
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.c"] == .nonCompliant)
  }

  @Test func `a secret in clear is seen wherever it lies, and is never told`() async throws {
    let house = try await ObservedHouse()
    let secret = "Zx9-voleur-de-secrets-42"
    try write("{\"time\":\"2027-01-15T08:00:00Z\",\"level\":\"info\",\"label\":\"edge\",\"message\":\"request\"}\n", to: "cocagne.log", in: house)
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.d"] == .compliant)
    try write("{\"password\":\"\(secret)\",\"clientSecret\":\"autre-secret-de-client\"}", to: "credentials.json", in: house)
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.d"] == .nonCompliant)
    try write("error: sign-in of admin with \(secret) failed\n", to: "cocagne.log", in: house)
    let seen = try #require(try await house.findings(ControlCRYPTO06()).first { $0.items == ["10.5.d"] })
    #expect(seen.reason?.french.contains("cocagne.log") == true)
    let told = "\(seen.evidence) \(seen.figures) \(seen.reason?.french ?? "") \(seen.reason?.english ?? "")"
    #expect(told.contains("cocagne.log"))
    #expect(told.contains(secret) == false)
    try write("{}\n", to: "cocagne.log", in: house)
    try PosixDisk(path: house.directory.path).remove("credentials.json")
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.d"] == .compliant)
    try write("-----BEGIN PRIVATE KEY-----\n", to: "notes", in: house)
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.d"] == .nonCompliant)
    try PosixDisk(path: house.directory.path).remove("notes")
    #expect(try await house.verdicts(ControlCRYPTO06())["10.5.d"] == .compliant)
  }
}
