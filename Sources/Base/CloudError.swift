/// An error that a caller may see: typed once here, rendered once for each wire form (ARM JSON, storage XML, OAuth JSON, OData JSON).
public struct CloudError: Error, Sendable {
  /// The HTTP status.
  public var status: Int
  /// Azure's error code, as Microsoft's reference spells it.
  public var code: String
  /// One sentence for the person who called.
  public var message: String
  /// What the error is about: a property path, a header, a resource id.
  public var target: String?
  public var details: [CloudError]
  /// Further headers of the answer, such as `Retry-After` or `WWW-Authenticate`.
  public var headers: [(name: String, value: String)]
  /// Further members of the error document, such as storage's `HeaderName` and `HeaderValue`.
  public var members: [(name: String, value: String)]
  /// What went wrong inside. It is logged, and never leaves the platform.
  public var cause: (any Error)?

  public init(
    _ status: Int, _ code: String, _ message: String, target: String? = nil, details: [CloudError] = [],
    headers: [(name: String, value: String)] = [], members: [(name: String, value: String)] = [], cause: (any Error)? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.target = target
    self.details = details
    self.headers = headers
    self.members = members
    self.cause = cause
  }

  /// 500: the caller learns nothing more than that; the cause goes to the log. A `TemporaryFailure` is 503 with `Retry-After`.
  public static func internalError(_ cause: any Error) -> CloudError {
    temporary(cause)
      ?? CloudError(500, "InternalError", "The server encountered an internal error. Please retry the request.", cause: cause)
  }

  /// 503 with `Retry-After` for a `TemporaryFailure` that passes; nil for every other error.
  public static func temporary(_ cause: any Error) -> CloudError? {
    (cause as? any TemporaryFailure)?.retryAfterSeconds.map {
      .serverBusy("The server is currently unable to receive requests. Please retry your request.", retryAfterSeconds: $0, cause: cause)
    }
  }

  /// 503 with `Retry-After`: a bound was reached or a resource of the platform is exhausted.
  public static func serverBusy(_ message: String = "The server is busy.", retryAfterSeconds: Int = 1, cause: (any Error)? = nil) -> CloudError {
    CloudError(503, "ServerBusy", message, headers: [("Retry-After", String(retryAfterSeconds))], cause: cause)
  }
}

extension CloudError: CustomStringConvertible {
  public var description: String { "\(status) \(code): \(message)" }
}
