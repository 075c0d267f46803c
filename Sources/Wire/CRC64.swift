internal import CProcessor

/// The 64-bit cyclic redundancy check of Azure Storage (`x-ms-content-crc64`): polynomial 0x9A6C9329AC4BC9B5 reflected, all ones at
/// the start and at the end, known elsewhere as CRC-64/NVME.
///
/// Where the processor multiplies without carries, long inputs are folded 64 bytes a step; the rest goes through eight tables, eight bytes a step.
/// Source: Intel, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction".
public struct CRC64: Sendable {
  private var state: UInt64 = .max
  private let folds: Bool

  public init() {
    self.init(folding: true)
  }

  /// Without folding it takes the tables alone.
  package init(folding: Bool) {
    folds = folding && Folding.isAvailable
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    if folds, bytes.count >= Folding.minimumBytes {
      let count = bytes.count & ~15
      rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
      let remaining = Folding.shared.fold(UnsafeRawBufferPointer(rebasing: bytes[..<count]), state: state)
      state = withUnsafeBytes(of: remaining) { Self.advance(0, over: $0) }
    }
    state = Self.advance(state, over: rest)
  }

  private static func advance(_ start: UInt64, over bytes: UnsafeRawBufferPointer) -> UInt64 {
    tables.withUnsafeBufferPointer { tables in
      var state = start
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
      return state
    }
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

  /// The coefficient of x^0 is the highest bit; that of x^64 is not written.
  fileprivate static let polynomial: UInt64 = 0x9A6C_9329_AC4B_C9B5

  /// Table `k` of 256 entries advances a byte by `k` further bytes.
  private static let tables: [UInt64] = {
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

/// Long inputs, 16 bytes in each of four lanes at a time: a lane is multiplied by what carries it over the bytes up to its next place, and added there.
private struct Folding {
  static let shared = Folding()
  static let isAvailable = has_carryless_multiplication() != 0
  /// Below it the tables are as fast.
  static let minimumBytes = 256

  private let byFour: (UInt64, UInt64)
  private let byOne: (UInt64, UInt64)

  private init() {
    byFour = Self.factors(bits: 512)
    byOne = Self.factors(bits: 128)
  }

  /// What carries the two halves of a lane over so many bits. A product of two reflected words is one bit short of its place.
  private static func factors(bits: Int) -> (UInt64, UInt64) {
    (power(bits + 63), power(bits - 1))
  }

  /// The remainder of x to this power.
  private static func power(_ exponent: Int) -> UInt64 {
    var remainder: UInt64 = 1 << 63
    for _ in 0..<exponent { remainder = remainder & 1 == 1 ? remainder >> 1 ^ CRC64.polynomial : remainder >> 1 }
    return remainder
  }

  /// Two words that leave the remainder which a multiple of 16 bytes leaves behind `state`.
  func fold(_ bytes: UnsafeRawBufferPointer, state: UInt64) -> (UInt64, UInt64) {
    var remaining: (UInt64, UInt64) = (0, 0)
    withUnsafeBytes(of: byFour) { four in
      withUnsafeBytes(of: byOne) { one in
        withUnsafeMutableBytes(of: &remaining) { remaining in
          fold_carryless(
            bytes.baseAddress, Int64(bytes.count), state, four.assumingMemoryBound(to: UInt64.self).baseAddress,
            one.assumingMemoryBound(to: UInt64.self).baseAddress, remaining.assumingMemoryBound(to: UInt64.self).baseAddress)
        }
      }
    }
    return remaining
  }
}
