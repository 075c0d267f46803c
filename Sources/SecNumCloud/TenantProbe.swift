internal import Base
internal import ResourceManager
internal import Wire

/// A tenant of the probe as a stranger on the network: it signs in and asks, through the front door like everybody.
struct TenantProbe: Sendable {
  let tenant: ProbeTenant
  private let platform: ObservedPlatform
  /// By audience.
  private let tokens: [String: String]

  private var address: CloudAddress { platform.site.address }

  /// For Resource Manager, for blobs and for Graph.
  private static func audiences(_ address: CloudAddress) -> [String] {
    [address.url("management"), storageAudience, address.url("graph")]
  }
  private static let storageAudience = "https://storage.azure.com"
  private static let blobVersion = "2023-11-03"
  static let resourceVersion = "2021-04-01"
  static let subscriptionVersion = "2022-12-01"
  static let accountVersion = "2023-01-01"

  /// Signs in. Throws `ObservationFailure` where it may not.
  init(_ tenant: ProbeTenant, _ platform: ObservedPlatform) async throws {
    self.tenant = tenant
    self.platform = platform
    let secret = try await tenant.secret(platform)
    var tokens: [String: String] = [:]
    for audience in Self.audiences(platform.site.address) {
      let answer = try await platform.outside.request(
        Self.signIn(tenant.clientID, secret, at: tenant.tenant, audience: audience, platform.site.address))
      guard answer.status == 200, let token = try JSON(parsing: answer.body)["access_token"]?.string else {
        throw ObservationFailure(
          "le client « \(tenant.name) » de la sonde n'a pas de jeton : \(answer.status).",
          "the probe's tenant “\(tenant.name)” gets no token: \(answer.status).")
      }
      tokens[audience] = token
    }
    self.tokens = tokens
  }

  private static func signIn(_ client: GUID, _ secret: String, at tenant: GUID, audience: String, _ address: CloudAddress) -> OutsideRequest {
    let form = [
      ("grant_type", "client_credentials"), ("client_id", client.description), ("client_secret", secret), ("scope", audience + "/.default"),
    ].map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
    return OutsideRequest(
      "POST", host: address.host("login"), path: "/\(tenant)/oauth2/v2.0/token", headers: [("content-type", "application/x-www-form-urlencoded")],
      body: Array(form.utf8))
  }

  // MARK: Requests

  func manage(_ path: String, version: String, method: String = "GET", body: JSON? = nil) -> OutsideRequest {
    var request = OutsideRequest(
      method, host: address.host("management"), path: "\(path)?api-version=\(version)", headers: bearer(address.url("management")))
    if let body {
      request.headers.append(("content-type", "application/json"))
      request.body = body.bytes
    }
    return request
  }

  /// Of an account's blobs; as nobody where `isAnonymous`.
  func blob(_ path: String, of account: String, method: String = "GET", isAnonymous: Bool = false) -> OutsideRequest {
    OutsideRequest(
      method, host: address.host("\(account).blob.core"), path: path,
      headers: (isAnonymous ? [] : bearer(Self.storageAudience)) + [("x-ms-version", Self.blobVersion)])
  }

  func graph(_ path: String) -> OutsideRequest {
    OutsideRequest(host: address.host("graph"), path: "/v1.0" + path, headers: bearer(address.url("graph")))
  }

  /// Its own program at another's directory.
  func signIn(at other: ProbeTenant) async throws -> OutsideRequest {
    Self.signIn(tenant.clientID, try await tenant.secret(platform), at: other.tenant, audience: address.url("management"), address)
  }

  private func bearer(_ audience: String) -> [(name: String, value: String)] {
    [("authorization", "Bearer \(tokens[audience] ?? "")"), ("accept", "*/*")]
  }

  func send(_ request: OutsideRequest) async throws -> OutsideAnswer { try await platform.outside.request(request) }

  // MARK: What the other must not see

  private static let containerPath = "/\(ProbeTenant.resourceName)?restype=container"
  static let blobPath = "/\(ProbeTenant.resourceName)/temoin"

  /// Makes its group, account, container and blob where they are not there.
  func furnish() async throws {
    guard try await send(blob(Self.blobPath, of: tenant.account)).status != 200 else { return }
    let location = JSON.string(platform.site.locations.first?.name ?? "")
    var upload = blob(Self.blobPath, of: tenant.account, method: "PUT")
    upload.headers += [("x-ms-blob-type", "BlockBlob"), ("content-type", "text/plain")]
    upload.body = Array("Témoin de cloisonnement. Canary of isolation.\n".utf8)
    let requests = [
      manage(tenant.groupPath, version: Self.resourceVersion, method: "PUT", body: ["location": location]),
      manage(
        tenant.accountPath, version: Self.accountVersion, method: "PUT",
        body: ["location": location, "kind": "StorageV2", "sku": ["name": "Standard_LRS"], "properties": [:]]),
      blob(Self.containerPath, of: tenant.account, method: "PUT"), upload,
    ]
    for request in requests {
      let answer = try await send(request)
      // A container that is there already is one.
      guard (200...202).contains(answer.status) || answer.status == 409 else {
        throw ObservationFailure(
          "le témoin de « \(tenant.name) » ne peut pas être créé : \(answer.status) à \(request.path).",
          "the canary of “\(tenant.name)” cannot be made: \(answer.status) to \(request.path).")
      }
    }
  }
}
