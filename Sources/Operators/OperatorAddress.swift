internal import Base

/// Where operators' clients reach the cloud: a port of its own, with two hosts that no other port serves.
public struct OperatorAddress: Sendable, Equatable {
  let cloud: CloudAddress

  public init(domain: String, port: Int) {
    cloud = CloudAddress(domain: domain, port: port)
  }

  public var port: Int { cloud.port }
  /// The host of the issuer of operators' tokens.
  public var issuerHost: String { cloud.host("operators") }
  /// The host of the operators' API.
  public var operationsHost: String { cloud.host("operations") }

  public var issuerURL: String { cloud.url("operators") }
  /// What clients are given as their authority.
  public var authority: String { issuerURL + "/operators" }
  /// The `iss` of operators' tokens.
  public var issuer: String { authority + "/v2.0" }
  public var tokenEndpoint: String { authority + "/oauth2/v2.0/token" }
  /// The URL of the operators' API, and the `aud` of operators' tokens.
  public var operations: String { cloud.url("operations") }
}
