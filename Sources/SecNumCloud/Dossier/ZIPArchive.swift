/// A ZIP file whose members are stored as they are: what the container of a workbook takes. Source: PKWARE, "APPNOTE.TXT", 4.3.
struct ZIPArchive {
  private var body: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// The first day that the format can say, so that equal contents are equal files.
  private static let date: UInt16 = 1 << 5 | 1
  private static let versionNeeded: UInt16 = 20
  /// Names are UTF-8.
  private static let flags: UInt16 = 1 << 11

  mutating func add(_ name: String, _ bytes: [UInt8]) {
    precondition(
      bytes.count < Int(UInt32.max) && body.count < Int(UInt32.max) && count < Int(UInt16.max), "the format without extensions holds no more")
    let offset = body.count
    var common: [UInt8] = []
    for field in [Self.versionNeeded, Self.flags, 0, 0, Self.date] { common.append(littleEndian: field) }
    for field in [CRC32.of(bytes), UInt32(bytes.count), UInt32(bytes.count)] { common.append(littleEndian: field) }
    common.append(littleEndian: UInt16(name.utf8.count))
    common.append(littleEndian: UInt16(0))

    body.append(littleEndian: UInt32(0x0403_4B50))
    body += common + Array(name.utf8) + bytes

    directory.append(littleEndian: UInt32(0x0201_4B50))
    directory.append(littleEndian: Self.versionNeeded)
    directory += common
    for field in [UInt16(0), 0, 0] { directory.append(littleEndian: field) }
    directory.append(littleEndian: UInt32(0))
    directory.append(littleEndian: UInt32(offset))
    directory += Array(name.utf8)
    count += 1
  }

  var bytes: [UInt8] {
    var end: [UInt8] = []
    end.append(littleEndian: UInt32(0x0605_4B50))
    for field in [UInt16(0), 0, UInt16(count), UInt16(count)] { end.append(littleEndian: field) }
    end.append(littleEndian: UInt32(directory.count))
    end.append(littleEndian: UInt32(body.count))
    end.append(littleEndian: UInt16(0))
    return body + directory + end
  }
}

/// The checksum of ZIP files. Source: ISO 3309, in the reflected form.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { value, byte in table[Int((value ^ UInt32(byte)) & 0xFF)] ^ value >> 8 }
  }
}

extension [UInt8] {
  fileprivate mutating func append<Integer: FixedWidthInteger>(littleEndian value: Integer) {
    for index in 0..<MemoryLayout<Integer>.size { append(UInt8(truncatingIfNeeded: value >> (8 * Integer(index)))) }
  }
}
