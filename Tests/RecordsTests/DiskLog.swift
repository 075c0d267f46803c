import Base
import Simulation
import Synchronization

/// What was done to the files of a directory, in order, and faults to come.
final class DiskLog: Sendable {
  enum Operation: Sendable {
    /// Makes the file where it is missing.
    case open(String)
    case write(String, offset: Int, [UInt8])
    case truncate(String, size: Int)
    case sync(String)
    case delete(String)
    case syncDirectory
  }

  enum Call: Hashable, Sendable {
    case write
    case sync
  }

  private struct State {
    var operations: [Operation] = []
    var faults: [Call: (code: Int32, after: Int, times: Int)] = [:]
  }

  private let state = Mutex(State())

  var operations: [Operation] { state.withLock { $0.operations } }
  var count: Int { state.withLock { $0.operations.count } }

  func append(_ operation: Operation) {
    state.withLock { $0.operations.append(operation) }
  }

  /// Makes calls of this sort fail with an SQLite code: so many, once so many have succeeded.
  func fail(_ call: Call, with code: Int32, after: Int = 0, times: Int = .max) {
    state.withLock { $0.faults[call] = (code, after, times) }
  }

  func clearFaults() {
    state.withLock { $0.faults = [:] }
  }

  /// The code with which this call is to fail.
  func fault(_ call: Call) -> Int32? {
    state.withLock { state in
      guard let fault = state.faults[call], fault.times > 0 else { return nil }
      if fault.after > 0 {
        state.faults[call]?.after -= 1
        return nil
      }
      state.faults[call]?.times -= 1
      return fault.code
    }
  }
}

/// A disk that replays a log and can say what is on it after a power loss: what was synced, and of the rest any part.
struct ReplayedDisk {
  /// What becomes of operations that were not synced.
  enum Loss: CaseIterable {
    case everything
    case nothing
    /// Each operation is kept, lost, or torn between sectors, by the seed.
    case random
  }

  private final class File {
    var synced: [UInt8] = []
    var pending: [DiskLog.Operation] = []
  }

  private static let sectorBytes = 512
  private var names: [String: File] = [:]
  private var durableNames: [String: File] = [:]

  /// `existing` is there, empty and synced.
  init(existing: String) {
    names[existing] = File()
    durableNames = names
  }

  mutating func replay(_ operation: DiskLog.Operation) {
    switch operation {
    case .open(let name):
      if names[name] == nil { names[name] = File() }
    case .write(let name, _, _), .truncate(let name, _):
      names[name]?.pending.append(operation)
    case .sync(let name):
      guard let file = names[name] else { return }
      for pending in file.pending { Self.apply(pending, to: &file.synced) }
      file.pending = []
    case .delete(let name):
      names[name] = nil
    case .syncDirectory:
      durableNames = names
    }
  }

  func afterPowerLoss(_ loss: Loss, random: SeededRandom) -> [String: [UInt8]] {
    var image: [String: [UInt8]] = [:]
    for name in Set(names.keys).union(durableNames.keys).sorted() {
      let isCurrent =
        switch loss {
        case .everything: false
        case .nothing: true
        case .random: names[name] === durableNames[name] || random.number(below: 2) == 0
        }
      guard let file = isCurrent ? names[name] : durableNames[name] else { continue }
      var content = file.synced
      for operation in file.pending { Self.apply(operation, to: &content, loss, random) }
      image[name] = content
    }
    return image
  }

  private static func apply(_ operation: DiskLog.Operation, to content: inout [UInt8], _ loss: Loss, _ random: SeededRandom) {
    switch loss {
    case .everything: return
    case .nothing: apply(operation, to: &content)
    case .random:
      switch random.number(below: 4) {
      case 0: return
      case 1:
        guard case .write(let name, let offset, let bytes) = operation else { return }
        var start = 0
        while start < bytes.count {
          let end = min(bytes.count, ((offset + start) / sectorBytes + 1) * sectorBytes - offset)
          if random.number(below: 2) == 0 { apply(.write(name, offset: offset + start, Array(bytes[start..<end])), to: &content) }
          start = end
        }
      default: apply(operation, to: &content)
      }
    }
  }

  private static func apply(_ operation: DiskLog.Operation, to content: inout [UInt8]) {
    switch operation {
    case .write(_, let offset, let bytes):
      if content.count < offset + bytes.count { content += [UInt8](repeating: 0, count: offset + bytes.count - content.count) }
      content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    case .truncate(_, let size):
      if content.count > size { content.removeLast(content.count - size) }
    case .open, .sync, .delete, .syncDirectory: break
    }
  }
}
