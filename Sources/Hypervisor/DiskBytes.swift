public import Base
internal import CNbd
internal import Dispatch
internal import Programs
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// The bytes of a disk that no machine has open, read and written in place: nothing of them lies anywhere in clear.
///
/// QEMU's own network block server opens the file with its key and speaks to this process alone, over a socket beside the file. It ends when the
/// connection does, so none outlives this process.
public final class DiskBytes: Sendable {
  /// Bytes of the disk.
  public let size: Int64
  /// Bytes that are read or written by one call.
  public static let pieceBytes = 1 << 20

  private struct Connection: @unchecked Sendable {
    /// libnbd locks it for each call.
    let handle: OpaquePointer
  }

  private struct Use {
    var calls = 0
    var last = ContinuousClock.now
    var isClosed = false
  }

  private let connection: Connection
  private let server: Server
  private let queue: DispatchQueue
  private let use = Mutex(Use())

  private init(_ connection: Connection, size: Int64, server: Server, path: String) {
    self.connection = connection
    self.size = size
    self.server = server
    queue = DispatchQueue(label: "disk \(path)")
  }

  /// The server of one disk, as long as it runs.
  private final class Server: Sendable {
    let socket: String
    private let failure = Mutex<(any Error)?>(nil)
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ file: ImageFile, isReadOnly: Bool, random: any RandomSource) throws {
      let socket = "\(file.path).\(UInt16.random(in: 0...UInt16.max))\(DiskBytes.socketSuffix)"
      self.socket = socket
      let secrets = try ImageSecrets([("k", file.passphrase)], random: random)
      unlink(socket)
      let arguments =
        ["--socket=\(socket)", "--discard=unmap"] + (isReadOnly ? ["--read-only"] : []) + secrets.arguments
        + ["--image-opts", DiskImages.options(file, "k")]
      task.withLock { [self] task in
        task = Task {
          do {
            try await Program("qemu-nbd").run(arguments, input: secrets.input)
          } catch {
            failure.withLock { $0 = error }
          }
          unlink(socket)
        }
      }
    }

    /// Why it ended before its time; nil while it runs.
    var end: (any Error)? { failure.withLock { $0 } }

    /// Waits until it has ended, which it does by itself once nobody is connected.
    func wait() async {
      await task.withLock { $0 }?.value
    }

