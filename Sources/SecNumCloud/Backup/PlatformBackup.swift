internal import Base
internal import Crypto
internal import Extents
internal import Keyring
internal import Records
internal import Wire

/// A backup of the whole platform but for machines' disks: the records, which hold accounts, rights, wrapped keys and the activity log; the segments, as
/// they lie; the process's log and the operator's settings.
///
/// It is consistent: the records are one snapshot, and every segment that it refers to is there. What is not encrypted already is encrypted under a key
/// that the root key gives; the root key itself is in no backup. `sha256sum -c SHA256SUMS` checks it anywhere.
public struct PlatformBackup: Sendable {
  static let recordsArchive = "records.archive"
  static let logArchive = "log.archive"
  static let settingsArchive = "settings.archive"
  static let segmentsFolder = "segments"
  static let description = "sauvegarde.json"
  static let signature = "SHA256SUMS.sig"
  static let signingKey = "cle-des-preuves.pem"

  private static let copyBytes = 4 << 20
  private static let recordsPerRead = 2000
  private static let settingsFiles = ["machines.json", "ledger.json"]
  /// Compaction may take a segment away while it is looked for.
  private static let attempts = 3

  let platform: ObservedPlatform

  public init(_ platform: ObservedPlatform) { self.platform = platform }

  /// Makes a backup in a folder, which must not be there or be empty, and enters it in the catalogue. A backup without `SHA256SUMS` is none.
  ///
  /// Throws `ObservationFailure`, and what the disk throws; then nothing is entered.
  public func create(in folder: String) async throws -> BackupRecord {
    let disk = try PosixDisk(path: folder)
    guard try disk.list().isEmpty else { throw ObservationFailure("\(folder) n'est pas vide.", "\(folder) is not empty.") }
    var work = Work(disk: disk)
    for _ in 0..<Self.attempts {
      // Its id gives its key: an attempt never writes under the key of another.
      let record = BackupRecord(id: platform.random.guid(), time: platform.now, folder: folder, sums: "", files: 0, bytes: 0)
      let key = try platform.keyring.backupKey(record.id)
      guard let (segments, records) = try await snapshot(&work, key) else { continue }
      return try await complete(record, segments, records, &work, key)
    }
    throw ObservationFailure(
      "des segments ont disparu pendant la sauvegarde, \(Self.attempts) fois de suite.",
      "segments vanished during the backup, \(Self.attempts) times in a row.")
  }

  /// Writes all but the records, which are there.
  private func complete(
    _ record: BackupRecord, _ segments: [String: any DiskFile], _ records: Int, _ work: inout Work, _ key: SymmetricKey
  ) async throws -> BackupRecord {
    let segmentsDisk = try PosixDisk(path: record.folder + "/" + Self.segmentsFolder)
    for (name, file) in segments.sorted(by: { $0.key < $1.key }) {
      try work.copy(file, to: try segmentsDisk.create(name), path: Self.segmentsFolder + "/" + name)
    }
    try segmentsDisk.syncDirectory()
    try archive([platform.site.log], name: Self.logArchive, &work, key)
    try archive(Self.settingsFiles.map { platform.site.folder + "/" + $0 }, name: Self.settingsArchive, &work, key)
    try work.write(description(record, records: records, segments: segments.count).bytes, path: Self.description)
    try work.write(Array(platform.evidenceKey.publicKeyPEM.utf8), path: Self.signingKey)
    return try await finish(record, &work)
  }

  /// Signs, makes durable, and enters in the catalogue.
  private func finish(_ record: BackupRecord, _ work: inout Work) async throws -> BackupRecord {
    var record = record
    (record.files, record.bytes) = (work.sums.files.count, work.bytes)
    let sums = work.sums.bytes
    try work.write(try platform.evidenceKey.sign(sums), path: Self.signature, isListed: false)
    // Last: before it is there, the folder is no backup.
    try work.write(sums, path: BackupLook.sums, isListed: false)
    try work.disk.syncDirectory()
    record.sums = sha256Hexadecimal(sums)
    let made = record
    try await platform.records.write { transaction in
      try transaction.save(made)
      let all = try BackupRecord.all(in: transaction)
      if all.count > BackupRecord.maximumRemembered, let oldest = all.first { try transaction.remove(BackupRecord.self, oldest.key) }
    }
    return record
  }

