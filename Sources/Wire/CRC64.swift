/// The 64-bit cyclic redundancy check of Azure Storage (`x-ms-content-crc64`): polynomial 0x9A6C9329AC4BC9B5 reflected, all ones at
/// the start and at the end, known elsewhere as CRC-64/NVME. Eight bytes a step through eight tables.
public struct CRC64: Sendable {
  private var state: UInt64 = .max

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var state = state
    Self.tables.withUnsafeBufferPointer { tables in
      var offset = 0
      while offset + 8 <= bytes.count {
        state ^= UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        state =
          tables[7 << 8 | Int(state & 0xFF)] ^ tables[6 << 8 | Int(state >> 8 & 0xFF)]
          ^ tables[5 << 8 | Int(state >> 16 & 0xFF)] ^ tables[4 << 8 | Int(state >> 24 & 0xFF)]
          ^ tables[3 << 8 | Int(state >> 32 & 0xFF)] ^ tables[2 << 8 | Int(state >> 40 & 0xFF)]
          ^ tables[1 << 8 | Int(state >> 48 & 0xFF)] ^ tables[Int(state >> 56)]
        offset += 8
      }
      while offset < bytes.count {
        state = tables[Int((state ^ UInt64(bytes[offset])) & 0xFF)] ^ state >> 8
        offset += 1
      }
    }
    self.state = state
  }

  public mutating func update(_ bytes: some Collection<UInt8>) {
    if bytes.withContiguousStorageIfAvailable({ update(UnsafeRawBufferPointer($0)) }) == nil {
      Array(bytes).withUnsafeBytes { update($0) }
    }
  }

  public var value: UInt64 { ~state }

  /// The value as the header carries it before base64: eight bytes, least significant first.
  public var bytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  /// Table `k` of 256 entries advances a byte by `k` further bytes.
  private static let tables: [UInt64] = {
    let polynomial: UInt64 = 0x9A6C_9329_AC4B_C9B5
    var tables = [UInt64](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var remainder = UInt64(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ polynomial : remainder >> 1 }
      tables[byte] = remainder
    }
    for index in 256..<tables.count {
      let previous = tables[index - 256]
      tables[index] = tables[Int(previous & 0xFF)] ^ previous >> 8
    }
    return tables
  }()
}
