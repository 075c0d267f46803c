public import Base
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// A disk in memory that remembers which writes were synced. It can lose its power before any operation, and then gives disks as they may be found
/// afterwards: with everything that was synced, and any part of what was not.
public final class SimulatedDisk: Disk {
  private let state: Mutex<State>

  /// A power cut tears writes at multiples of this many bytes.
  static let sectorBytes = 512
  /// Space is taken in blocks of this many bytes, where something was written.
  static let blockBytes = 4096

  /// An empty disk with room for so many bytes.
  public init(capacityBytes: Int = .max) {
    state = Mutex(State(capacity: capacityBytes))
  }

  private init(_ state: sending State) {
    self.state = Mutex(state)
  }

  // MARK: The disk

  public func list() throws -> [String] {
    try state.withLock { state in
      try state.requirePower("opendir")
      return state.names.keys.sorted()
    }
  }

  public func create(_ name: String) throws -> any DiskFile {
    try state.withLock { state in
      try state.change("open")
      guard state.names[name] == nil else { throw DiskError.system(17, call: "open") }
      let number = state.makeFile()
      state.set(number, under: name)
      return SimulatedFile(disk: self, number: number)
    }
  }

  public func open(_ name: String) throws -> any DiskFile {
    try state.withLock { state in
      try state.requirePower("open")
      guard let number = state.names[name] else { throw DiskError.system(2, call: "open") }
      return SimulatedFile(disk: self, number: number)
    }
  }

  public func remove(_ name: String) throws {
    try state.withLock { state in
      try state.change("unlink")
      guard state.names[name] != nil else { throw DiskError.system(2, call: "unlink") }
      state.set(nil, under: name)
    }
  }

  public func syncDirectory() throws {
    try state.withLock { state in
      try state.change("fsync")
      state.syncDirectory()
    }
  }

  // MARK: What happened

  /// Operations that changed something, so far: creations, removals, writes and syncs.
  public var operationCount: Int { state.withLock { $0.operations } }
  /// Calls of `sync` on files, so far.
  public var syncCount: Int { state.withLock { $0.syncs } }
  /// Space taken by the files that can be found by name.
  public var usedBytes: Int { state.withLock { $0.usedBytes } }

  /// The length of a file in bytes, or nil when there is none of this name.
  public func size(of name: String) -> Int? {
    state.withLock { state in state.names[name].map { state.files[$0].bytes.count } }
  }

  // MARK: Faults

  /// Cuts the power before the operation with this number (counted from 0): that one and everything after it fails. A write that is cut may
  /// still have reached the disk in part.
  public func cutPower(beforeOperation number: Int) {
    state.withLock { $0.cut = number }
  }

  /// Whether the power was cut, and somebody noticed.
  public var isDead: Bool { state.withLock { $0.isDead } }

  /// The disk as it may be found after the power was cut now: everything that was synced, and of each unsynced write and change of the directory what
  /// `keeping` decides, writes torn at sectors.
  public func crash(keeping random: some RandomSource) -> SimulatedDisk {
    SimulatedDisk(state.withLock { $0.crashed(random) })
  }

  public func freeBytes() throws -> Int {
    state.withLock { $0.capacity == .max ? .max : $0.capacity - $0.usedBytes }
  }

  /// Changes the disk's size. Nothing that is on it gets lost.
  public func setCapacity(bytes: Int) {
    state.withLock { $0.capacity = bytes }
  }

  /// Makes each sync of a file take so long.
  public func setSyncDelay(milliseconds: Int) {
    state.withLock { $0.syncDelayMilliseconds = milliseconds }
  }

  /// Makes the next `count` syncs of files fail.
  public func failSyncs(_ count: Int, with error: DiskError) {
    state.withLock { $0.syncFailures = (count, error) }
  }

  /// Makes the next `count` writes fail.
  public func failWrites(_ count: Int, with error: DiskError) {
    state.withLock { $0.writeFailures = (count, error) }
  }

