import Base
import Catalogue
import Extents
import Keyring
import NIOCore
import Records
import SecNumCloud
import Simulation
import Testing

struct ControlCRYPTO01Tests {
  private static let text = Array(String(repeating: "Le dossier médical de la patiente est en clair. ", count: 4000).utf8)

  private func write(_ bytes: [UInt8], _ name: String, in house: ObservedHouse) throws -> PosixDisk {
    let disk = try PosixDisk(path: house.platform.site.segments)
    let file = try disk.create(name)
    try bytes.withUnsafeBytes { try file.write($0, at: 0) }
    return disk
  }

  private func segments(_ house: ObservedHouse) async throws -> Finding {
    try #require(try await house.findings(ControlCRYPTO01()).about("raw bytes of the segments"))
  }

  @Test(arguments: ["00000000000000ff.segment", "notes.txt"])
  func `a text that lies in clear among the segments is seen, and its removal too`(_ name: String) async throws {
    let house = try await ObservedHouse()
    #expect(try await segments(house).verdict == .compliant)
    let disk = try write(Self.text, name, in: house)
    let weak = try await segments(house)
    #expect(weak.verdict == .nonCompliant)
    #expect(weak.items == ["10.1.a"])
    #expect(weak.reason?.french.contains(name) == true)
    try disk.remove(name)
    #expect(try await segments(house).verdict == .compliant)
  }

  @Test func `a text in clear behind a good header of a segment is seen`() async throws {
    let house = try await ObservedHouse()
    _ = try await segments(house)
    let disk = try PosixDisk(path: house.platform.site.segments)
    let name = try #require(try disk.list().first)
    let header = try #require(try house.host.bytes(of: house.platform.site.segments + "/" + name, from: 0, limit: SegmentForm.headerBytes))
    house.host.files[house.platform.site.segments + "/00000000000000ff.segment"] = header + Self.text
    house.host.folders[house.platform.site.segments] = try disk.list() + ["00000000000000ff.segment"]
    house.host.attributes[house.platform.site.segments + "/00000000000000ff.segment"] = FileAttributes(
      mode: 0o600, owner: 0, bytes: header.count + Self.text.count, isFolder: false, isLink: false, modified: 0, device: 1)
    let weak = try await segments(house)
    #expect(weak.verdict == .nonCompliant)
    #expect(weak.reason?.french.contains("n'est pas chiffré") == true)
    house.host.folders = [:]
    #expect(try await segments(house).verdict == .compliant)
  }

  @Test func `clients' extents of any size look like noise, and no look leaves a canary behind`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    let account = try await house.makeAccount("compte", in: subscription)
    for size in [200, 5000, 70_000, 190_000] {
      let writer = try await house.extents.write(length: size, tenant: account.tenant, key: account.dataKey)
      try await writer.append(ByteBuffer(bytes: Self.text.prefix(size)))
      let extent = try await writer.finish()
      try await house.records.write { try house.extents.commit(extent, in: $0) }
    }
    let before = try await house.records.read { try Keyring.dataKeys(ofTenant: .zero, limit: 100, in: $0).count }
    for _ in 0..<3 { #expect(try await segments(house).verdict == .compliant) }
    #expect(try await house.records.read { try Keyring.dataKeys(ofTenant: .zero, limit: 100, in: $0).count } == before)
  }

  private func owners(_ house: ObservedHouse) async throws -> Finding {
    try #require(try await house.findings(ControlCRYPTO01()).about("data key of every storage account"))
  }

