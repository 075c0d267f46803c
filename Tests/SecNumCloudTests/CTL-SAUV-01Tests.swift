import Base
import Catalogue
import Declarations
import Extents
import Keyring
import NIOCore
import Records
import SecNumCloud
import Simulation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

struct ControlSAUV01Tests {
  /// A register that says where the house's backups lie; everything in it is of `today`.
  static func register(_ house: ObservedHouse, country: String = "FR", site: String = "Lille", today: CalendarDate? = nil) -> String {
    let day = today ?? CalendarDate(house.clock.now())
    return """
      destinations:
        - {dossier: \(house.directory.path), site: "\(site)", pays: \(country), liaison_chiffree: true}
      essais:
        - {date: \(day), sauvegarde: "un", resultat: réussi, proces_verbal: "PV-1"}
      revues_des_acces:
        - {date: \(day), auteur: "Sécurité", constat: "rien"}
      copies_hors_ligne:
        - {date: \(day), contenu: "réglages", support: "bande", site: "Lille", pays: \(country)}
      """
  }

  /// A house with an account's blob, the platform's register and a backup of now.
  private func house() async throws -> (ObservedHouse, BackupRecord) {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(house.platform.site.tenant, "client")
    let account = try await house.makeAccount("compte", in: subscription)
    let writer = try await house.extents.write(length: 200_000, tenant: account.tenant, key: account.dataKey)
    try await writer.append(ByteBuffer(repeating: UInt8(ascii: "a"), count: 200_000))
    let extent = try await writer.finish()
    try await house.records.write { try house.extents.commit(extent, in: $0) }
    try await house.set(PlatformRegister.self, PlatformRegister.example)
    return (house, try await PlatformBackup(house.platform).create(in: house.directory("sauvegarde")))
  }

  private static func change(_ path: String, at offset: Int) throws {
    let descriptor = open(path, O_RDWR)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var byte: UInt8 = 0
    try #require(pread(descriptor, &byte, 1, off_t(offset)) == 1)
    byte ^= 1
    try #require(pwrite(descriptor, &byte, 1, off_t(offset)) == 1)
  }

  @Test(arguments: ["records.archive", "sauvegarde.json", "SHA256SUMS"]) func `a backup whose file has changed is seen`(_ name: String) async throws {
    let (house, backup) = try await house()
    #expect(try await house.verdicts(ControlSAUV01())["12.5.a"] == .compliant)
    try Self.change(backup.folder + "/" + name, at: 9)
    let weak = try #require(try await house.findings(ControlSAUV01()).first { $0.items == ["12.5.a"] })
    #expect(weak.verdict == .nonCompliant)
    #expect(weak.reason?.french.contains(name) == true)
    #expect(throws: ObservationFailure.self) { try BackupRestore(folder: backup.folder).verify() }
    try Self.change(backup.folder + "/" + name, at: 9)
    #expect(try await house.verdicts(ControlSAUV01())["12.5.a"] == .compliant)
    #expect(try BackupRestore(folder: backup.folder).verify().id == backup.id)
  }

  @Test func `a backup of yesterday is too old, and one of now mends it`() async throws {
    let (house, _) = try await house()
    house.clock.advance(by: .seconds(26 * 3600))
    #expect(try await house.verdicts(ControlSAUV01())["12.5.a"] == .nonCompliant)
    _ = try await PlatformBackup(house.platform).create(in: house.directory("sauvegarde2"))
    #expect(try await house.verdicts(ControlSAUV01())["12.5.a"] == .compliant)
  }

  @Test func `nothing is assessed while no backup is known`() async throws {
    let house = try await ObservedHouse()
    let items: [ItemID] = ["12.5.a", "12.5.b", "12.5.c", "12.5.d", "17.5.a"]
    #expect(try await house.verdicts(ControlSAUV01()) == Dictionary(items.map { ($0, .notAssessed) }) { first, _ in first })
    try await house.set(BackupRegister.self, Self.register(house))
    #expect(try await house.verdicts(ControlSAUV01())["12.5.a"] == .nonCompliant)
  }

  @Test func `what the operator declares is looked at with its age`() async throws {
    let (house, backup) = try await house()
    try await house.set(BackupRegister.self, Self.register(house))
    let all: [ItemID] = ["12.5.a", "12.5.b", "12.5.c", "12.5.d", "17.5.a"]
    #expect(try await house.verdicts(ControlSAUV01()) == Dictionary(all.map { ($0, .compliant) }) { first, _ in first })
    try await house.set(BackupRegister.self, Self.register(house, today: CalendarDate(house.clock.now()).adding(days: -93)))
    let late = try await house.verdicts(ControlSAUV01())
    #expect(late["12.5.b"] == .nonCompliant)
    #expect(late["12.5.c"] == .nonCompliant)
    #expect(late["17.5.a"] == .nonCompliant)
    try await house.set(BackupRegister.self, Self.register(house, country: "US"))
    #expect(try await house.verdicts(ControlSAUV01())["12.5.d"] == .nonCompliant)
    try await house.set(BackupRegister.self, Self.register(house, site: "Salle 1, Lyon"))
    #expect(try await house.verdicts(ControlSAUV01())["12.5.d"] == .nonCompliant)
    try await house.set(BackupRegister.self, Self.register(house).replacing("réussi", with: "échec"))
    #expect(try await house.verdicts(ControlSAUV01())["12.5.c"] == .nonCompliant)
    try await house.set(BackupRegister.self, Self.register(house))
    try #require(chmod(backup.folder, 0o755) == 0)
    #expect(try await house.verdicts(ControlSAUV01())["12.5.b"] == .nonCompliant)
    try #require(chmod(backup.folder, 0o700) == 0)
    #expect(try await house.verdicts(ControlSAUV01())["12.5.b"] == .compliant)
  }

