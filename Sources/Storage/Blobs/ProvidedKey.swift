internal import Base
internal import Crypto
internal import Edge
internal import NIOHTTP1
internal import Wire

/// A key that a customer sends with each request for a blob. It is kept nowhere: only its SHA-256 is, to tell whether the next one is the same.
///
/// Source: Microsoft, "Provide an encryption key on a request to Blob storage".
struct ProvidedKey: Sendable {
  /// 32 bytes: what the request brought.
  let key: SymmetricKey
  let sha256: [UInt8]

  private static let byteCount = 32
  private static let algorithm = "AES256"

  /// Reads `x-ms-encryption-key`, `-key-sha256` and `-algorithm`; nil where there is no key. Throws 400 for a key that is incomplete or does not
  /// agree with its digest.
  init?(_ call: StorageCall) throws(CloudError) {
    let names = ["x-ms-encryption-key", "x-ms-encryption-key-sha256", "x-ms-encryption-algorithm"]
    var values = names.map { call.header($0) }
    guard values.contains(where: { $0 != nil }) else { return nil }
    // Who reads need not say it: there is one.
    if values[2] == nil, call.request.method == .GET || call.request.method == .HEAD { values[2] = Self.algorithm }
    for (name, value) in zip(names, values) where value == nil { throw StorageError.missingRequiredHeader(name) }
    guard let text = values[0], let bytes = Base64.decode(text), bytes.count == Self.byteCount else {
      // The key itself is not repeated.
      throw StorageError.invalidHeaderValue(names[0], "")
    }
    let digest = Array(SHA256.hash(data: bytes))
    guard let sent = values[1].flatMap({ Base64.decode($0) }), sent == digest else {
      throw StorageError.invalidHeaderValue(names[1], values[1] ?? "")
    }
    guard values[2] == Self.algorithm else { throw StorageError.invalidHeaderValue(names[2], values[2] ?? "") }
    key = SymmetricKey(data: bytes)
    sha256 = digest
  }
}
