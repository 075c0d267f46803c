internal import Base
internal import Crypto
internal import Extents
internal import Keyring
internal import NIOCore
internal import Records

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A text whose key is the platform's own, written as clients' bytes are, looked for on the raw disk, then made unreadable by destroying its key.
struct Canary {
  let platform: ObservedPlatform

  /// What came of it.
  struct Look {
    /// The frames as they lie on the disk.
    var raw: [UInt8]
    /// The text that they must hold, and must not show.
    var text: [UInt8]
    /// Whether AES-256-GCM, read here without the store, opens the first frame to the text's beginning.
    var opensAsClaimed: Bool
    /// Whether the store gave the text back while its key was there.
    var wasReadable: Bool
    /// Whether anything still gave it once the key was gone.
    var isReadableAfterwards: Bool
    var keyBits: Int
  }

  /// What this look leaves behind where it is cut short; the next one cleans up.
  private struct Left: Record, Codable {
    static let kind = "secnumcloud.canary"
    static let key = RecordKey(tenant: .zero, "canary")
    var dataKey: DataKeyID
    var extent: ExtentID?
    var key: RecordKey { Self.key }
  }

  /// More than one frame.
  private static let textBytes = 160 << 10
  /// The bytes around the ciphertext of a frame that are authenticated: magic, length, extent's id.
  private static let authenticatedBytes = 24
  private static let frameKeyPurpose = Array("cocagne extent".utf8)

  /// Compressible, and legible to whoever sees it.
  private func text() -> [UInt8] {
    let line = Array("CANARI \(platform.random.guid()) ceci ne doit se lire nulle part sur un support. ".utf8)
    var text: [UInt8] = []
    while text.count < Self.textBytes { text += line }
    return Array(text.prefix(Self.textBytes))
  }

  func look() async throws -> Look {
    try await cleanUp()
    let text = text()
    let keyring = platform.keyring
    let extents = platform.extents
    let dataKey = try await platform.records.write { transaction in
      let made = try keyring.makeDataKey(tenant: .zero, in: transaction)
      try transaction.save(Left(dataKey: made, extent: nil))
      return made
    }
    let writer = try await extents.write(length: text.count, tenant: .zero, key: dataKey)
    try await writer.append(ByteBuffer(bytes: text))
    let extent = try await writer.finish()
    try await platform.records.write { transaction in
      try extents.commit(extent, in: transaction)
      try transaction.save(Left(dataKey: dataKey, extent: extent.id))
    }
    let wasReadable = try await read(extent.id) == text
    let raw = try await rawFrames(extent.id)
    let key = try await platform.records.read { try keyring.dataKey(dataKey, tenant: .zero, in: $0) }
    let opened = Self.open(raw, extent: extent.id, key: key)
    // The extent stays until the key is gone, so that it is the key's destruction that is seen.
    try await platform.records.write { try keyring.destroyDataKey(dataKey, tenant: .zero, in: $0) }
    let isReadable = try await isReadable(extent.id, key: dataKey)
    try await cleanUp()
    return Look(
      raw: raw, text: text, opensAsClaimed: opened.map { !$0.isEmpty && text.starts(with: $0) } ?? false, wasReadable: wasReadable,
      isReadableAfterwards: isReadable, keyBits: key.bitCount)
  }

  /// Takes away what a look made, whether it came to its end or not.
  private func cleanUp() async throws {
    let keyring = platform.keyring
    let extents = platform.extents
    try await platform.records.write { transaction in
      guard let left = try transaction.fetch(Left.self, Left.key) else { return }
      if let extent = left.extent { try extents.release(extent, tenant: .zero, in: transaction) }
      if try Keyring.description(ofDataKey: left.dataKey, tenant: .zero, in: transaction) != nil {
        try keyring.destroyDataKey(left.dataKey, tenant: .zero, in: transaction)
      }
      try transaction.remove(Left.self, Left.key)
    }
  }

  private func read(_ extent: ExtentID) async throws -> [UInt8] {
    let slice = ExtentSlice(id: extent, range: 0..<Self.textBytes)
    let extents = platform.extents
    let reader = try await platform.records.read { try extents.reader([slice], tenant: .zero, in: $0) }
    var bytes: [UInt8] = []
    while let chunk = try await reader.next(upTo: Self.textBytes) { bytes.append(contentsOf: chunk.readableBytesView) }
    return bytes
  }

  private func isReadable(_ extent: ExtentID, key: DataKeyID) async throws -> Bool {
    if platform.keyring.cachedDataKey(key, tenant: .zero) != nil { return true }
    do {
      _ = try await read(extent)
      return true
    } catch is ExtentError {
      return false
    }
  }

  /// The extent's bytes on the disk, seen from outside. Compaction may move it between the two steps: then it is looked for again.
  private func rawFrames(_ extent: ExtentID) async throws -> [UInt8] {
    for _ in 0..<Self.attempts {
      let extents = platform.extents
      guard let place = try await platform.records.read({ try extents.place(of: extent, tenant: .zero, in: $0) }) else { continue }
      let path = platform.site.segments + "/" + place.file
      guard let raw = try platform.host.bytes(of: path, from: place.range.lowerBound, limit: place.range.count), raw.count == place.range.count,
        try await platform.records.read({ try extents.place(of: extent, tenant: .zero, in: $0) }) == place
      else { continue }
      return raw
    }
    throw ObservationFailure(
      "le canari n'a pas été retrouvé dans les segments de \(platform.site.segments).",
      "the canary was not found again in the segments of \(platform.site.segments).")
  }

  private static let attempts = 3

  /// The plain bytes of the first frame, opened by nothing of the store: what is on the disk is AES-256-GCM under the data key, or this gives nil.
  private static func open(_ raw: [UInt8], extent: ExtentID, key: SymmetricKey) -> [UInt8]? {
    guard raw.count > SegmentForm.frameHeaderBytes, raw.starts(with: SegmentForm.frameMagic), Array(raw[8..<24]) == extent.bytes else { return nil }
    let length = raw[4..<8].reduce(0) { $0 << 8 | Int($1) }
    let end = SegmentForm.frameHeaderBytes + length + SegmentForm.frameTagBytes
    guard end <= raw.count else { return nil }
    let frameKey = HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: frameKeyPurpose + extent.bytes, outputByteCount: 32)
    guard let box = try? AES.GCM.SealedBox(combined: raw[authenticatedBytes..<end]),
      let plain = try? AES.GCM.open(box, using: frameKey, authenticating: raw[..<authenticatedBytes])
    else { return nil }
    return Array(plain)
  }
}

extension Canary.Look {
  /// Whether any part of the text stands in the raw bytes.
  var isLegible: Bool {
    let line = Array(text.prefix(Self.needleBytes))
    return raw.indices.contains { raw[$0] == line[0] && raw[$0...].starts(with: line) }
  }

  /// `CANARI ` and the beginning of its number.
  private static let needleBytes = 15
}
