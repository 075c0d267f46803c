internal import Base

/// What a disk's file says of its encryption, read from its raw bytes: a qcow2 image whose clusters are encrypted as its LUKS header says.
///
/// Source: QEMU, "QCOW2 image format" (docs/interop/qcow2.rst); LUKS on-disk format 1.2.3.
struct EncryptedDisk {
  /// As `CryptographicProfile` names it, for example `aes-256-xts`.
  let cipher: String
  /// What its key slots are stretched with.
  let digest: String
  /// Bits of the key, both halves of XTS together.
  let keyBits: Int
  let identifier: String

  private let path: String
  private let host: any HostView
  private let header: [UInt8]

  private static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xFB]
  private static let luksMagic: [UInt8] = Array("LUKS".utf8) + [0xBA, 0xBE]
  private static let luksMethod = 2
  private static let encryptionExtension = 0x0537_BE77
  /// The first cluster holds the header with its extensions.
  private static let headerLimit = 64 << 10
  private static let luksHeaderBytes = 592

  /// Why a file is not an encrypted disk.
  struct Gap: Error {
    let text: Text
  }

  /// Throws `Gap` for what is not encrypted so, and what the host throws.
  init(_ path: String, on host: any HostView) throws {
    self.path = path
    self.host = host
    guard let header = try host.bytes(of: path, from: 0, limit: Self.headerLimit), header.starts(with: Self.magic), header.count >= 112 else {
      throw Gap(text: Text("\(path) n'est pas une image qcow2.", "\(path) is no qcow2 image."))
    }
    self.header = header
    guard Self.integer(header, 32, 4) == Self.luksMethod else {
      throw Gap(text: Text("\(path) n'est pas chiffré : son en-tête ne nomme pas LUKS.", "\(path) is not encrypted: its header does not name LUKS."))
    }
    guard let place = Self.encryptionHeader(header),
      let luks = try host.bytes(of: path, from: place, limit: Self.luksHeaderBytes), luks.starts(with: Self.luksMagic),
      luks.count == Self.luksHeaderBytes
    else {
      throw Gap(text: Text("\(path) n'a pas d'en-tête LUKS.", "\(path) has no LUKS header."))
    }
    let mode = Self.text(luks, 40, 32)
    keyBits = Self.integer(luks, 108, 4) * 8
    let isXTS = mode.hasPrefix("xts")
    cipher = "\(Self.text(luks, 8, 32))-\(isXTS ? keyBits / 2 : keyBits)-\(mode.split(separator: "-").first ?? "")"
    digest = Self.text(luks, 72, 32)
    identifier = Self.text(luks, 168, 40)
  }

  /// Extensions follow the header: a type, a length, the data, up to the next multiple of eight.
  private static func encryptionHeader(_ header: [UInt8]) -> Int? {
    var place = integer(header, 100, 4)
    while place + 8 <= header.count {
      let (type, length) = (integer(header, place, 4), integer(header, place + 4, 4))
      if type == 0 { return nil }
      if type == encryptionExtension, length >= 8, place + 16 <= header.count { return integer(header, place + 8, 8) }
      place += 8 + (length + 7) / 8 * 8
    }
    return nil
  }

  private static func integer(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> Int {
    guard offset + count <= bytes.count else { return 0 }
    return Int(truncatingIfNeeded: bytes[offset..<offset + count].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  private static func text(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> String {
    String(decoding: bytes[offset..<min(offset + count, bytes.count)].prefix { $0 != 0 }, as: UTF8.self)
  }

  // MARK: Clusters

  /// Raw bytes of the guest's data at random places: at most `count` pieces of `bytes` each. Empty where nothing was written yet.
  ///
  /// A machine may write meanwhile: a table that has moved gives other clusters of the same file; hence only what a table calls a plain cluster of data
  /// is read.
  func sample(_ count: Int, bytes: Int, random: any RandomSource) throws -> [[UInt8]] {
    let clusterBits = Self.integer(header, 20, 4)
    guard (9...21).contains(clusterBits) else { return [] }
    let tables = try entries(at: Self.integer(header, 40, 8), count: min(Self.integer(header, 36, 4), Self.maximumEntries))
    let places = Self.places(tables)
    let clustersPerTable = max(1, count / max(1, min(places.count, count)))
    var pieces: [[UInt8]] = []
    for table in random.sample(places, count) {
      let clusters = try entries(at: table, count: min((1 << clusterBits) / 8, Self.maximumEntries))
      for cluster in random.sample(Self.places(clusters.filter(Self.isPlain)), clustersPerTable) where pieces.count < count {
        if let piece = try host.bytes(of: path, from: cluster, limit: bytes) { pieces.append(piece) }
      }
    }
    return pieces
  }

  /// Neither compressed nor one that reads as zeroes whatever lies there.
  private static func isPlain(_ entry: UInt64) -> Bool { entry & compressed == 0 && entry & 1 == 0 }

  private static func places(_ entries: [UInt64]) -> [Int] { entries.map { Int($0 & offsetMask) }.filter { $0 != 0 } }

  private static let maximumEntries = 8192
  private static let offsetMask: UInt64 = 0x00FF_FFFF_FFFF_FE00
  private static let compressed: UInt64 = 1 << 62

  private func entries(at offset: Int, count: Int) throws -> [UInt64] {
    guard offset > 0, let bytes = try host.bytes(of: path, from: offset, limit: count * 8) else { return [] }
    return stride(from: 0, to: bytes.count / 8 * 8, by: 8).map { start in bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
  }
}
