internal import Base

/// A fixed virtual hard disk: a disk's bytes, and behind them one sector that describes them. It is how Azure takes disks in and gives them out.
///
/// Source: Microsoft, "Virtual Hard Disk Image Format Specification".
enum VirtualHardDisk {
  static let footerBytes = 512
  private static let cookie = Array("conectix".utf8)
  private static let fixed: UInt32 = 2
  /// Footers count seconds from the beginning of 2000.
  private static let epochSeconds: Int64 = 946_684_800

  /// Why a footer is not one of a fixed disk of the expected size.
  enum Defect: Error {
    case cookie
    case type
    case size
    case checksum
  }

  /// The footer of a disk of `bytes`, whose id is `id`.
  static func footer(bytes: Int64, id: GUID, created: Timestamp) -> [UInt8] {
    var footer: [UInt8] = cookie
    func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.bigEndian) { footer += $0 } }
    append(UInt32(2))
    append(UInt32(0x0001_0000))
    append(UInt64.max)
    append(UInt32(clamping: created.seconds - epochSeconds))
    // With this creator, readers take the size from its own field and not from the geometry, which cannot express every size.
    footer += Array("win ".utf8)
    append(UInt32(0x000a_0000))
    footer += Array("Wi2k".utf8)
    append(bytes)
    append(bytes)
    let geometry = geometry(sectors: bytes / 512)
    append(UInt16(geometry.cylinders))
    append(UInt8(geometry.heads))
    append(UInt8(geometry.sectors))
    append(fixed)
    append(UInt32(0))
    footer += id.bytes
    footer += [UInt8](repeating: 0, count: footerBytes - footer.count)
    let sum = checksum(footer)
    for index in 0..<4 { footer[64 + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * index)) }
    return footer
  }

  /// The size in bytes of the disk that a footer describes. Throws `Defect`.
  static func diskBytes(footer: [UInt8]) throws(Defect) -> Int64 {
    guard footer.count == footerBytes, footer.starts(with: cookie) else { throw .cookie }
    func number(_ range: Range<Int>) -> UInt64 { footer[range].reduce(0) { $0 << 8 | UInt64($1) } }
    guard number(60..<64) == UInt64(fixed) else { throw .type }
    guard number(64..<68) == UInt64(checksum(footer)) else { throw .checksum }
    guard let size = Int64(exactly: number(48..<56)), size > 0, size % 512 == 0 else { throw .size }
    return size
  }

  /// The one's complement of the sum of all bytes but the checksum's own.
  private static func checksum(_ footer: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0
    for (index, byte) in footer.enumerated() where !(64..<68).contains(index) { sum &+= UInt32(byte) }
    return ~sum
  }

  /// The geometry that the specification derives from a number of sectors.
  private static func geometry(sectors total: Int64) -> (cylinders: Int64, heads: Int64, sectors: Int64) {
    let total = min(total, 65535 * 16 * 255)
    if total >= 65535 * 16 * 63 { return (total / 255 / 16, 16, 255) }
    var sectors: Int64 = 17
    var perHead = total / sectors
    var heads = max(4, (perHead + 1023) / 1024)
    if perHead >= heads * 1024 || heads > 16 {
      (sectors, heads) = (31, 16)
      perHead = total / sectors
    }
    if perHead >= heads * 1024 {
      (sectors, heads) = (63, 16)
      perHead = total / sectors
    }
    return (perHead / heads, heads, sectors)
  }
}
