public import Base

/// Blobs of this cloud, for services that make something of their bytes: a disk of a VHD, for example.
public protocol BlobSource: Sendable {
  /// Opens the blob of a URL, permitted by a signature in it or else by what `principal` may do. Throws the `CloudError` that its reader would get.
  func open(_ url: String, as principal: Principal) async throws -> any OpenedBlob
}

/// A blob as it was when it was opened.
public protocol OpenedBlob: Sendable {
  /// Bytes.
  var size: Int64 { get }
  /// The bytes of a range that lies within the blob. Throws once the blob has changed.
  func read(_ range: Range<Int64>) async throws -> [UInt8]
}
