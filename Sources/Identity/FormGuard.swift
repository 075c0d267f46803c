internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// Tells a form that one of our pages sent from one that another site made a browser send: the same random value must come in a cookie that only this
/// host can set and only its own pages bring back, and in the form.
struct FormGuard {
  private static let bytes = 24

  let service: IdentityService

  /// The value for a page's form: the browser's cookie when it has one, so that several tabs work.
  func token(for request: EdgeRequest) -> String {
    Self.cookie(of: request) ?? Base64URL.encode(service.random.bytes(Self.bytes))
  }

  /// Throws when the form did not come from our page.
  func check(_ form: TokenForm, of request: EdgeRequest) throws {
    guard let cookie = Self.cookie(of: request), let field = form["csrf"], constantTimeEqual(Array(cookie.utf8), Array(field.utf8)) else {
      throw OAuthErrors.crossSite
    }
    if let origin = request.headers.first(name: "origin"), origin.lowercased() != service.address.url("login") { throw OAuthErrors.crossSite }
    if let site = request.headers.first(name: "sec-fetch-site"), site != "same-origin" { throw OAuthErrors.crossSite }
  }

  private static func cookie(of request: EdgeRequest) -> String? {
    for header in request.headers["cookie"] {
      for pair in header.split(separator: ";") {
        let halves = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
        guard halves.count == 2, halves[0] == WebPage.cookieName, Base64URL.decode(halves[1])?.count == bytes else { continue }
        return String(halves[1])
      }
    }
    return nil
  }
}
