/// The bounds of external keys.
public enum ExternalKeyLimits {
  /// How long a connection to an external key manager may take, and the whole of a call with its answer. No answer means no.
  static let connectMilliseconds = 2000
  package static let callMilliseconds = 5000
  /// How long a closed connection waits for the other side's farewell.
  static let farewellMilliseconds = 250
  /// Bytes of a request's or an answer's body.
  package static let maximumBodyBytes = 16 << 10
  /// Bytes of a key that is to be wrapped, and of what wraps it.
  package static let maximumValueBytes = 4096
  /// Calls under way from all vaults.
  package static let maximumCalls = 256
  /// When a caller is told to come again after an answer that did not come.
  package static let retryAfterSeconds = 5
  /// The longest wait that an external key manager may ask for.
  static let maximumRetryAfterSeconds = 3600
  /// Characters of an external key's identifier, of a path prefix, and of a code or a message of an external key manager's.
  package static let maximumIdentifierCharacters = 64
  static let maximumCodeCharacters = 64
  static let maximumMessageCharacters = 512
  /// Certificates of authorities of one connection, and bytes of each.
  package static let maximumAuthorities = 8
  package static let maximumCertificateBytes = 16 << 10

  // MARK: The reference server

  /// Connections at a time; one that says nothing for so long is closed.
  static let maximumConnections = 256
  static let idleSeconds = 30
  /// Bytes of a text of a request in the journal.
  static let maximumJournalTextBytes = 1024
  /// Clients that the server may know.
  static let maximumClients = 256
}
