internal import Base
internal import Crypto

extension HostView {
  private var chunkBytes: Int { 1 << 20 }

  /// The SHA-256 of a file of any size, in hexadecimal; nil when there is none.
  func sha256(of path: String) throws -> String? {
    var hash = SHA256()
    var offset = 0
    while let chunk = try bytes(of: path, from: offset, limit: chunkBytes) {
      hash.update(data: chunk)
      offset += chunk.count
      if chunk.count < chunkBytes { return hash.finalize().hexadecimal }
    }
    return nil
  }
}
