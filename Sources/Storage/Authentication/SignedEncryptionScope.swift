internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// The encryption scope that a shared access signature binds its writes to (`ses`).
///
/// Source: Microsoft, "Create a service SAS", field `signedEncryptionScope`; "Provide an encryption key on a request".
enum SignedEncryptionScope {
  static let header = "x-ms-encryption-scope"

  /// The writes that take the header, by their `comp`; nil is that of Put Blob and Copy Blob.
  private static let writes: Set<String?> = [nil, "block", "blocklist", "page", "appendblock", "metadata", "snapshot"]

  /// Makes the request name the scope. Throws where it names another.
  static func apply(_ scope: String, to request: inout EdgeRequest, at level: StorageOperation.Level) throws(CloudError) {
    if let named = request.headers.first(name: header) {
      guard named == scope else { throw StorageError.authorizationFailure }
    } else if level == .blob, request.method == .PUT, writes.contains(request.query["comp"]?.lowercased()) {
      request.headers.add(name: header, value: scope)
    }
  }
}