    func cancel() {
      task.withLock { $0 }?.cancel()
    }
  }

  private static let socketSuffix = ".nbd"
  private static let openSeconds = 20

  /// Opens a disk's file. Throws `HypervisorError` where the key does not fit, somebody else holds it, or it is not there.
  public static func open(_ file: ImageFile, isReadOnly: Bool, random: any RandomSource) async throws -> DiskBytes {
    let server = try Server(file, isReadOnly: isReadOnly, random: random)
    let deadline = ContinuousClock.now.advanced(by: .seconds(openSeconds))
    do {
      while true {
        if let connection = try connect(server.socket) {
          let size = nbd_get_size(connection.handle)
          guard size >= 0 else {
            defer { nbd_close(connection.handle) }
            throw failure()
          }
          return DiskBytes(connection, size: size, server: server, path: file.path)
        }
        if let end = server.end { throw HypervisorError.refused("\(end)") }
        guard ContinuousClock.now < deadline else { throw HypervisorError.timedOut("the server of \(file.path) does not answer") }
        try await Task.sleep(for: .milliseconds(10))
      }
    } catch {
      server.cancel()
      await server.wait()
      throw error
    }
  }

  /// Ends servers that an earlier run of this process started and never spoke to.
  public static func endLeftovers(in folder: String) {
    guard let entries = opendir(folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasSuffix(socketSuffix) else { continue }
      if let connection = try? connect("\(folder)/\(name)") { nbd_close(connection.handle) }
      unlink("\(folder)/\(name)")
    }
  }

  /// Nil where nobody listens yet.
  private static func connect(_ socket: String) throws -> Connection? {
    guard let handle = nbd_create() else { throw failure() }
    guard nbd_add_meta_context(handle, "base:allocation") == 0 else {
      nbd_close(handle)
      throw failure()
    }
    guard nbd_connect_unix(handle, socket) == 0 else {
      nbd_close(handle)
      return nil
    }
    return Connection(handle: handle)
  }

  private static func failure() -> HypervisorError {
    .refused(nbd_get_error().map { String(cString: $0) } ?? "unknown error")
  }

  /// Whether it may be read and written.
  public var isOpen: Bool { use.withLock { !$0.isClosed } }

  /// Whether no call is under way and none was for a time.
  public func isIdle(for duration: Duration) -> Bool {
    use.withLock { $0.calls == 0 && ContinuousClock.now - $0.last > duration }
  }

  /// Ends the connection once the calls under way have ended, and waits until the file is free.
  public func close() async {
    let isFirst = use.withLock { use in
      defer { use.isClosed = true }
      return !use.isClosed
    }
    guard isFirst else { return }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      queue.async { [connection] in
        nbd_shutdown(connection.handle, 0)
        nbd_close(connection.handle)
        continuation.resume()
      }
    }
    await server.wait()
  }

  /// Runs calls on the disk's own thread, one after the other.
  private func run<Value: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> Value) async throws -> Value {
    let isOpen = use.withLock { use in
      use.calls += use.isClosed ? 0 : 1
      return !use.isClosed
    }
    guard isOpen else { throw HypervisorError.refused("the disk is closed") }
    defer {
      use.withLock { use in
        use.calls -= 1
        use.last = .now
      }
    }
    return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
      queue.async { [connection] in continuation.resume(with: Result { try body(connection.handle) }) }
    }
  }

  /// Encrypted disks are read and written by whole sectors.
  private static let sectorBytes: Int64 = 512

  public func read(at offset: Int64, count: Int) async throws -> [UInt8] {
    let first = offset / Self.sectorBytes * Self.sectorBytes
    let end = (offset + Int64(count) + Self.sectorBytes - 1) / Self.sectorBytes * Self.sectorBytes
    let sectors = try await run { handle in
      try [UInt8](unsafeUninitializedCapacity: Int(end - first)) { buffer, filled in
        guard nbd_pread(handle, buffer.baseAddress, buffer.count, UInt64(first), 0) == 0 else { throw Self.failure() }
        filled = buffer.count
      }
    }
    return sectors.count == count ? sectors : Array(sectors[Int(offset - first)..<Int(offset - first) + count])
  }

  /// Writes whole sectors.
  public func write(_ bytes: [UInt8], at offset: Int64) async throws {
    try await run { handle in
      guard bytes.withUnsafeBytes({ nbd_pwrite(handle, $0.baseAddress, $0.count, UInt64(offset), 0) }) == 0 else { throw Self.failure() }
    }
  }

  /// Makes a range of whole sectors read as zeroes and gives its space back.
  public func clear(at offset: Int64, count: Int64) async throws {
    var range = offset..<offset + count
    while !range.isEmpty {
      let piece = min(Int64(range.count), Self.lookBytes)
      let start = range.lowerBound
      try await run { handle in
        guard nbd_zero(handle, UInt64(piece), UInt64(start), 0) == 0 else { throw Self.failure() }
      }
      range = start + piece..<range.upperBound
    }
  }

  /// Makes durable what was written.
  public func flush() async throws {
    try await run { handle in
      guard nbd_flush(handle, 0) == 0 else { throw Self.failure() }
    }
  }

  /// Bytes that one call looks at or clears: lengths have 32 bits on the wire.
  private static let lookBytes: Int64 = 1 << 30

  /// The parts of a range that may hold something else than zeroes, in their order.
  public func written(in range: Range<Int64>) async throws -> [Range<Int64>] {
    var found: [Range<Int64>] = []
    var offset = range.lowerBound
    while offset < range.upperBound {
      let start = offset
      let extents = try await run { handle in try Self.extents(handle, at: start, count: min(Self.lookBytes, range.upperBound - start)) }
      for (length, isZero) in extents {
        let end = min(offset + length, range.upperBound)
        if !isZero, end > offset {
          if let last = found.last, last.upperBound == offset {
            found[found.count - 1] = last.lowerBound..<end
          } else {
            found.append(offset..<end)
          }
        }
        offset = end
      }
      guard offset > start else { throw HypervisorError.refused("the server tells nothing of its extents") }
    }
    return found
  }

  private final class Extents {
    var items: [(length: Int64, isZero: Bool)] = []
  }

  private static func extents(_ handle: OpaquePointer, at offset: Int64, count: Int64) throws -> [(length: Int64, isZero: Bool)] {
    let result = Extents()
    let callback = nbd_extent_callback(
      callback: { context, _, _, entries, count, _ in
        guard let context, let entries else { return 0 }
        let result = Unmanaged<Extents>.fromOpaque(context).takeUnretainedValue()
        // Pairs of a length and flags; the second bit says that it reads as zeroes.
        for index in stride(from: 0, to: count - count % 2, by: 2) {
          result.items.append((Int64(entries[index]), entries[index + 1] & 2 != 0))
        }
        return 0
      }, user_data: Unmanaged.passUnretained(result).toOpaque(), free: nil)
    let status = withExtendedLifetime(result) { nbd_block_status(handle, UInt64(count), UInt64(offset), callback, 0) }
    guard status == 0 else { throw failure() }
    return result.items
  }
}
