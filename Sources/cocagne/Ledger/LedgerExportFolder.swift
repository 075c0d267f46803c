internal import Base
internal import Ledger
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Writes an export of the log into a folder that is not there yet, whole or not at all.
struct LedgerExportFolder {
  let ledger: Ledger
  let path: String

  /// Gives the number of entries.
  func write() async throws -> Int {
    guard access(path, F_OK) != 0 else { throw OperatorError("\(path) existe déjà.", "\(path) is there already.") }
    try await ledger.fileAll()
    let head = try await ledger.signHead().head
    let partial = path + ".new"
    try Self.clear(partial)
    let disk = try PosixDisk(path: partial)
    try DataDirectory.write(try await LedgerExport.header(of: ledger, head: head).bytes + [0x0A], to: "\(partial)/\(LedgerExport.header)")
    var (entries, leaves) = (try ExportFile(disk, LedgerExport.entries), try ExportFile(disk, LedgerExport.leaves))
    var after = 0
    while after < head.size {
      let page = try await ledger.filedEntries(after: after, limit: min(LedgerLimits.maximumPageEntries, head.size - after))
      guard let last = page.last else { throw LedgerError.damaged("entry \(after + 1)") }
      for entry in page {
        try entries.append(line: entry.writeSet)
        try leaves.append(line: Array(entry.leaf.hash.hexadecimal.utf8))
      }
      after = last.sequence
    }
    try entries.finish()
    try leaves.finish()
    try await writeHeads(upTo: head.size, disk)
    try disk.syncDirectory()
    guard rename(partial, path) == 0 else { throw DiskError.system(errno, call: "rename") }
    return head.size
  }

  private func writeHeads(upTo size: Int, _ disk: PosixDisk) async throws {
    var file = try ExportFile(disk, LedgerExport.heads)
    var after = 0
    while after < size {
      let page = try await ledger.heads(after: after, limit: LedgerLimits.maximumPageEntries).filter { $0.size <= size }
      guard let last = page.last else { break }
      for head in page { try file.append(line: head.json.bytes) }
      after = last.size
    }
    try file.finish()
  }

  /// What an export that was cut short has left.
  private static func clear(_ partial: String) throws {
    guard access(partial, F_OK) == 0 else { return }
    let disk = try PosixDisk(path: partial)
    for name in try disk.list() { try disk.remove(name) }
  }
}

/// A file that grows line by line.
private struct ExportFile {
  private static let bufferBytes = 1 << 20

  private let file: any DiskFile
  private var offset = 0
  private var buffer: [UInt8] = []

  init(_ disk: PosixDisk, _ name: String) throws { file = try disk.create(name) }

  mutating func append(line: [UInt8]) throws {
    buffer += line
    buffer.append(0x0A)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  mutating func finish() throws {
    try flush()
    try file.sync()
  }

  private mutating func flush() throws {
    try buffer.withUnsafeBytes { try file.write($0, at: offset) }
    offset += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }
}
