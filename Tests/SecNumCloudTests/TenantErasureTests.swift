import Access
import Base
import Declarations
import Extents
import Foundation
import Identity
import Keyring
import Ledger
import Logging
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Synchronization
import Testing
import Wire

struct TenantErasureTests {
  private typealias Refusal = TenantErasure.Refusal

  // MARK: Notice

  @Test func `a notice of less than 21 calendar days is refused, and one of 21 is taken`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    for days in [-1, 0, 20] {
      let refusal = await #expect(throws: Refusal.self) { try await cloud.erasure.giveNotice("acme", lastDay: EndingCloud.start.adding(days: days)) }
      #expect(refusal?.text.french.contains("\(EndingCloud.start.adding(days: 21))") == true)
    }
    let end = try await cloud.erasure.giveNotice("acme", lastDay: EndingCloud.lastDay)
    #expect(end.tenant == EndingCloud.acme)
    #expect(end.notified == cloud.clock.now())
    #expect(try await cloud.erasure.list().first { $0.tenant == EndingCloud.acme }?.state == .notice)
    await #expect(throws: Refusal.self) { try await cloud.erasure.giveNotice("acme", lastDay: EndingCloud.lastDay.adding(days: 1)) }
  }

  @Test func `nothing is erased without a notice, nor before its last day is over`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    await #expect(throws: Refusal.self) { try await cloud.erasure.begin("acme") }
    try await cloud.erasure.giveNotice("acme", lastDay: EndingCloud.lastDay)
    cloud.clock.set(EndingCloud.lastDay.adding(days: 1).start.advanced(by: .microseconds(-1)))
    let refusal = await #expect(throws: Refusal.self) { try await cloud.erasure.begin("acme") }
    #expect(refusal?.text.french.contains("\(EndingCloud.lastDay)") == true)
    try await cloud.erasure.carryOn()
    #expect(try await cloud.blob("box/small", "acmedata") == Array("petit".utf8))
    cloud.clock.advance(by: .microseconds(1))
    #expect(try await cloud.erasure.begin("acme") == EndingCloud.acme)
  }

  @Test func `a notice is taken back until the erasure has begun`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    await #expect(throws: Refusal.self) { try await cloud.erasure.cancelNotice("acme") }
    try await cloud.erasure.giveNotice("acme", lastDay: EndingCloud.lastDay)
    try await cloud.erasure.cancelNotice("acme")
    #expect(try await cloud.erasure.list().first { $0.tenant == EndingCloud.acme }?.state == .active)
    cloud.clock.set(EndingCloud.lastDay.adding(days: 1).start)
    await #expect(throws: Refusal.self) { try await cloud.erasure.begin("acme") }
    cloud.clock.set(EndingCloud.start.start)
    try await cloud.begin()
    await #expect(throws: Refusal.self) { try await cloud.erasure.cancelNotice("acme") }
  }

  @Test(arguments: ["Cocagne", "cloud.test", EndingCloud.first.description, "nobody"])
  func `the platform's own tenant and one that is not there have no end`(name: String) async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    await #expect(throws: Refusal.self) { try await cloud.erasure.giveNotice(name, lastDay: EndingCloud.lastDay) }
    await #expect(throws: Refusal.self) { try await cloud.erasure.begin(name) }
  }

  @Test func `a resource that nobody serves in this process is named, and nothing begins`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    let machine = ResourceID(
      subscription: EndingCloud.subscription(EndingCloud.acme), resourceGroup: "rg", "Microsoft.Compute", ("virtualMachines", "vm1"))
    let now = cloud.clock.now()
    try await cloud.records.write {
      try $0.save(Resource(tenant: EndingCloud.acme, id: machine, location: "paris", etag: .zero, createdTime: now, changedTime: now))
    }
    try await cloud.erasure.giveNotice("acme", lastDay: EndingCloud.lastDay)
    cloud.clock.set(EndingCloud.lastDay.adding(days: 1).start)
    let refusal = await #expect(throws: Refusal.self) { try await cloud.erasure.begin("acme") }
    #expect(refusal?.text.french.contains("vm1") == true)
    #expect(try await cloud.blob("box/small", "acmedata") == Array("petit".utf8))
  }

  // MARK: Erasure

  @Test func `from its beginning on nobody signs in and nothing of the tenant is readable, though its records are still there`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    let (identity, keyring) = (cloud.identity, cloud.keyring)
    let sealed = try await cloud.records.write { try keyring.seal([1, 2, 3], context: "test", tenant: EndingCloud.acme, in: $0) }
    #expect(try await cloud.blob("box/small", "acmedata") == Array("petit".utf8))
    #expect(try await cloud.blob("box/large", "acmedata") == EndingCloud.text)
    try await cloud.begin()
    #expect(try await cloud.records.read { try identity.tenant(EndingCloud.acme, in: $0) } == nil)
    #expect(try await cloud.records.read { try identity.tenant(domain: "acme.cloud.test", in: $0) } == nil)
    #expect(try await cloud.records.read { try identity.guests(ofHome: EndingCloud.acme, limit: 9, in: $0) }.isEmpty)
    await #expect(throws: KeyringError.corrupt) {
      try await cloud.records.read { try keyring.open(sealed, context: "test", tenant: EndingCloud.acme, in: $0) }
    }
    // The account is still there, and nothing in it opens: what of it was in memory is forgotten too.
    for blob in ["box/small", "box/large"] { #expect(try await cloud.blob(blob, "acmedata") == nil) }
    #expect(try await cloud.entries(with: "storage.payload").isEmpty == false)
    #expect(try await cloud.blob("box/large", "betadata") == EndingCloud.text)
  }

  @Test func `an erased tenant leaves nothing but its certificate, and nobody else loses anything`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    #expect(try await cloud.entries(with: "acme").count > 10)
    try await cloud.begin()
    let certificate = try await cloud.finish()
    try await expectErased(cloud, certificate)

    let statement = try JSON(parsing: Array(certificate.statement.utf8))
    #expect(statement["tenant"]?.string == EndingCloud.acme.description)
    #expect(statement["noticeLastDay"]?.string == EndingCloud.lastDay.description)
    for kind in [
      "identity.user", "identity.tenant", "identity.application", "storage.account", "storage.blob", "extent", "arm.group", "keyring.dataKey",
    ] {
      #expect(statement["erased"]?[kind]?.integer ?? 0 > 0, "\(kind)")
    }
    let keys = statement["destroyedKeys"]?.array ?? []
    #expect(keys.map { $0["name"]?.string?.prefix(5) } == ["tenan", "data/"])
    #expect(Set(keys.compactMap { $0["fingerprint"]?.string }).count == 2)
    let document = cloud.erasure.document(of: certificate)
    #expect(document["publicKey"]?.string == cloud.platform.evidenceKey.publicKeyPEM)
    #expect(cloud.platform.evidenceKey.isValid(try #require(Base64.decode(document["signature"]?.string ?? "")), over: certificate.statement.utf8))
    #expect(!certificate.statement.contains("acme"))

    // The bytes' space comes back.
    _ = try await cloud.extents.compact()
    let left = try FileManager.default.contentsOfDirectory(atPath: cloud.directory("segments")).reduce(0) {
      $0 + (try Data(contentsOf: URL(filePath: cloud.directory("segments/\($1)"))).count)
    }
    #expect(left < 2 * EndingCloud.text.count)
    #expect(try await cloud.blob("box/large", "betadata") == EndingCloud.text)
    // Its name is free.
    let identity = cloud.identity
    try await cloud.records.write { _ = try identity.createTenant(displayName: "acme", domains: ["acme.cloud.test"], country: "FR", in: $0) }
  }

  @Test func `a tenant's persons leave the ledger with its keys, and its entries stay`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    let (identity, person) = (cloud.identity, "ann@acme.cloud.test")
    let ledger = try await Ledger(
      origin: "cloud.test/ledger", records: cloud.records, keyring: cloud.keyring, clock: cloud.clock, random: cloud.random,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isTenant: { try identity.tenant($0, in: $1) != nil })
    func append(_ subject: String) async throws {
      let entry = LedgerEntry(
        id: cloud.random.guid(), time: cloud.clock.now(), tenant: EndingCloud.acme, kind: .controlWrite, subject: subject, outcome: .succeeded,
        personal: ["caller": person])
      try await cloud.records.write { try entry.append(in: $0) }
      try await ledger.fileAll()
    }
    func personal(_ subject: String) async throws -> [String: String]? {
      try await ledger.entries(tenant: EndingCloud.acme, limit: 1000).first { $0.entry.json["subject"]?.string == subject }?.personal
    }
    try await append("/before")
    #expect(try await personal("/before") == ["caller": person])
    #expect(try await cloud.entries(with: person).allSatisfy { !$0.hasPrefix("ledger.") }, "a person's name rests in clear")
    try await cloud.begin()
    #expect(try await personal("/before") == [:])
    // Of a request that was under way.
    try await append("/after")
    #expect(try await personal("/after") == [:])
    let certificate = try await cloud.finish()
    try await ledger.fileAll()
    #expect(try await personal("/before") == [:])
    #expect(try await personal("/after") == [:])
    #expect(try await cloud.entries(with: person).isEmpty)
    let entries = try await ledger.entries(tenant: EndingCloud.acme, limit: 1000)
    let last = try #require(entries.last { $0.entry.json["kind"]?.string == LedgerEntry.Kind.erasure.rawValue })
    #expect(last.entry.json["facts"]?["sha256"]?.string == sha256Hexadecimal(certificate.statement.utf8))
    // The log is as it was.
    let first = try #require(entries.first)
    let receipt = try #require(try await ledger.receipt(for: first.entry.sequence)).receipt
    #expect(receipt.leaf == first.entry.leaf)
  }

  @Test func `a disk's file that is still there holds the certificate back`() async throws {
    let cloud = try await EndingCloud(ScratchDirectory())
    let disk = cloud.directory("disk.qcow2")
    cloud.machines.set(disks: [DiskOnHost(path: disk, resource: "/x", tenant: EndingCloud.acme, hasDataKey: true)])
    cloud.host.attributes[disk] = FileAttributes(mode: 0o600, owner: 0, bytes: 1, isFolder: false, isLink: false, modified: 0, device: 0)
    try await cloud.begin()
    await #expect(throws: EndingCloud.Unfinished.self) { try await cloud.finish() }
    guard case .erasing(let waitsFor) = try await cloud.erasure.progress(of: EndingCloud.acme) else {
      Issue.record("it is not under way")
      return
    }
    #expect(waitsFor?.french.contains(disk) == true)
    cloud.host.attributes[disk] = nil
    let certificate = try await cloud.finish()
    #expect(try JSON(parsing: Array(certificate.statement.utf8))["diskFiles"]?.integer == 1)
  }

  // MARK: Crashes

  /// The process dies at each write in turn, right before that commit or right after it; the next one finds the cloud as the disk has it.
  @Test(arguments: [false, true])
  func `killed at any of its writes, an erasure goes on at the next start`(afterCommit: Bool) async throws {
    let original = ScratchDirectory()
    do {
      let cloud = try await EndingCloud(original)
      try await cloud.erasure.giveNotice("acme", lastDay: EndingCloud.lastDay)
      try await cloud.records.close()
    }
    let day = EndingCloud.lastDay.adding(days: 1)
    var fatalWrite = 0
    while true {
      let directory = ScratchDirectory()
      for name in try FileManager.default.contentsOfDirectory(atPath: original.path) {
        try FileManager.default.copyItem(atPath: original(name), toPath: directory(name))
      }
      let hasDied = try await die(at: fatalWrite, afterCommit: afterCommit, directory, day: day)
      let next = try await EndingCloud(directory, day: day, seed: 3)
      // A death before the first commit: the operator's command was not answered.
      if case .none = try await next.erasure.progress(of: EndingCloud.acme) { #expect(try await next.erasure.begin("acme") == EndingCloud.acme) }
      try await expectErased(next, try await next.finish(), "write \(fatalWrite)")
      try await next.records.close()
      guard hasDied else { break }
      fatalWrite += 1
    }
    #expect(fatalWrite > 15)
  }

  /// One life of the process; tells whether it died.
  private func die(at fatalWrite: Int, afterCommit: Bool, _ directory: ScratchDirectory, day: CalendarDate) async throws -> Bool {
    let mortal = Mutex<MortalStore?>(nil)
    let cloud = try await EndingCloud(directory, day: day, seed: 2) { records in
      let store = MortalStore(records, at: fatalWrite, afterCommit: afterCommit)
      mortal.withLock { $0 = store }
      return store
    }
    do {
      _ = try await cloud.erasure.begin("acme")
      _ = try await cloud.finish()
    } catch is MortalStore.Death {
      // It is told below.
    } catch is EndingCloud.Unfinished {
      // Background work logs what fails, and goes on as long as it lives.
    }
    try await cloud.records.close()
    return mortal.withLock { $0?.hasDied ?? false }
  }

  private func expectErased(_ cloud: EndingCloud, _ certificate: ErasureCertificate, _ comment: Comment? = nil) async throws {
    // What was done, and to which resource, stays in the ledger for good; `a tenant's persons leave the ledger with its keys` is about who did it.
    func isLedger(_ key: String) -> Bool { key.hasPrefix("ledger.") }
    #expect(try await cloud.entries(with: "acme").allSatisfy(isLedger), comment)
    #expect(try await cloud.entries(with: EndingCloud.acme.bytes).allSatisfy(isLedger), comment)
    #expect(
      try await cloud.entries(with: EndingCloud.acme.description).allSatisfy { isLedger($0) || $0.hasPrefix(ErasureCertificate.kind) }, comment)
    let ended = try await cloud.records.read { try LedgerEntry.waiting(in: $0) }.filter { $0.kind == .erasure }
    #expect(Set(ended.map { $0.facts["operation"] }) == ["destroy keys", "certify"] && ended.count == 2, comment)
    #expect(ended.compactMap { $0.facts["sha256"] } == [sha256Hexadecimal(certificate.statement.utf8)], comment)
    #expect(ended.allSatisfy { $0.tenant == EndingCloud.acme && $0.personal.isEmpty }, comment)
    #expect(cloud.platform.evidenceKey.isValid(certificate.signature, over: certificate.statement.utf8), comment)
    #expect(try await cloud.blob("box/large", "acmedata") == nil, comment)
    #expect(try await cloud.blob("box/small", "betadata") == Array("petit".utf8), comment)
    #expect(try await cloud.blob("box/large", "betadata") == EndingCloud.text, comment)
    let identity = cloud.identity
    let users = try await cloud.records.read { try identity.users(tenant: EndingCloud.beta, limit: 9, in: $0) }
    #expect(users.map(\.mailNickname) == ["ann"], comment)
    #expect(try await cloud.erasure.list().map(\.state).filter { $0 != .active } == [.erased], comment)
  }
}

/// A store whose process dies at one of its writes, and answers nothing from then on.
private final class MortalStore: RecordStore {
  struct Death: Error {}

  private let inner: any RecordStore
  private let fatalWrite: Int
  private let commits: Bool
  private let state = Mutex((writes: 0, isDead: false))

  init(_ inner: any RecordStore, at fatalWrite: Int, afterCommit: Bool) {
    self.inner = inner
    self.fatalWrite = fatalWrite
    commits = afterCommit
  }

  var hasDied: Bool { state.withLock { $0.isDead } }

  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    if hasDied { throw Death() }
    return try await inner.read(body)
  }

  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    let (isDead, isFatal) = state.withLock { state in
      let isFatal = !state.isDead && state.writes == fatalWrite
      defer {
        state.writes += 1
        if isFatal { state.isDead = true }
      }
      return (state.isDead, isFatal)
    }
    if isDead || isFatal && !commits { throw Death() }
    let result = try await inner.write(body)
    if isFatal { throw Death() }
    return result
  }

  func settle() async { await inner.settle() }
}
