internal import Base
internal import Hypervisor

/// The disks whose bytes are being read or written by URL: opened at the first request, closed when nobody has asked for a while.
actor OpenDisks {
  private struct Entry {
    /// Tells an entry from a later one of the same disk.
    var number: Int
    var isReadOnly: Bool
    var opening: Task<DiskBytes, any Error>
  }

  private var entries: [GUID: Entry] = [:]
  private var count = 0
  private static let idle: Duration = .seconds(30)
  /// Each has a process of its own.
  private static let maximum = 64

  /// The bytes of a disk, `opened` unless they are. Throws what that throws, and `ServerBusy` where too many are open.
  func bytes(of disk: GUID, isReadOnly: Bool, opened: @escaping @Sendable () async throws -> DiskBytes) async throws -> DiskBytes {
    while let entry = entries[disk] {
      if entry.isReadOnly == isReadOnly {
        let bytes = try await entry.opening.value
        if bytes.isOpen { return bytes }
      }
      await close(disk, entry.number)
    }
    guard entries.count < Self.maximum else { throw CloudError.serverBusy() }
    count += 1
    let entry = Entry(number: count, isReadOnly: isReadOnly, opening: Task { try await opened() })
    entries[disk] = entry
    do {
      return try await entry.opening.value
    } catch {
      forget(disk, entry.number)
      throw error
    }
  }

  private func forget(_ disk: GUID, _ number: Int) {
    if entries[disk]?.number == number { entries[disk] = nil }
  }

  /// Lets go of a disk's file, and returns once it is free.
  func close(_ disk: GUID) async {
    if let entry = entries[disk] { await close(disk, entry.number) }
  }

  private func close(_ disk: GUID, _ number: Int) async {
    guard let entry = entries[disk], entry.number == number else { return }
    entries[disk] = nil
    // What could not be opened holds nothing.
    guard let bytes = try? await entry.opening.value else { return }
    await bytes.close()
  }

  func closeIdle() async {
    for (disk, entry) in entries {
      guard let bytes = try? await entry.opening.value, bytes.isIdle(for: Self.idle) else { continue }
      await close(disk, entry.number)
    }
  }
}
