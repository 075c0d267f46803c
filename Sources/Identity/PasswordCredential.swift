public import Base

/// A secret of an application, as far as it is kept: its hash.
public struct PasswordCredential: Codable, Sendable, Equatable {
  public var keyID: GUID
  public var displayName: String?
  /// The first three characters of the secret.
  public var hint: String
  /// See `SecretHash`.
  public var hash: String
  public var start: Timestamp
  public var end: Timestamp

  public init(keyID: GUID, displayName: String?, hint: String, hash: String, start: Timestamp, end: Timestamp) {
    self.keyID = keyID
    self.displayName = displayName
    self.hint = hint
    self.hash = hash
    self.start = start
    self.end = end
  }
}
