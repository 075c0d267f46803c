internal import Base
internal import Wire

/// The claims of an access token of this cloud.
struct TokenClaims: Sendable {
  let audience: String
  let issuer: String
  let notBefore: Timestamp
  let expires: Timestamp
  let tenant: GUID
  let objectID: GUID
  let applicationID: GUID
  let isUser: Bool
  /// For the activity log.
  let all: [String: String]

  /// Nil where a claim is missing that every token of this cloud has.
  init?(_ token: JSONWebToken) {
    let payload = token.payload
    guard let audience = payload["aud"]?.string, let issuer = payload["iss"]?.string, let notBefore = token.date("nbf"),
      let expires = token.date("exp"), let tenant = payload["tid"]?.string.flatMap({ GUID($0) }),
      let objectID = payload["oid"]?.string.flatMap({ GUID($0) }), let application = payload["appid"]?.string.flatMap({ GUID($0) }),
      let kind = payload["idtyp"]?.string, kind == "user" || kind == "app"
    else { return nil }
    self.audience = audience
    self.issuer = issuer
    self.notBefore = notBefore
    self.expires = expires
    self.tenant = tenant
    self.objectID = objectID
    applicationID = application
    isUser = kind == "user"
    var all: [String: String] = [:]
    for member in payload.object?.members ?? [] {
      switch member.value {
      case .string(let text): all[member.name] = text
      case .integer(let number): all[member.name] = String(number)
      default: break
      }
    }
    self.all = all
  }
}