  /// Makes the next `count` reads fail.
  public func failReads(_ count: Int, with error: DiskError) {
    state.withLock { $0.readFailures = (count, error) }
  }

  /// Flips bits of one byte of a file: decay that no sync and no crash heals.
  public func flip(_ name: String, at offset: Int, mask: UInt8 = 0x01) {
    state.withLock { state in
      guard let number = state.names[name] else { preconditionFailure("no file named \(name)") }
      state.files[number].bytes[offset] ^= mask
      if offset < state.files[number].durable.count { state.files[number].durable[offset] ^= mask }
    }
  }

  // MARK: Files

  fileprivate func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, in number: Int) throws {
    try state.withLock { state in
      do {
        try state.change("pwrite")
      } catch {
        if state.dies() { state.files[number].pending.append(Write(offset: offset, bytes: Array(bytes))) }
        throw error
      }
      try State.fail(&state.writeFailures)
      let fitting = state.fitting(bytes.count, at: offset, in: number)
      state.write(Array(bytes.prefix(fitting)), at: offset, in: number)
      if fitting < bytes.count { throw DiskError.full }
    }
  }

  fileprivate var failsReads: Bool { state.withLock { ($0.readFailures?.count ?? 0) > 0 } }

  fileprivate func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int, in number: Int) throws -> Int {
    try state.withLock { state in
      try state.requirePower("pread")
      try State.fail(&state.readFailures)
      let count = max(0, min(buffer.count, state.files[number].bytes.count - offset))
      if count > 0 { buffer.copyBytes(from: state.files[number].bytes[offset..<offset + count]) }
      return count
    }
  }

  fileprivate func sync(_ number: Int) throws {
    let delay = state.withLock { $0.syncDelayMilliseconds }
    if delay > 0 { usleep(UInt32(delay) * 1000) }
    try state.withLock { state in
      try state.change("fdatasync")
      state.syncs += 1
      try State.fail(&state.syncFailures)
      state.sync(number)
    }
  }

  fileprivate func size(_ number: Int) throws -> Int {
    try state.withLock { state in
      try state.requirePower("fstat")
      return state.files[number].bytes.count
    }
  }
}

extension SimulatedDisk {
  fileprivate struct Write {
    var offset: Int
    var bytes: [UInt8]

    /// Its parts that reach the disk or do not as a whole.
    var sectors: [Range<Int>] {
      var sectors: [Range<Int>] = []
      var start = offset
      while start < offset + bytes.count {
        let end = min((start / SimulatedDisk.sectorBytes + 1) * SimulatedDisk.sectorBytes, offset + bytes.count)
        sectors.append(start..<end)
        start = end
      }
      return sectors
    }
  }

  fileprivate struct File {
    /// What reads give.
    var bytes: [UInt8] = []
    /// What a sync has made safe.
    var durable: [UInt8] = []
    /// Writes since the last sync.
    var pending: [Write] = []
    /// Blocks that take space.
    var blocks: Set<Int> = []
  }

