internal import Base
internal import Wire

extension BlobProperties {
  /// What a blob has whose client did not say.
  static let defaultContentType = "application/octet-stream"

  private static let maximumDigestBytes = 64

  /// The `x-ms-blob-` headers of Put Block List and Set Blob Properties.
  init(_ call: StorageCall) throws(CloudError) {
    contentType = call.header("x-ms-blob-content-type") ?? Self.defaultContentType
    contentEncoding = call.header("x-ms-blob-content-encoding")
    contentLanguage = call.header("x-ms-blob-content-language")
    contentDisposition = call.header("x-ms-blob-content-disposition")
    cacheControl = call.header("x-ms-blob-cache-control")
    if let text = call.header("x-ms-blob-content-md5") {
      // Nothing here is the content itself: what the client calls its digest is kept as it is.
      guard let digest = Base64.decode(text), digest.count <= Self.maximumDigestBytes else { throw StorageError.invalidMd5 }
      contentMD5 = digest
    }
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
