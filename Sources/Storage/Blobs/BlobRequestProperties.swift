internal import Base
internal import Wire

extension BlobProperties {
  /// What a blob has whose client did not say.
  static let defaultContentType = "application/octet-stream"

  /// The `x-ms-blob-` headers of Put Block List and Set Blob Properties.
  init(_ call: StorageCall) throws(CloudError) {
    contentType = call.header("x-ms-blob-content-type") ?? Self.defaultContentType
    contentEncoding = call.header("x-ms-blob-content-encoding")
    contentLanguage = call.header("x-ms-blob-content-language")
    contentDisposition = call.header("x-ms-blob-content-disposition")
    cacheControl = call.header("x-ms-blob-cache-control")
    if let text = call.header("x-ms-blob-content-md5") { contentMD5 = try ContentDigest.md5(text) }
  }

  /// Put Blob also takes the standard headers, where the others are absent.
  init(putBlob call: StorageCall) throws(CloudError) {
    try self.init(call)
    if let type = call.header("Content-Type"), call.header("x-ms-blob-content-type") == nil { contentType = type }
    contentEncoding = contentEncoding ?? call.header("Content-Encoding")
    contentLanguage = contentLanguage ?? call.header("Content-Language")
    cacheControl = cacheControl ?? call.header("Cache-Control")
  }
}

extension AccessTier {
  /// The `x-ms-access-tier` header; nil when it is absent. Archive is not offered: what is in it could not be read.
  static func requested(_ call: StorageCall) throws(CloudError) -> AccessTier? {
    guard let text = call.header("x-ms-access-tier") else { return nil }
    switch text.lowercased() {
    case "hot": return .hot
    case "cool": return .cool
    case "cold": return .cold
    case "archive": throw StorageError.invalidBlobTier
    default: throw StorageError.invalidHeaderValue("x-ms-access-tier", text)
    }
  }
}
