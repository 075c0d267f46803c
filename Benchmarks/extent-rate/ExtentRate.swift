import Base
import Extents
import Keyring
import Logging
import NIOCore
import Records

#if canImport(Glibc)
  import Glibc
#endif

/// What encryption at rest costs a read: processor time that it takes to read an extent as the storage service does, beside that of reading the same
/// bytes in the same pieces from a file of the same disk as they are.
///
/// Both ways take turns, in rounds, and both find their bytes in the page cache, where nothing else hides the difference. To the extent's account
/// goes all that a read of plain bytes would not have: keys, frames, their headers, and the threads that open them.
@main
struct ExtentRate: Sendable {
  static let rounds = 10
  /// As `BlobStream` reads.
  static let pieceBytes = 256 << 10
  static let tenant = GUID(high: 0, low: 7)

  let bytes: Int
  let store: ExtentStore
  let records: SQLiteRecordStore
  let extent: ExtentID
  let file: any DiskFile

  /// `extent-rate FOLDER BYTES SECONDS` prints a line of JSON: seconds of a processor that a read takes, `sealed` and `plain`.
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let bytes = Int(arguments[2]), let seconds = Int(arguments[3]), bytes > 0, seconds > 0 else { throw Usage() }
    let rate = try await ExtentRate(folder: arguments[1], bytes: bytes)
    var (sealed, plain) = (0.0, 0.0)
    for _ in 0..<rounds {
      sealed += try await rate.measure(.seconds(seconds) / (2 * rounds)) { [rate] in try await rate.readSealed() } / Double(rounds)
      plain += try await rate.measure(.seconds(seconds) / (2 * rounds)) { [rate] in try rate.readPlain() } / Double(rounds)
    }
    print("{\"sealed\": \(sealed), \"plain\": \(plain)}")
  }

  private init(folder: String, bytes: Int) async throws {
    self.bytes = bytes
    let random = SystemRandom()
    records = try SQLiteRecordStore(path: folder + "/records")
    let keyring = Keyring(rootKey: try RootKey(creatingAt: folder + "/root.key", random: random), random: random)
    let disk = try PosixDisk(path: folder + "/segments")
    store = try await ExtentStore(disk: disk, records: records, keyring: keyring, random: random, logger: Logger(label: "bench"))
    let content = random.bytes(bytes)
    let key = try await records.write { try keyring.makeDataKey(tenant: Self.tenant, in: $0) }
    let writer = try await store.write(length: bytes, tenant: Self.tenant, key: key)
    try await writer.append(ByteBuffer(bytes: content))
    let sealed = try await writer.finish()
    try await records.write { [store] in try store.commit(sealed, in: $0) }
    extent = sealed.id
    file = try PosixDisk(path: folder + "/plain").create("content")
    try content.withUnsafeBytes { try file.write($0, at: 0) }
    guard try await readSealed() == bytes, try readPlain() == bytes else { throw Usage() }
  }

  /// Seconds of all threads of this process that one call takes.
  private func measure(_ duration: Duration, _ read: @Sendable () async throws -> Int) async throws -> Double {
    let (started, end) = (Self.processorSeconds, ContinuousClock.now + duration)
    var count = 0
    repeat {
      _ = try await read()
      count += 1
    } while ContinuousClock.now < end
    return (Self.processorSeconds - started) / Double(count)
  }

  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private func readSealed() async throws -> Int {
    let (store, slice) = (store, ExtentSlice(id: extent, range: 0..<bytes))
    let reader = try await records.read { try store.reader([slice], tenant: Self.tenant, in: $0) }
    var count = 0
    while let piece = try await reader.next(upTo: Self.pieceBytes) { count += piece.readableBytes }
    return count
  }

  private func readPlain() throws -> Int {
    var count = 0
    while count < bytes {
      var piece = ByteBuffer()
      let wanted = min(Self.pieceBytes, bytes - count)
      let got = try piece.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) {
        try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), at: count)
      }
      guard got > 0 else { break }
      count += piece.readableBytes
    }
    return count
  }

  struct Usage: Error, CustomStringConvertible {
    var description: String { "extent-rate FOLDER BYTES SECONDS" }
  }
}
