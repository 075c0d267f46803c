public import Base
internal import Extents
internal import Identity
public import Keyring
internal import Logging
internal import Records
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A backup that is checked, and brought back.
public struct BackupRestore: Sendable {
  public let folder: String
  private let host: any HostView

  public init(folder: String) {
    self.folder = folder
    host = LinuxHost()
  }

  /// What a backup holds.
  public struct Summary: Sendable {
    public var id: GUID
    public var time: String
    public var files: Int
    /// The name of the root key of its day; nil where it does not say.
    public var rootKey: GUID?
    /// The key that signed it: whoever checks compares it with the one that the platform publishes.
    public var signedBy: String
  }

  /// Checks every byte of a backup against its sums, and the sums' signature against the key beside them. Throws `ObservationFailure` at the first fault.
  public func verify() throws -> Summary {
    let path = folder + "/" + BackupLook.sums
    guard let bytes = try host.bytes(of: path, from: 0, limit: Self.maximumSumsBytes), let sums = BackupSums(bytes) else {
      throw ObservationFailure("\(path) manque ou n'est pas une liste d'empreintes.", "\(path) lacks or is no list of digests.")
    }
    guard let signature = try host.bytes(of: folder + "/" + PlatformBackup.signature, from: 0, limit: Self.maximumSmallBytes),
      let key = try host.text(of: folder + "/" + PlatformBackup.signingKey), let signer = EvidenceVerifier(pem: key)
    else {
      throw ObservationFailure("la signature de \(path) manque.", "the signature of \(path) lacks.")
    }
    guard signer.isValid(signature, over: bytes) else {
      throw ObservationFailure("la signature de \(path) n'est pas valable.", "the signature of \(path) is not valid.")
    }
    for file in sums.files {
      let path = folder + "/" + file.path
      guard let digest = try host.sha256(of: path) else { throw ObservationFailure("\(path) manque.", "\(path) lacks.") }
      guard digest == file.sha256 else { throw ObservationFailure("\(path) a changé.", "\(path) has changed.") }
    }
    let listed = Set(sums.files.map(\.path) + [BackupLook.sums, PlatformBackup.signature, PlatformBackup.segmentsFolder])
    let there = (try host.names(in: folder) ?? []) + (try host.names(in: folder + "/" + PlatformBackup.segmentsFolder) ?? []).map { "segments/\($0)" }
    if let extra = there.first(where: { !listed.contains($0) }) {
      throw ObservationFailure("\(folder)/\(extra) n'est pas de cette sauvegarde.", "\(folder)/\(extra) is not of this backup.")
    }
    let (id, time, rootKey) = try description()
    return Summary(id: id, time: time, files: sums.files.count, rootKey: rootKey, signedBy: signer.fingerprint)
  }

  private static let maximumSumsBytes = 64 << 20
  private static let maximumSmallBytes = 1 << 20
  private static let recordsPerTransaction = 500

  private func description() throws -> (id: GUID, time: String, rootKey: GUID?) {
    let path = folder + "/" + PlatformBackup.description
    guard let text = try host.text(of: path), let json = try? JSON(parsing: Array(text.utf8)), json["format"]?.integer == 1,
      let id = json["id"]?.string.flatMap({ GUID($0) }), let time = json["date"]?.string
    else { throw ObservationFailure("\(path) n'est pas lisible.", "\(path) cannot be read.") }
    return (id, time, json["cle_racine"]?.string.flatMap { GUID($0) })
  }

  /// Brings a verified backup back: the records to a file that must not be there, the segments to a folder. Gives how many records there are.
  ///
  /// Throws `ObservationFailure` where the root key is not the one of the backup's day.
  public func restore(records path: String, segments: String, rootKey: RootKey) async throws -> Int {
    let key = try rootKey.backupKey(try description().id)
    guard try host.attributes(of: path) == nil else { throw ObservationFailure("\(path) est déjà là.", "\(path) is there already.") }
    let source = try PosixDisk(path: folder)
    let archive = try BackupArchiveReader(
      try source.open(PlatformBackup.recordsArchive), name: PlatformBackup.recordsArchive, backupKey: key)
    // Before a file is made: with another root key, nothing is.
    var next = try archive.next()
    let store = try SQLiteRecordStore(path: path)
    var count = 0
    while next != nil {
      var page: [(key: [UInt8], value: [UInt8])] = []
      while let entry = next, page.count < Self.recordsPerTransaction {
        page.append((entry.name, entry.value))
        next = try archive.next()
      }
      let rows = page
      try await store.write { for row in rows { try $0.put(row.value, forKey: row.key) } }
      count += rows.count
    }
    try await store.close()
    try copySegments(to: segments)
    return count
  }

  private func copySegments(to target: String) throws {
    let disk = try PosixDisk(path: target)
    let source = folder + "/" + PlatformBackup.segmentsFolder
    for name in try host.names(in: source) ?? [] {
      let file = try disk.create(name)
      var offset = 0
      while let bytes = try host.bytes(of: source + "/" + name, from: offset, limit: Self.maximumSmallBytes), !bytes.isEmpty {
        try bytes.withUnsafeBytes { try file.write($0, at: offset) }
        offset += bytes.count
      }
      try file.sync()
    }
    try disk.syncDirectory()
  }

