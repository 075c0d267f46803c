internal import Base
internal import Declarations
internal import Records

/// Every backup that is known: those that the platform made, and those that the operator declares.
struct BackupCatalogue {
  struct Backup: Hashable {
    var id: String
    var time: Timestamp
    var folder: String
    /// The SHA-256 of its `SHA256SUMS`.
    var sums: String
    var isEncrypted: Bool
    var isOwn: Bool
    /// Of all files that its sums list; nil where that is not known.
    var bytes: Int?
    /// Where its bytes lie; nil where no destination of the register holds its folder.
    var destination: BackupRegister.Destination?
  }

  /// A try to restore: of the platform itself, or one that the operator declares.
  struct RestoreTest: Hashable {
    var time: Timestamp
    var isSuccess: Bool
    var what: String
  }

  /// The oldest first.
  let backups: [Backup]
  let tests: [RestoreTest]
  let register: FiledRegister<BackupRegister>?

  /// How many of the latest are looked at.
  static let sampledBackups = 3

  init(_ platform: ObservedPlatform) async throws {
    let register = try await platform.documents.register(BackupRegister.self)
    let (own, restores) = try await platform.records.read { (try BackupRecord.all(in: $0), try RestoreRecord.all(in: $0)) }
    let destinations = register?.value.destinations ?? []
    func destination(_ folder: String) -> BackupRegister.Destination? {
      destinations.filter { folder == $0.folder || folder.hasPrefix($0.folder + "/") }.max { $0.folder.utf8.count < $1.folder.utf8.count }
    }
    var backups = own.map {
      Backup(
        id: $0.id.description, time: $0.time, folder: $0.folder, sums: $0.sums, isEncrypted: true, isOwn: true, bytes: $0.bytes,
        destination: destination($0.folder))
    }
    backups += (register?.value.backups ?? []).map {
      Backup(
        id: $0.id, time: $0.time, folder: $0.folder, sums: $0.sums, isEncrypted: $0.isEncrypted, isOwn: false, destination: destination($0.folder))
    }
    self.backups = backups.sorted { $0.time < $1.time }
    var tests = restores.map { RestoreTest(time: $0.time, isSuccess: $0.failure == nil, what: $0.backup.description) }
    tests += (register?.value.restoreTests ?? []).map { RestoreTest(time: $0.day.start, isSuccess: $0.outcome == .succeeded, what: $0.report) }
    self.tests = tests.sorted { $0.time < $1.time }
    self.register = register
  }

  /// The latest, the youngest first.
  func latest(_ count: Int) -> [Backup] { backups.suffix(count).reversed() }
}
