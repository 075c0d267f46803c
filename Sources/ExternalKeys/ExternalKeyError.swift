/// Why an external key manager did not do what it was asked.
///
/// Source: Microsoft, "EKM Proxy API reference for Managed HSM external key management", error response.
public enum ExternalKeyError: Error, Sendable, Equatable {
  /// It says no: its code and its sentence.
  case refused(code: String, message: String)
  /// It has no such key.
  case keyNotFound(code: String, message: String)
  /// It cannot do that: a wrong algorithm, or a value that the key has not wrapped.
  case invalid(code: String, message: String)
  /// It has too much to do.
  case throttled(retryAfterSeconds: Int)
  /// There was no answer, or none that means anything. The reason is for the platform's log.
  case unavailable(reason: String)
}
