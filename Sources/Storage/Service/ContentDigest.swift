internal import Base
internal import Crypto
internal import NIOCore
internal import Wire

/// The digests of a body, computed as it passes, and what the request says they must be.
struct ContentDigest: Sendable {
  private var md5: Insecure.MD5?
  private var crc64: CRC64?
  private let expectations: [Expectation]
  private let sentMD5: Bool

  private enum Expectation: Sendable {
    case md5([UInt8])
    case crc64([UInt8])
  }

  /// What to compute besides what the request asks for.
  enum Wanted {
    case nothing
    /// Put Blob stores it.
    case md5
    /// The answer gives a CRC64 where the request brings no MD5.
    case either
    /// The answer gives a CRC64, and the MD5 beside it where the request brings one.
    case crc64
  }

  /// Reads `Content-MD5` and `x-ms-content-crc64`, and `x-ms-blob-content-md5` where the body is the blob's content (`isContent`).
  init(_ call: StorageCall, wanted: Wanted, isContent: Bool = false) throws(CloudError) {
    let md5Text = call.header("Content-MD5")
    let crcText = call.header("x-ms-content-crc64")
    if md5Text != nil && crcText != nil { throw StorageError.bothDigestsPresent }
    var expectations: [Expectation] = []
    for text in [md5Text, isContent ? call.header("x-ms-blob-content-md5") : nil] {
      guard let text else { continue }
      expectations.append(.md5(try Self.md5(text)))
    }
    if wanted == .md5 || !expectations.isEmpty { md5 = Insecure.MD5() }
    if let crcText {
      guard let bytes = Base64.decode(crcText), bytes.count == 8 else { throw StorageError.invalidHeaderValue("x-ms-content-crc64", crcText) }
      expectations.append(.crc64(bytes))
    }
    self.expectations = expectations
    sentMD5 = md5Text != nil
    if crcText != nil || wanted == .crc64 || wanted == .either && !sentMD5 { crc64 = CRC64() }
  }

  /// The 16 bytes of a digest in base64.
  static func md5(_ text: String) throws(CloudError) -> [UInt8] {
    guard let bytes = Base64.decode(text), bytes.count == 16 else { throw StorageError.invalidMd5 }
    return bytes
  }

  /// The MD5 of bytes at hand.
  static func md5(of bytes: ByteBuffer) -> [UInt8] {
    Array(bytes.withUnsafeReadableBytes { Insecure.MD5.hash(data: $0) })
  }

  mutating func update(_ bytes: ByteBuffer) {
    bytes.withUnsafeReadableBytes { update($0) }
  }

  mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  private mutating func update(_ bytes: UnsafeRawBufferPointer) {
    md5?.update(bufferPointer: bytes)
    crc64?.update(bytes)
  }

  /// Throws `Md5Mismatch` or `Crc64Mismatch`.
  func finish() throws(CloudError) -> Result {
    let result = Result(md5: md5.map { Array($0.finalize()) }, crc64: crc64?.bytes, sentMD5: sentMD5)
    for expectation in expectations {
      switch expectation {
      case .md5(let expected):
        guard let calculated = result.md5, calculated != expected else { continue }
        throw StorageError.md5Mismatch(specified: Base64.encode(expected), calculated: Base64.encode(calculated))
      case .crc64(let expected):
        guard let calculated = result.crc64, calculated != expected else { continue }
        throw StorageError.crc64Mismatch(specified: Base64.encode(expected), calculated: Base64.encode(calculated))
      }
    }
    return result
  }

  struct Result: Sendable {
    var md5: [UInt8]?
    var crc64: [UInt8]?
    /// Whether the request itself carried the MD5.
    var sentMD5: Bool
  }
}
