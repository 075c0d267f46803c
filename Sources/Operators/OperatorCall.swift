public import Base
public import Edge
internal import NIOCore
public import Wire

/// A request of an operator that matched a route and passed its guard.
public struct OperatorCall: Sendable {
  public var request: EdgeRequest
  /// The decoded values of the pattern's parameters.
  public var parameters: [String: String]
  public var caller: OperatorPrincipal
  public var now: Timestamp

  public init(request: EdgeRequest, parameters: [String: String], caller: OperatorPrincipal, now: Timestamp) {
    self.request = request
    self.parameters = parameters
    self.caller = caller
    self.now = now
  }

  /// The request's body as a JSON object. Throws 400 and 413 `CloudError`s for anything else.
  public func body() async throws -> JSON {
    let bytes = try await request.body.collect(upTo: OperatorLimits.maximumBodyBytes)
    guard
      let json = try? JSON(
        parsing: bytes.readableBytesView, limits: JSONLimits(depth: OperatorLimits.maximumBodyDepth, bytes: OperatorLimits.maximumBodyBytes)),
      json.object != nil
    else { throw OperatorErrors.invalidContent }
    return json
  }
}
