/// An error that may pass by itself, such as that of a device which is away: callers are told to come again, with 503 and `Retry-After`.
public protocol TemporaryFailure: Error {
  /// When to come again; nil for one that does not pass.
  var retryAfterSeconds: Int? { get }
}
