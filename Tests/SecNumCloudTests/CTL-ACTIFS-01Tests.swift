import Base
import Catalogue
import SecNumCloud
import Simulation
import Testing
import Wire

struct ControlACTIFS01Tests {
  private static let register = """
    site: {nom: "Salle 1", pays: FR, pays_exploitant: FR}
    ntp: []
    reseaux_administration: []
    hotes:
      hv-1: {fonction: "Hyperviseur", modele: "Serveur", emplacement: "Baie 4", proprietaire: "Exploitation", besoin_securite: "D3 I3 C3"}
    """

  private struct Scene {
    let house: ObservedHouse
    let engines = ScriptedInventory()

    init() async throws {
      house = try await ObservedHouse()
      let host = house.host
      host.files["/proc/sys/kernel/hostname"] = Array("hv-1\n".utf8)
      host.files["/proc/1/exe"] = Array("the platform".utf8)
      host.folders["/proc"] = ["1", "42", "net"]
      host.destinations["/proc/1/exe"] = house.platform.site.executable
      host.destinations["/proc/42/exe"] = "/usr/bin/bash"
      host.programs["ip -j addr show"] = (
        0, #"[{"ifname":"eth0","address":"02:00:00:00:00:01","flags":["UP"],"addr_info":[{"local":"10.30.0.4","prefixlen":24}]}]"#
      )
      // What it answers to both questions: the packages, and whose a file is.
      host.programs["dpkg-query"] = (0, "bash\t5.2.15-2+b7\tbash\t5.2.15-2\tamd64\tii \ngone\t1\tgone\t1\tamd64\trc \nbash: /bin/bash\n")
    }

    func findings() async throws -> [Finding] { try await ControlACTIFS01().observe(house.platform(machines: engines)) }
  }

  @Test func `a machine that no record knows is a gap until it is known`() async throws {
    let scene = try await Scene()
    try await scene.house.file(PlatformRegister.self, Self.register)
    let clean = try await scene.findings()
    #expect(clean.verdict("8.1.a") == .compliant, "\(clean.reason("8.1.a"))")
    #expect(clean.verdict("8.1.b") == .compliant, "\(clean.reason("8.1.b"))")
    #expect(clean.verdict("13.1.a") == .compliant)
    scene.engines.machinesView.set(machines: [MachineOnHost(domain: "c-stranger", resource: nil, tenant: nil)])
    let weakened = try await scene.findings()
    #expect(weakened.verdict("8.1.a") == .nonCompliant)
    #expect(weakened.reason("8.1.a").contains("c-stranger"))
    scene.engines.machinesView.set(machines: [MachineOnHost(domain: "c-known", resource: "/vm", tenant: GUID(high: 1, low: 1))])
    #expect(try await scene.findings().verdict("8.1.a") == .compliant)
  }

  @Test func `a record whose disk is not there, and a file that is nobody's, are gaps`() async throws {
    let scene = try await Scene()
    try await scene.house.file(PlatformRegister.self, Self.register)
    scene.engines.set(missing: ["/subscriptions/s/disks/d"])
    #expect(try await scene.findings().verdict("8.1.a") == .nonCompliant)
    scene.engines.set()
    scene.engines.machinesView.set(disks: [DiskOnHost(path: "/m/disks/x.qcow2", resource: nil, tenant: .zero, hasDataKey: false)])
    #expect(try await scene.findings().verdict("8.1.a") == .nonCompliant)
    // An image of the catalogue and a blank disk are the platform's own.
    scene.engines.machinesView.set(disks: [
      DiskOnHost(path: "/m/images/1/disk.qcow2", resource: nil, tenant: .zero, hasDataKey: false),
      DiskOnHost(path: "/m/blanks/1.qcow2", resource: nil, tenant: .zero, hasDataKey: true),
    ])
    #expect(try await scene.findings().verdict("8.1.a") == .compliant)
    scene.engines.machinesView.set(networks: [NetworkOnHost(namespace: "c-x", resource: nil, tenant: nil, differences: [])])
    let findings = try await scene.findings()
    #expect(findings.verdict("8.1.a") == .nonCompliant && findings.verdict("13.1.a") == .nonCompliant)
  }

  @Test func `a host that is not declared, and a declared one that is not seen, are gaps`() async throws {
    let scene = try await Scene()
    #expect(try await scene.findings().verdict("8.1.a") == .notAssessed)
    try await scene.house.file(PlatformRegister.self, Self.register.replacing("hv-1:", with: "hv-2:"))
    let findings = try await scene.findings()
    #expect(findings.verdict("8.1.a") == .nonCompliant)
    try await scene.house.file(PlatformRegister.self, Self.register)
    #expect(try await scene.findings().verdict("8.1.a") == .compliant)
  }

  @Test func `a program of no package, and a platform that was replaced on disk, are gaps`() async throws {
    let scene = try await Scene()
    try await scene.house.file(PlatformRegister.self, Self.register)
    scene.house.host.folders["/proc"] = ["1", "42", "43"]
    scene.house.host.destinations["/proc/43/exe"] = "/opt/stranger (deleted)"
    var findings = try await scene.findings()
    #expect(findings.verdict("8.1.b") == .nonCompliant)
    #expect(findings.reason("8.1.b").contains("/opt/stranger"))
    scene.house.host.folders["/proc"] = ["1", "42"]
    scene.house.host.destinations["/proc/1/exe"] = scene.house.platform.site.executable + " (deleted)"
    findings = try await scene.findings()
    #expect(findings.verdict("8.1.b") == .nonCompliant)
    scene.house.host.destinations["/proc/1/exe"] = scene.house.platform.site.executable
    #expect(try await scene.findings().verdict("8.1.b") == .compliant)
    // No process has such a number: it is one whose executable cannot be read.
    scene.house.host.folders["/proc"] = ["1", "42", "99999999"]
    scene.house.host.files["/proc/99999999/cmdline"] = Array("stranger".utf8)
    #expect(try await scene.findings().verdict("8.1.b") == .notAssessed)
    scene.house.host.folders["/proc"] = ["1", "42"]
    scene.house.host.programs["dpkg-query"] = (1, "")
    #expect(try await scene.findings().verdict("8.1.b") == .notAssessed)
  }

  @Test func `the bill names each package once, with its version and its host, as CycloneDX wants it`() async throws {
    let scene = try await Scene()
    let platform = scene.house.platform(machines: scene.engines)
    let bill = try await SoftwareBill.read(platform)
    #expect(bill.packages.map(\.name) == ["bash"])
    #expect(bill.libraries.contains { $0.name == "swift-nio" && $0.revision?.utf8.count == 40 })
    let json = bill.cycloneDX(serial: GUID(high: 1, low: 2), time: scene.house.clock.now())
    #expect(json["bomFormat"] == "CycloneDX" && json["specVersion"] == "1.5")
    let references = (json["components"]?.array ?? []).compactMap { $0["bom-ref"]?.string } + ["cocagne@0.0.0"]
    #expect(Set(references).count == references.count)
    let links = (json["dependencies"]?.array ?? []).flatMap { ($0["dependsOn"]?.array ?? []).compactMap(\.string) }
    #expect(Set(links).isSubset(of: references))
    #expect(links.contains("pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64&distro=\(try distribution(scene.house))"))
  }

  private func distribution(_ house: ObservedHouse) throws -> String {
    let text = try #require(try house.host.text(of: "/etc/os-release"))
    func value(_ name: String) -> String {
      text.split(separator: "\n").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1).filter { $0 != "\"" }) } ?? ""
    }
    return "\(value("ID"))-\(value("VERSION_ID"))"
  }
}