  /// The files of the operator's settings, as they were, by name.
  public func settings(rootKey: RootKey) throws -> [String: [UInt8]] {
    let archive = try BackupArchiveReader(
      try PosixDisk(path: folder).open(PlatformBackup.settingsArchive), name: PlatformBackup.settingsArchive,
      backupKey: rootKey.backupKey(try description().id))
    var files: [String: [UInt8]] = [:]
    while let entry = try archive.next() {
      let name = String(decoding: entry.name.prefix { $0 != UInt8(ascii: "@") }, as: UTF8.self)
      files[name, default: []] += entry.value
    }
    return files
  }
}

/// A restore that is tried beside the running platform: the copy is opened, and its bytes are read.
extension PlatformBackup {
  private static let readExtents = 64
  private static let readBytes = 1 << 20
  private static let workPrefix = "restore-"

  /// Removes the copies that rehearsals left which a stop cut short: restored records are in clear. To be called before any rehearsal.
  public func removeLeftovers() throws {
    for name in try platform.host.names(in: platform.site.folder) ?? [] where name.hasPrefix(Self.workPrefix) {
      remove(platform.site.folder + "/" + name)
    }
  }

  private func remove(_ work: String) {
    do {
      try FileManager.default.removeItem(atPath: work)
    } catch {
      platform.logger.error("restored copy could not be removed", metadata: ["folder": "\(work)", "error": "\(error)"])
    }
  }

  /// Verifies a backup, restores it into a folder of its own, opens what was restored with the root key, reads a sample of extents to their ends,
  /// removes the copy, and enters what came of it in the catalogue.
  public func rehearse(_ folder: String) async throws -> RestoreRecord {
    let work = platform.site.folder + "/" + Self.workPrefix + platform.random.guid().description
    var record = RestoreRecord(id: platform.random.guid(), backup: .zero, time: platform.now, failure: nil, records: 0, extents: 0)
    do {
      let restore = BackupRestore(folder: folder)
      let summary = try restore.verify()
      record.backup = summary.id
      // The key that lies beside the sums proves nothing by itself.
      guard summary.signedBy == platform.evidenceKey.fingerprint else {
        throw ObservationFailure("\(folder) n'est pas signé par cette plateforme.", "\(folder) is not signed by this platform.")
      }
      guard try await platform.records.read({ try BackupRecord.all(in: $0) }).contains(where: { $0.id == summary.id }) else {
        throw ObservationFailure(
          "la sauvegarde \(summary.id) n'est pas au catalogue.", "the backup \(summary.id) is not in the catalogue.")
      }
      // Of a file, what lies there now is what a restore would have.
      let inUse = platform.keyring.rootKey
      let rootKey = inUse.isInModule ? inUse : try RootKey(readingFrom: platform.site.rootKey)
      // Of mode 0700: the restored records are in clear.
      _ = try PosixDisk(path: work)
      record.records = try await restore.restore(records: work + "/records", segments: work + "/segments", rootKey: rootKey)
      record.extents = try await read(work, rootKey)
    } catch {
      record.failure = "\(error)"
    }
    if try platform.host.attributes(of: work) != nil { remove(work) }
    let made = record
    try await platform.records.write { transaction in
      try transaction.save(made)
      let all = try RestoreRecord.all(in: transaction)
      if all.count > BackupRecord.maximumRemembered, let oldest = all.first { try transaction.remove(RestoreRecord.self, oldest.key) }
    }
    return record
  }

  /// Opens restored records and segments as a start would, and reads some extents: each frame must authenticate under its tenant's keys.
  private func read(_ work: String, _ rootKey: RootKey) async throws -> Int {
    let records = try SQLiteRecordStore(path: work + "/records")
    let extents = try await ExtentStore(
      disk: try PosixDisk(path: work + "/segments"), records: records, keyring: Keyring(rootKey: rootKey, random: platform.random),
      random: platform.random, logger: platform.logger)
    let random = platform.random
    let sample = try await records.read { reader in
      let tenants = try reader.list(Tenant.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed).map(\.id) + [GUID.zero]
      let found = try random.sample(tenants, Self.readExtents).flatMap { tenant in
        try ExtentStore.extents(tenant: tenant, after: .zero, limit: Self.readExtents, in: reader).map { (tenant: tenant, extent: $0) }
      }
      return random.sample(found, Self.readExtents)
    }
    // What is sealed under a customer's own key too, only that customer can read.
    for (tenant, extent) in sample where extent.length > 0 && !extent.hasCallerKey {
      let slice = ExtentSlice(id: extent.id, range: 0..<extent.length)
      let reader = try await records.read { try extents.reader([slice], tenant: tenant, in: $0) }
      while try await reader.next(upTo: Self.readBytes) != nil {}
    }
    try await records.close()
    return sample.count
  }
}