  private func description(_ record: BackupRecord, records: Int, segments: Int) -> JSON {
    .object([
      "format": 1, "id": .string(record.id.description), "date": .string(record.time.iso8601), "domaine": .string(platform.site.address.domain),
      "version": .string(platform.site.version), "cle_racine": .string(platform.keyring.rootKeyID.description), "chiffrement": "aes-256-gcm",
      "enregistrements": .integer(Int64(records)), "segments": .integer(Int64(segments)), "disques_des_machines": false,
    ])
  }

  // MARK: Records and segments

  /// Writes the archive of the records, and gives the open files of the segments that they refer to; nil, and no archive, where a segment vanished
  /// meanwhile. An open file stays whole when compaction removes it.
  private func snapshot(_ work: inout Work, _ key: SymmetricKey) async throws -> (segments: [String: any DiskFile], records: Int)? {
    let source = try PosixDisk(path: platform.site.segments)
    var open: [String: any DiskFile] = [:]
    func openNew() throws {
      for name in try source.list() where SegmentForm.isSegment(file: name) && open[name] == nil {
        // One that is gone by now was not alive.
        open[name] = try? source.open(name)
      }
    }
    try openNew()
    let file = try work.disk.create(Self.recordsArchive)
    let dump = try await platform.records.read { reader in
      let writer = try BackupArchiveWriter(file, name: Self.recordsArchive, backupKey: key)
      let count = try Self.dump(reader, to: writer)
      return (count: count, sum: try writer.finish(), bytes: writer.byteCount, used: try ExtentStore.segmentsInUse(in: reader))
    }
    try openNew()
    guard dump.used.isSubset(of: open.keys) else {
      try work.disk.remove(Self.recordsArchive)
      return nil
    }
    work.add(Self.recordsArchive, dump.sum, dump.bytes)
    return (open.filter { dump.used.contains($0.key) }, dump.count)
  }

  /// Every key with its value, as the records have them.
  private static func dump(_ reader: any RecordReader, to writer: BackupArchiveWriter) throws -> Int {
    var count = 0
    var start = KeyBytes([])
    // A key begins with 16 bytes of tenant and one that is no 0xFF.
    let end = KeyBytes([UInt8](repeating: 0xFF, count: 17))
    while true {
      let page = try reader.entries(in: start..<end, limit: recordsPerRead, reversed: false)
      for entry in page { try writer.append(entry.key, entry.value) }
      count += page.count
      guard page.count == recordsPerRead, let last = page.last else { return count }
      start = KeyBytes(last.key).next
    }
  }

  // MARK: Files

  private func archive(_ paths: [String], name: String, _ work: inout Work, _ key: SymmetricKey) throws {
    let writer = try BackupArchiveWriter(try work.disk.create(name), name: name, backupKey: key)
    for path in paths {
      var offset = 0
      while let bytes = try platform.host.bytes(of: path, from: offset, limit: Self.copyBytes), !bytes.isEmpty {
        try writer.append(Array("\(path.split(separator: "/").last ?? "")@\(offset)".utf8), bytes)
        offset += bytes.count
      }
    }
    work.add(name, try writer.finish(), writer.byteCount)
  }

  /// The folder as it fills.
  private struct Work {
    let disk: PosixDisk
    var sums = BackupSums(files: [])
    var bytes = 0

    mutating func add(_ path: String, _ sha256: String, _ count: Int) {
      sums.files.append(BackupSums.File(path: path, sha256: sha256))
      bytes += count
    }

    mutating func write(_ content: [UInt8], path: String, isListed: Bool = true) throws {
      let file = try disk.create(path)
      try content.withUnsafeBytes { try file.write($0, at: 0) }
      try file.sync()
      if isListed { add(path, sha256Hexadecimal(content), content.count) }
    }

    mutating func copy(_ source: any DiskFile, to target: any DiskFile, path: String) throws {
      var hash = SHA256()
      var offset = 0
      var buffer = [UInt8](repeating: 0, count: PlatformBackup.copyBytes)
      while true {
        let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0, at: offset) }
        if count == 0 { break }
        try buffer.withUnsafeBytes { bytes in
          let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
          try target.write(piece, at: offset)
          hash.update(bufferPointer: piece)
        }
        offset += count
      }
      try target.sync()
      add(path, hash.finalize().hexadecimal, offset)
    }
  }
}
