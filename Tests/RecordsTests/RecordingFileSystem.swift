// swift-format-ignore-file: NeverForceUnwrap
// SQLite never calls back without a file.

import GRDBSQLite
import Glibc
import Synchronization

/// An SQLite VFS over the system's, made the default one: what SQLite does to the files of a watched directory goes to that directory's `DiskLog`.
enum RecordingFileSystem {
  private static let logs = Mutex<[String: DiskLog]>([:])

  static func watch(_ directory: String, _ log: DiskLog) {
    _ = registration
    logs.withLock { $0[directory] = log }
  }

  static func unwatch(_ directory: String) {
    logs.withLock { $0[directory] = nil }
  }

  /// The log and the name of a file that is part of what survives a power loss; the index in shared memory (`-shm`) is not.
  fileprivate static func watched(_ path: String) -> (log: DiskLog, name: String)? {
    guard let slash = path.lastIndex(of: "/"), !path.hasSuffix("-shm") else { return nil }
    return logs.withLock { $0[String(path[..<slash])] }.map { ($0, String(path[path.index(after: slash)...])) }
  }

  fileprivate nonisolated(unsafe) static let system = sqlite3_vfs_find(nil)!
  fileprivate nonisolated(unsafe) static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
    let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    methods.initialize(to: watchingMethods())
    return methods
  }()

  private static let registration: Bool = {
    let shim = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    shim.initialize(to: system.pointee)
    shim.pointee.zName = UnsafePointer(strdup("recording"))
    shim.pointee.szOsFile = Int32(MemoryLayout<WatchedFile>.size) + system.pointee.szOsFile
    shim.pointee.pNext = nil
    shim.pointee.xOpen = openFile
    shim.pointee.xDelete = deleteFile
    precondition(sqlite3_vfs_register(shim, 1) == SQLITE_OK)
    return true
  }()
}

/// What SQLite allocates for an open file: this, then the system's own file.
private struct WatchedFile {
  var base: sqlite3_file
  var entry: Unmanaged<OpenEntry>?
}

private final class OpenEntry {
  let log: DiskLog
  let name: String
  /// SQLite syncs the directory with the first sync of a log or journal that it may have made.
  var syncsDirectory: Bool

  init(log: DiskLog, name: String, syncsDirectory: Bool) {
    self.log = log
    self.name = name
    self.syncsDirectory = syncsDirectory
  }
}

private typealias FilePointer = UnsafeMutablePointer<sqlite3_file>

private func real(_ file: FilePointer?) -> FilePointer {
  UnsafeMutableRawPointer(file!).advanced(by: MemoryLayout<WatchedFile>.size).assumingMemoryBound(to: sqlite3_file.self)
}

private func methods(_ file: FilePointer?) -> sqlite3_io_methods {
  real(file).pointee.pMethods.pointee
}

private func entry(_ file: FilePointer?) -> OpenEntry? {
  UnsafeMutableRawPointer(file!).assumingMemoryBound(to: WatchedFile.self).pointee.entry?.takeUnretainedValue()
}

private func openFile(
  _ vfs: UnsafeMutablePointer<sqlite3_vfs>?, _ path: UnsafePointer<CChar>?, _ file: FilePointer?, _ flags: Int32,
  _ outFlags: UnsafeMutablePointer<Int32>?
) -> Int32 {
  let watchedFile = UnsafeMutableRawPointer(file!).assumingMemoryBound(to: WatchedFile.self)
  watchedFile.pointee.base.pMethods = nil
  watchedFile.pointee.entry = nil
  let target = path.flatMap { RecordingFileSystem.watched(String(cString: $0)) }
  let code = RecordingFileSystem.system.pointee.xOpen(RecordingFileSystem.system, path, real(file), flags, outFlags)
  guard real(file).pointee.pMethods != nil else { return code }
  watchedFile.pointee.base.pMethods = UnsafePointer(RecordingFileSystem.methods)
  if let target, code == SQLITE_OK {
    let mayMakeJournal = flags & SQLITE_OPEN_CREATE != 0 && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL) != 0
    target.log.append(.open(target.name))
    watchedFile.pointee.entry = .passRetained(OpenEntry(log: target.log, name: target.name, syncsDirectory: mayMakeJournal))
  }
  return code
}

private func deleteFile(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?, _ path: UnsafePointer<CChar>?, _ syncsDirectory: Int32) -> Int32 {
  let code = RecordingFileSystem.system.pointee.xDelete(RecordingFileSystem.system, path, syncsDirectory)
  if code == SQLITE_OK, let (log, name) = path.flatMap({ RecordingFileSystem.watched(String(cString: $0)) }) {
    log.append(.delete(name))
    if syncsDirectory != 0 { log.append(.syncDirectory) }
  }
  return code
}

private func watchingMethods() -> sqlite3_io_methods {
  var table = sqlite3_io_methods()
  table.iVersion = 3
  table.xClose = { file in
    let code = methods(file).xClose(real(file))
    let watchedFile = UnsafeMutableRawPointer(file!).assumingMemoryBound(to: WatchedFile.self)
    watchedFile.pointee.entry?.release()
    watchedFile.pointee.entry = nil
    return code
  }
  table.xRead = { methods($0).xRead(real($0), $1, $2, $3) }
  table.xWrite = { file, bytes, count, offset in
    if let entry = entry(file) {
      if let fault = entry.log.fault(.write) { return fault }
      entry.log.append(.write(entry.name, offset: Int(offset), Array(UnsafeRawBufferPointer(start: bytes, count: Int(count)))))
    }
    return methods(file).xWrite(real(file), bytes, count, offset)
  }
  table.xTruncate = { file, size in
    entry(file).map { $0.log.append(.truncate($0.name, size: Int(size))) }
    return methods(file).xTruncate(real(file), size)
  }
  table.xSync = { file, flags in
    if let fault = entry(file)?.log.fault(.sync) { return fault }
    let code = methods(file).xSync(real(file), flags)
    if code == SQLITE_OK, let entry = entry(file) {
      entry.log.append(.sync(entry.name))
      if entry.syncsDirectory { entry.log.append(.syncDirectory) }
      entry.syncsDirectory = false
    }
    return code
  }
  table.xFileSize = { methods($0).xFileSize(real($0), $1) }
  table.xLock = { methods($0).xLock(real($0), $1) }
  table.xUnlock = { methods($0).xUnlock(real($0), $1) }
  table.xCheckReservedLock = { methods($0).xCheckReservedLock(real($0), $1) }
  table.xFileControl = { methods($0).xFileControl(real($0), $1, $2) }
  table.xSectorSize = { methods($0).xSectorSize(real($0)) }
  table.xDeviceCharacteristics = { methods($0).xDeviceCharacteristics(real($0)) }
  table.xShmMap = { methods($0).xShmMap(real($0), $1, $2, $3, $4) }
  table.xShmLock = { methods($0).xShmLock(real($0), $1, $2, $3) }
  table.xShmBarrier = { methods($0).xShmBarrier(real($0)) }
  table.xShmUnmap = { methods($0).xShmUnmap(real($0), $1) }
  table.xFetch = { methods($0).xFetch(real($0), $1, $2, $3) }
  table.xUnfetch = { methods($0).xUnfetch(real($0), $1, $2) }
  return table
}
