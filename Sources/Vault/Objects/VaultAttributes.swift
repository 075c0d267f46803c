internal import Base
internal import Wire

/// What a body says in `attributes` and `tags`. Nil: nothing was said.
///
/// Source: Microsoft, "SecretAttributes", "KeyAttributes" and "CertificateAttributes", Key Vault REST reference.
struct VaultAttributes: Sendable, Equatable {
  var isEnabled: Bool?
  var notBefore: Timestamp?
  var expires: Timestamp?
  var tags: [String: String]?

  /// Seconds since 1970 of the last moment of the year 9999.
  private static let maximumSeconds: Int64 = 253_402_300_799

  /// Throws 400 `BadParameter` for a member of a wrong type or out of range, and for tags beyond their bounds.
  init(parsing body: JSON) throws {
    if let attributes = body.member("attributes") {
      guard attributes.object != nil else { throw Self.invalid("attributes") }
      if let value = attributes.member("enabled") {
        guard let flag = value.boolean else { throw Self.invalid("enabled") }
        isEnabled = flag
      }
      notBefore = try Self.time(attributes.member("nbf"), "nbf")
      expires = try Self.time(attributes.member("exp"), "exp")
    }
    tags = try Self.tags(body.member("tags"))
    try Self.requireOrder(notBefore, expires)
  }

  // MARK: Applying

  /// Fills a new version; what was not said has its default.
  func apply(to draft: inout VaultVersionDraft) {
    draft.isEnabled = isEnabled ?? true
    draft.notBefore = notBefore
    draft.expires = expires
    draft.tags = tags
  }

  /// Changes a version that is there; what was not said stays. Tags are replaced as a whole. Throws 400 where its validity would end before it begins.
  func apply(to version: inout VaultObjectVersion, now: Timestamp) throws {
    version.isEnabled = isEnabled ?? version.isEnabled
    version.notBefore = notBefore ?? version.notBefore
    version.expires = expires ?? version.expires
    version.tags = tags ?? version.tags
    try Self.requireOrder(version.notBefore, version.expires)
    version.updated = now
  }

  // MARK: Parsing

  /// What Azure answers where a member's value is not one that it can have; it leaves the name out when the member is not one of the top.
  static func invalid(_ property: String) -> CloudError { VaultError.badParameter("Property \(property) has invalid value\r\n") }

  private static func time(_ value: JSON?, _ name: String) throws -> Timestamp? {
    guard let value else { return nil }
    guard let seconds = value.integer, (0...maximumSeconds).contains(seconds) else { throw invalid(name) }
    return Timestamp(seconds: seconds)
  }

  private static func tags(_ value: JSON?) throws -> [String: String]? {
    guard let value else { return nil }
    // Observed of Azure with 16 tags: the property is not named.
    guard let members = value.object?.members, members.count <= VaultLimits.maximumTags else { throw invalid("") }
    var tags: [String: String] = [:]
    for (name, value) in members {
      guard let text = value.string, name.utf16.count <= VaultLimits.maximumTagCharacters, text.utf16.count <= VaultLimits.maximumTagCharacters
      else { throw invalid("") }
      tags[name] = text
    }
    return tags
  }

  private static func requireOrder(_ notBefore: Timestamp?, _ expires: Timestamp?) throws {
    if let notBefore, let expires, expires <= notBefore { throw invalid("exp") }
  }
}
