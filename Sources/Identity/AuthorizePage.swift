internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// The page on which a person signs in to a program that sent the browser here.
struct AuthorizePage: Sendable {
  let service: IdentityService
  let version: TokenRequest.Version

  /// The page, or what its form leads to. An error that must not go to the redirect URI is shown here.
  func respond(to request: EdgeRequest, authoritySegment: String) async throws -> EdgeResponse {
    do {
      let authority = try await service.authority(authoritySegment)
      let asked = try await service.authorizationRequest(request.query, authority: authority, version: version)
      if request.method == .GET {
        if asked.isSilent { return redirect(asked, error: OAuthErrors.interactionRequired) }
        return try await page(request, asked, username: asked.loginHint?.bounded ?? "").response
      }
      return try await submit(request, asked, authority)
    } catch let error as CloudError where error.status < 500 {
      return ErrorPage.show(error)
    }
  }

  private func submit(_ request: EdgeRequest, _ asked: AuthorizationRequest, _ authority: Authority) async throws -> EdgeResponse {
    let form = try await TokenForm(reading: request)
    do {
      try FormGuard(service: service).check(form, of: request)
      if form["action"] == "decline" { return redirect(asked, error: OAuthErrors.userCancelled) }
      let signIn = try await service.signIn(
        try form.required("username"), password: try form.required("password"), newPassword: form["new_password"], tenant: authority.tenant)
      return redirect(asked, [(name: "code", value: try await service.makeAuthorizationCode(for: asked, signIn))])
    } catch let error as CloudError where error.status < 500 {
      await service.noteFailure(error, form: form, tenant: authority.tenant, request: request)
      var answer = try await page(
        request, asked, username: form["username"]?.bounded ?? "", alert: SignInForm.alert(error),
        asksForNewPassword: SignInForm.asksForNewPassword(error))
      answer.status = HTTPResponseStatus(statusCode: error.status)
      return answer.response
    }
  }

  private func page(
    _ request: EdgeRequest, _ asked: AuthorizationRequest, username: String, alert: String = "", asksForNewPassword: Bool = false
  ) async throws -> WebPage {
    let name = FirstPartyApplication.application(asked.client.appID)?.displayName ?? asked.client.application?.displayName ?? ""
    let token = FormGuard(service: service).token(for: request)
    // Without an action the form goes to this URL, which holds the whole request.
    let body = """
      <p>\(WebPage.both("« \(name) » demande à agir en votre nom.", "“\(name)” asks to act in your name."))</p>\(alert)\
      <form method="post">\(WebPage.hidden("csrf", token))\(SignInForm.fields(username: username, asksForNewPassword: asksForNewPassword))\
      \(WebPage.button("approve", "Se connecter", "Sign in"))\(WebPage.button("decline", "Annuler", "Cancel", isPlain: true))</form>
      """
    return WebPage(
      title: (french: "Connexion", english: "Sign in"), body: body, formTargets: [RedirectURI.source(asked.redirectURI)], token: token)
  }

  private func redirect(_ asked: AuthorizationRequest, error: CloudError) -> EdgeResponse {
    redirect(
      asked, [(name: "error", value: error.code), (name: "error_description", value: "AADSTS\(error.aadstsNumber): \(error.message)")])
  }

  /// Sends the browser back to the client with what it asked for.
  private func redirect(_ asked: AuthorizationRequest, _ items: [(name: String, value: String)]) -> EdgeResponse {
    let items = items + (asked.state.map { [(name: "state", value: $0)] } ?? [])
    if asked.mode == .formPost {
      let fields = items.map { WebPage.hidden($0.name, $0.value) }.joined()
      let body = """
        <form method="post" action="\(WebPage.escaped(asked.redirectURI))">\(fields)\
        <noscript><button>\(WebPage.both("Continuer", "Continue"))</button></noscript></form>
        """
      return WebPage(
        title: (french: "Retour à l’application", english: "Back to the application"), body: body,
        formTargets: [RedirectURI.source(asked.redirectURI)], sendsItself: true
      ).response
    }
    let encoded = items.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
    let mark = asked.mode == .fragment ? "#" : asked.redirectURI.contains("?") ? "&" : "?"
    return EdgeResponse(
      .found, headers: ["Location": asked.redirectURI + mark + encoded, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"])
  }
}
