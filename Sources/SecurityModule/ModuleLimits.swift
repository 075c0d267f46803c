/// The bounds of a module.
public enum ModuleLimits {
  /// Sessions with the token at one time, beside the one that keeps the login.
  public static let maximumSessions = 10
  /// Calls of tasks that run at one time. The rest of the sessions is for the root key, whose callers wait on their own threads.
  public static let maximumConcurrentCalls = 8
  /// Calls of tasks that wait for their turn; one more is refused as busy.
  public static let maximumWaitingCalls = 1024
  /// How long a call waits for a session.
  public static let sessionWaitSeconds = 10
  /// After a token could not be opened, calls within this time are told so without another try.
  public static let reopenPauseMilliseconds = 500
  /// Handles of keys that are remembered; past it all are looked up again.
  public static let maximumRememberedHandles = 4096
  /// Bytes of one message to encrypt, decrypt or authenticate.
  public static let maximumMessageBytes = 256 << 10
  /// Bytes of a wrapped key.
  public static let maximumWrappedKeyBytes = 16 << 10
  /// Keys that one listing gives.
  public static let maximumListedKeys = 10_000
  /// Slots of a library that are looked through for the token.
  public static let maximumSlots = 256
}