  @Test func `an account whose data key is gone, or another's, is a gap`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    #expect(try await owners(house).verdict == .notAssessed)
    let account = try await house.makeAccount("un", in: subscription)
    #expect(try await owners(house).verdict == .compliant)
    try await house.makeAccount("deux", in: subscription, dataKey: account.dataKey)
    #expect(try await owners(house).verdict == .nonCompliant)
    try await house.makeAccount("deux", in: subscription)
    #expect(try await owners(house).verdict == .compliant)
    try await house.records.write { try house.keyring.destroyDataKey(account.dataKey, tenant: account.tenant, in: $0) }
    #expect(try await owners(house).reason?.french.contains("« un »") == false)
    #expect(try await owners(house).verdict == .nonCompliant)
  }

  private func rootKey(_ house: ObservedHouse) async throws -> Finding {
    try #require(try await house.findings(ControlCRYPTO01()).about("file of the root key"))
  }

  @Test func `a root key that others may read, or that lies with the data, is a gap`() async throws {
    let house = try await ObservedHouse()
    let path = house.platform.site.rootKey
    #expect(try await rootKey(house).reason?.french.contains("même support") == true)
    try house.separateRootKey()
    #expect(try await rootKey(house).verdict == .compliant)
    house.host.attributes[path]?.mode = 0o644
    #expect(try await rootKey(house).reason?.french.contains("mode 644") == true)
    house.host.attributes[path]?.mode = 0o600
    #expect(try await rootKey(house).verdict == .compliant)
  }

  @Test func `a destroyed key that stayed on the medium is a gap`() async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlCRYPTO01())["11.9.a"] == .compliant)
    _ = try house.records.setting("secure_delete = OFF")
    let verdicts = try await house.verdicts(ControlCRYPTO01())
    #expect(verdicts["11.9.a"] == .nonCompliant)
    #expect(verdicts["19.4.a"] == .nonCompliant)
    _ = try house.records.setting("secure_delete = ON")
    #expect(try await house.verdicts(ControlCRYPTO01())["19.4.a"] == .compliant)
  }

  // MARK: Disks

  private func qemu(_ house: ObservedHouse, _ arguments: [String]) async throws {
    let (status, output) = try await house.host.run("qemu-img", arguments)
    try #require(status == 0, "qemu-img \(arguments): \(output)")
  }

  /// A disk of a text, encrypted as the platform does it, or not at all.
  private func disk(_ name: String, in house: ObservedHouse, isEncrypted: Bool) async throws -> String {
    let path = house.directory(name)
    let plain = house.directory("texte")
    if try house.host.attributes(of: plain) == nil {
      let file = try PosixDisk(path: house.directory.path).create("texte")
      let bytes = Array([[UInt8]](repeating: Self.text, count: 8).joined().prefix(1 << 20))
      try bytes.withUnsafeBytes { try file.write($0, at: 0) }
    }
    let encryption =
      isEncrypted
      ? ["--object", "secret,id=k,data=motdepasse", "-o", "encrypt.format=luks,encrypt.key-secret=k,encrypt.hash-alg=sha512,encrypt.iter-time=10"]
      : []
    try await qemu(house, ["convert", "-q", "-f", "raw", "-O", "qcow2"] + encryption + [plain, path])
    return path
  }

  private func disks(_ house: ObservedHouse) async throws -> Finding? { try await house.findings(ControlCRYPTO01()).about("LUKS header") }

  @Test func `a disk without encryption, without a key of its own, or with clusters in clear is a gap`() async throws {
    let house = try await ObservedHouse()
    let encrypted = try await disk("chiffre.qcow2", in: house, isEncrypted: true)
    let clear = try await disk("clair.qcow2", in: house, isEncrypted: false)
    func onHost(_ paths: String..., hasDataKey: Bool = true) {
      house.machines.set(disks: paths.map { DiskOnHost(path: $0, resource: "/d", tenant: house.platform.site.tenant, hasDataKey: hasDataKey) })
    }
    #expect(try await disks(house) == nil)
    onHost(encrypted)
    let good = try #require(try await disks(house))
    #expect(good.verdict == .compliant)
    #expect(try #require(good.figures.first { $0.name.english == "raw clusters read" }).value > 0)
    #expect(try await house.verdicts(ControlCRYPTO01())["10.1.c"] == .compliant)
    onHost(encrypted, clear)
    #expect(try await disks(house)?.verdict == .nonCompliant)
    // One whose header is being written is none yet; one that was left so is a gap.
    let partial = try await disk("neuf.qcow2.partial", in: house, isEncrypted: false)
    var attributes = try #require(try house.host.attributes(of: partial))
    attributes.modified = house.clock.now().seconds - 5
    house.host.attributes[partial] = attributes
    onHost(encrypted, partial)
    #expect(try await disks(house)?.verdict == .compliant)
    house.host.attributes[partial]?.modified -= 3600
    #expect(try await disks(house)?.verdict == .nonCompliant)
    onHost(encrypted, hasDataKey: false)
    #expect(try await owners(house).verdict == .nonCompliant)
    onHost(encrypted)
    #expect(try await disks(house)?.verdict == .compliant)
    // The guest's data lie at the end of such a file; the tables before them stay.
    var bytes = try #require(try house.host.bytes(of: encrypted, from: 0, limit: 64 << 20))
    let start = bytes.count - (512 << 10)
    bytes.replaceSubrange(start..., with: [[UInt8]](repeating: Self.text, count: 8).joined().prefix(512 << 10))
    house.host.files[encrypted] = bytes
    let reasons = try await (0..<8).asyncMap { _ in try await disks(house)?.reason?.french ?? "" }
    #expect(reasons.contains { $0.contains("en clair") })
    house.host.files[encrypted] = nil
    #expect(try await disks(house)?.verdict == .compliant)
  }
}

extension Sequence {
  fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await body(element)) }
    return values
  }
}
