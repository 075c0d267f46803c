internal import Base
internal import Identity
internal import Wire

/// What the accounts of a probe try at the front door, as a stranger would.
extension ThrowawayTenant {
  /// What the token service answered.
  struct Tokens: Sendable {
    var status: Int
    var access: String?
    var refresh: String?
    /// Entra's number of the refusal; nil where there was none.
    var error: Int?

    var isGiven: Bool { status == 200 && access != nil }
  }

  /// Signs the user in with its name and a password, and asks to be remembered.
  func signIn(_ password: String) async throws -> Tokens {
    try await token([
      ("grant_type", "password"), ("client_id", FirstPartyApplication.azureCLI.description), ("username", userName), ("password", password),
      ("scope", "\(platform.site.address.url("management"))/.default offline_access"),
    ])
  }

  func refresh(_ token: String) async throws -> Tokens {
    try await self.token([
      ("grant_type", "refresh_token"), ("client_id", FirstPartyApplication.azureCLI.description), ("refresh_token", token),
      ("scope", "\(platform.site.address.url("management"))/.default offline_access"),
    ])
  }

  /// Signs an application in with its secret, for a service such as `management`.
  func signIn(_ client: Client, for service: String = "management") async throws -> Tokens {
    try await token([
      ("grant_type", "client_credentials"), ("client_id", client.appID.description), ("client_secret", client.secret),
      ("scope", "\(platform.site.address.url(service))/.default"),
    ])
  }

  /// A token of the administrator, for Graph unless another service is named. Throws where there is none: nothing can be tried without.
  func administratorToken(for service: String = "graph") async throws -> String {
    let tokens = try await signIn(administrator, for: service)
    guard let token = tokens.access else {
      throw ObservationFailure(
        "le service de jetons n'a pas servi la sonde (statut \(tokens.status)).",
        "the token service did not serve the probe (status \(tokens.status)).")
    }
    return token
  }

  private func token(_ fields: [(String, String)]) async throws -> Tokens {
    let form = fields.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
    let answer = try await platform.outside.request(
      OutsideRequest(
        "POST", host: platform.site.address.host("login"), path: "/\(id)/oauth2/v2.0/token",
        headers: [(name: "content-type", value: "application/x-www-form-urlencoded")], body: Array(form.utf8)))
    try Self.requireAnswer(answer)
    let json = (try? JSON(parsing: answer.body)) ?? .null
    return Tokens(
      status: answer.status, access: json["access_token"]?.string, refresh: json["refresh_token"]?.string,
      error: json["error_codes"]?.array?.first?.integer.map { Int($0) })
  }

  /// The status with which Resource Manager answers who presents a token.
  func present(_ token: String) async throws -> Int {
    try await send("GET", service: "management", path: "/subscriptions?api-version=2022-12-01", token: token)
  }

  /// Sends a request with a token, and gives the answer's status.
  func send(_ method: String, service: String, path: String, token: String, body: JSON? = nil) async throws -> Int {
    var headers = [(name: "authorization", value: "Bearer \(token)")]
    if body != nil { headers.append((name: "content-type", value: "application/json")) }
    let answer = try await platform.outside.request(
      OutsideRequest(method, host: platform.site.address.host(service), path: path, headers: headers, body: body?.bytes ?? []))
    try Self.requireAnswer(answer)
    return answer.status
  }

  /// A door that is too busy or broken refuses nobody: it says nothing.
  private static func requireAnswer(_ answer: OutsideAnswer) throws {
    guard answer.status < 500, answer.status != 429 else {
      throw ObservationFailure("la porte d'entrée a répondu \(answer.status).", "the front door answered \(answer.status).")
    }
  }
}