  fileprivate struct State {
    var capacity: Int
    /// Files by number. A file without a name stays readable for those who have it open.
    var files: [File] = []
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    /// Changes of the directory since its last sync, in order.
    var pendingNames: [(name: String, file: Int?)] = []
    var operations = 0
    var syncs = 0
    var syncDelayMilliseconds = 0
    var cut = Int.max
    var isDead = false
    var syncFailures: (count: Int, error: DiskError)?
    var writeFailures: (count: Int, error: DiskError)?
    var readFailures: (count: Int, error: DiskError)?

    init(capacity: Int) {
      self.capacity = capacity
    }

    /// Whether the operation that just failed is the one in which the power went.
    func dies() -> Bool { operations == cut }

    mutating func requirePower(_ call: String) throws {
      if isDead { throw DiskError.system(5, call: call) }
    }

    mutating func change(_ call: String) throws {
      if operations >= cut {
        // Only the first one was under way when the power went.
        if isDead { operations += 1 }
        isDead = true
        throw DiskError.system(5, call: call)
      }
      operations += 1
    }

    static func fail(_ failures: inout (count: Int, error: DiskError)?) throws {
      guard let (count, error) = failures, count > 0 else { return }
      failures = (count - 1, error)
      throw error
    }

    var usedBytes: Int {
      names.values.reduce(0) { $0 + files[$1].blocks.count * SimulatedDisk.blockBytes }
    }

    mutating func makeFile() -> Int {
      files.append(File())
      return files.count - 1
    }

    mutating func set(_ file: Int?, under name: String) {
      names[name] = file
      pendingNames.append((name, file))
    }

    mutating func syncDirectory() {
      durableNames = names
      pendingNames = []
    }

    /// How many bytes of a write there is room for.
    func fitting(_ count: Int, at offset: Int, in number: Int) -> Int {
      guard count > 0 else { return 0 }
      var free = capacity == .max ? Int.max : (capacity - usedBytes) / SimulatedDisk.blockBytes
      for block in offset / SimulatedDisk.blockBytes...(offset + count - 1) / SimulatedDisk.blockBytes where !files[number].blocks.contains(block) {
        guard free > 0 else { return max(0, block * SimulatedDisk.blockBytes - offset) }
        free -= 1
      }
      return count
    }

    mutating func write(_ bytes: [UInt8], at offset: Int, in number: Int) {
      guard !bytes.isEmpty else { return }
      files[number].blocks.formUnion(offset / SimulatedDisk.blockBytes...(offset + bytes.count - 1) / SimulatedDisk.blockBytes)
      Self.put(bytes[...], at: offset, in: &files[number].bytes)
      files[number].pending.append(Write(offset: offset, bytes: bytes))
    }

    mutating func sync(_ number: Int) {
      for write in files[number].pending { Self.put(write.bytes[...], at: write.offset, in: &files[number].durable) }
      files[number].pending = []
    }

    static func put(_ bytes: ArraySlice<UInt8>, at offset: Int, in file: inout [UInt8]) {
      if file.count < offset + bytes.count { file.append(contentsOf: repeatElement(0, count: offset + bytes.count - file.count)) }
      file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    func crashed(_ random: some RandomSource) -> State {
      var image = State(capacity: capacity)
      var found = durableNames
      // Of the changes of one name, the first so many were made.
      for name in Set(pendingNames.map(\.name)).sorted() {
        let changes = pendingNames.filter { $0.name == name }
        let made = random.number(below: changes.count + 1)
        if made > 0 { found[name] = changes[made - 1].file }
      }
      for (name, number) in found.sorted(by: { $0.key < $1.key }) {
        var file = File(durable: files[number].durable)
        for write in files[number].pending {
          for sector in write.sectors where random.number(below: 2) == 0 {
            Self.put(write.bytes[sector.lowerBound - write.offset..<sector.upperBound - write.offset], at: sector.lowerBound, in: &file.durable)
          }
        }
        file.bytes = file.durable
        file.blocks = files[number].blocks
        image.files.append(file)
        image.names[name] = image.files.count - 1
      }
      image.durableNames = image.names
      return image
    }
  }
}

private final class SimulatedFile: DiskFile {
  private let disk: SimulatedDisk
  private let number: Int

  init(disk: SimulatedDisk, number: Int) {
    self.disk = disk
    self.number = number
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    try disk.write(bytes, at: offset, in: number)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    try disk.read(into: buffer, at: offset, in: number)
  }

  func readWithoutWaiting(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    // What the device will fail is not in memory.
    guard !disk.failsReads else { return false }
    return (try? disk.read(into: buffer, at: offset, in: number)) == buffer.count
  }

  func sync() throws {
    try disk.sync(number)
  }

  func size() throws -> Int {
    try disk.size(number)
  }
}