  @Test func `a backup is tried by restoring it, and one that cannot be read is a failed try`() async throws {
    let (house, backup) = try await house()
    let good = try await PlatformBackup(house.platform).rehearse(backup.folder)
    #expect(good.failure == nil)
    #expect(good.backup == backup.id)
    #expect(good.records > 0 && good.extents > 0)
    #expect(try await house.verdicts(ControlSAUV01())["12.5.c"] == .compliant)
    let segments = try PosixDisk(path: backup.folder + "/segments").list()
    let segment = backup.folder + "/segments/" + (try #require(segments.first))
    try Self.change(segment, at: 5000)
    house.clock.advance(by: .seconds(1))
    #expect(try await PlatformBackup(house.platform).rehearse(backup.folder).failure != nil)
    #expect(try await house.verdicts(ControlSAUV01())["12.5.c"] == .nonCompliant)
    try Self.change(segment, at: 5000)
    house.clock.advance(by: .seconds(1))
    #expect(try await PlatformBackup(house.platform).rehearse(backup.folder).failure == nil)
    #expect(try await house.verdicts(ControlSAUV01())["12.5.c"] == .compliant)
    // Nothing of the copies stays.
    #expect(try PosixDisk(path: house.directory.path).list().allSatisfy { !$0.hasPrefix("restore-") })
    // One that the platform does not know of does not count.
    try await house.records.write { try $0.remove(BackupRecord.self, backup.key) }
    #expect(try await PlatformBackup(house.platform).rehearse(backup.folder).failure != nil)
  }

  @Test func `a restored store has every record, and another root key opens nothing`() async throws {
    let (house, backup) = try await house()
    let target = house.directory("ailleurs")
    _ = try PosixDisk(path: target)
    let stranger = try RootKey(creatingAt: house.directory("autre.key"), random: house.random)
    let restore = BackupRestore(folder: backup.folder)
    await #expect(throws: ObservationFailure.self) {
      try await restore.restore(records: target + "/records", segments: target + "/segments", rootKey: stranger)
    }
    #expect(try house.host.attributes(of: target + "/records") == nil)
    let count = try await restore.restore(
      records: target + "/records", segments: target + "/segments", rootKey: try RootKey(readingFrom: house.platform.site.rootKey))
    let restored = try SQLiteRecordStore(path: target + "/records")
    let range = KeyBytes([])..<KeyBytes([UInt8](repeating: 0xFF, count: 17))
    let now = try await house.records.read { try $0.entries(in: range, limit: 100_000, reversed: false).map(\.key) }
    let then = try await restored.read { try $0.entries(in: range, limit: 100_000, reversed: false).map(\.key) }
    #expect(then.count == count)
    // The catalogue's entry is younger than the snapshot.
    #expect(Set(now).subtracting(then).count == 1)
    try await restored.close()
    #expect(try PosixDisk(path: target + "/segments").list() == PosixDisk(path: backup.folder + "/segments").list())
  }

  @Test func `what leaves the site is encrypted, and a text in clear among it is seen`() async throws {
    let (house, backup) = try await house()
    #expect(try await house.verdicts(ControlCRYPTO01())["10.1.d"] == .compliant)
    let text = Array(String(repeating: "Nom, prénom, adresse, dossier. ", count: 2000).utf8)
    let folder = house.directory("outil")
    let disk = try PosixDisk(path: folder)
    let file = try disk.create("export.sql")
    try text.withUnsafeBytes { try file.write($0, at: 0) }
    let sums = BackupSums(files: [BackupSums.File(path: "export.sql", sha256: sha256Hexadecimal(text))]).bytes
    let list = try disk.create("SHA256SUMS")
    try sums.withUnsafeBytes { try list.write($0, at: 0) }
    let declared = """
      \(Self.register(house))
      sauvegardes:
        - {id: "outil", date: 2027-01-15T08:00:00Z, dossier: \(folder), empreinte: "\(sha256Hexadecimal(sums))", chiffree: true}
      """
    try await house.set(BackupRegister.self, declared)
    #expect(try await house.verdicts(ControlCRYPTO01())["10.1.d"] == .nonCompliant)
    try await house.set(BackupRegister.self, Self.register(house))
    #expect(try await house.verdicts(ControlCRYPTO01())["10.1.d"] == .compliant)
    #expect(backup.files > 0)
  }

  @Test(arguments: [
    ("destinations: []", "essais"), ("pays: France", "pays"), ("resultat: bof", "resultat"), ("dossier: sauvegarde", "dossier"),
  ])
  func `a register that is wrong is refused with its line`(_ row: (String, String)) async throws {
    let house = try await ObservedHouse()
    let good = Self.register(house)
    let bad =
      switch row.1 {
      case "essais": row.0
      case "pays": good.replacing("pays: FR", with: row.0)
      case "resultat": good.replacing("resultat: réussi", with: row.0)
      default: good.replacing("dossier: \(house.directory.path)", with: row.0)
      }
    await #expect(throws: DeclarationError.self) { try await house.set(BackupRegister.self, bad) }
    #expect(try await house.documents.register(BackupRegister.self) == nil)
    try await house.set(BackupRegister.self, BackupRegister.example)
    #expect(try await house.documents.register(BackupRegister.self)?.value.backups.count == 1)
  }
}
