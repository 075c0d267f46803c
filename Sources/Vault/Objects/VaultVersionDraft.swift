package import Base
internal import Wire

/// What a new version is made of.
package struct VaultVersionDraft: Sendable {
  package var isEnabled = true
  package var notBefore: Timestamp?
  package var expires: Timestamp?
  package var tags: [String: String]?
  package var contentType: String?
  /// JSON text.
  package var publicPart: String?
  /// What is to be sealed; nil where a security module keeps it.
  package var content: [UInt8]?
  package var moduleKey: GUID?
  package var keyURL: String?

  package init() {}
}
