internal import Base
internal import Crypto
internal import NIOCore

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Seals and opens the frames of one extent.
///
/// A frame is a header, the ciphertext (AES-256-GCM) and a tag of 16 bytes. The header is authenticated: 4 bytes of magic, 4 of plain length, 16 of the
/// extent's id, and the nonce of 12 bytes, which is the frame's index (big-endian). Every extent has a key of its own (HKDF-SHA256 of the data key
/// and the extent's id), so that a nonce never comes twice under a key; a frame neither opens in another place nor in another extent. Where its writer
/// brought a key too, the extent's is made of both, so that either alone opens nothing.
struct FrameCipher: Sendable {
  static let headerBytes = authenticatedBytes + nonceBytes
  static let tagBytes = 16
  private static let authenticatedBytes = 24
  private static let nonceBytes = 12
  private static let magic = Array("CFR1".utf8)

  private let id: ExtentID
  private let key: SymmetricKey

  /// A frame that is not what was written.
  struct BadFrame: Error {}

  init(dataKey: SymmetricKey, callerKey: SymmetricKey? = nil, id: ExtentID) {
    self.id = id
    var (material, purpose) = (dataKey, "cocagne extent")
    if let callerKey {
      material = SymmetricKey(data: dataKey.withUnsafeBytes { Array($0) } + callerKey.withUnsafeBytes { Array($0) })
      purpose = "cocagne extent, two keys"
    }
    key = HKDF<SHA256>.deriveKey(inputKeyMaterial: material, info: Array(purpose.utf8) + id.bytes, outputByteCount: 32)
  }

  /// Appends the frame of some plain bytes to `output`.
  func seal(_ plain: UnsafeRawBufferPointer, frame index: Int, into output: inout ByteBuffer) throws {
    let header = header(frame: index, plainBytes: plain.count)
    let nonce = try AES.GCM.Nonce(data: header[Self.authenticatedBytes...])
    let box = try AES.GCM.seal(plain, using: key, nonce: nonce, authenticating: header[..<Self.authenticatedBytes])
    output.writeBytes(header)
    box.ciphertext.withUnsafeBytes { _ = output.writeBytes($0) }
    box.tag.withUnsafeBytes { _ = output.writeBytes($0) }
  }

  /// The plain bytes of a frame. Throws `BadFrame` for anything but what `seal` made for this place.
  func open(_ stored: UnsafeRawBufferPointer, frame index: Int, plainBytes: Int) throws(BadFrame) -> Data {
    guard stored.count == plainBytes + FrameLayout.overhead, stored.starts(with: header(frame: index, plainBytes: plainBytes)) else {
      throw BadFrame()
    }
    do {
      let box = try AES.GCM.SealedBox(combined: UnsafeRawBufferPointer(rebasing: stored[Self.authenticatedBytes...]))
      return try AES.GCM.open(box, using: key, authenticating: UnsafeRawBufferPointer(rebasing: stored[..<Self.authenticatedBytes]))
    } catch {
      throw BadFrame()
    }
  }

  private func header(frame index: Int, plainBytes: Int) -> [UInt8] {
    var header: [UInt8] = []
    header.reserveCapacity(Self.headerBytes)
    header += Self.magic
    for shift in [24, 16, 8, 0] { header.append(UInt8(truncatingIfNeeded: plainBytes >> shift)) }
    header += id.bytes
    header += [0, 0, 0, 0]
    for shift in stride(from: 56, through: 0, by: -8) { header.append(UInt8(truncatingIfNeeded: index >> shift)) }
    return header
  }
}
