internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// The page on which a person ends the sign-in that a device began.
struct DevicePage: Sendable {
  let service: IdentityService

  private static let title = (french: "Connecter un appareil", english: "Connect a device")

  func show(_ request: EdgeRequest) async throws -> EdgeResponse {
    page(request, userCode: request.query["user_code"]?.bounded ?? "").response
  }

  /// A person approved or declined. What the person got wrong is said on the page; the rest is thrown.
  func submit(_ request: EdgeRequest) async throws -> EdgeResponse {
    let form = try await TokenForm(reading: request)
    do {
      return try await decide(form, request).response
    } catch let error as CloudError where error.status < 500 {
      await service.noteFailure(error, form: form, tenant: nil, request: request)
      var answer = page(
        request, userCode: form["user_code"]?.bounded ?? "", username: form["username"]?.bounded ?? "", alert: SignInForm.alert(error),
        asksForNewPassword: SignInForm.asksForNewPassword(error))
      answer.status = HTTPResponseStatus(statusCode: error.status)
      return answer.response
    }
  }

  private func decide(_ form: TokenForm, _ request: EdgeRequest) async throws -> WebPage {
    try FormGuard(service: service).check(form, of: request)
    let address = GUID(digestOf: request.remoteAddress)
    if service.userCodeAttempts.lockedSeconds(address) != nil { throw OAuthErrors.lockedUser }
    let userCode = form["user_code"] ?? ""
    guard let (record, client) = try await service.pendingDevice(userCode: userCode) else {
      service.userCodeAttempts.failed(address, secret: userCode)
      throw OAuthErrors.badUserCode
    }
    var signIn: SignIn?
    if form["action"] != "decline" {
      let tenant = try await record.tenant.asyncFlatMap { id in try await service.records.read { try service.tenant(id, in: $0) } }
      signIn = try await service.signIn(
        try form.required("username"), password: try form.required("password"), newPassword: form["new_password"], tenant: tenant)
    }
    guard try await service.decideDevice(record, signIn) else { throw OAuthErrors.badUserCode }
    let message =
      signIn == nil
      ? WebPage.alert("La demande de « \(client) » est refusée.", "The request of “\(client)” was declined.")
      : WebPage.alert(
        "« \(client) » est connecté sur votre appareil. Vous pouvez fermer cette page.",
        "“\(client)” is signed in on your device. You may close this page.", isGood: true)
    return WebPage(title: Self.title, body: message)
  }

  private func page(
    _ request: EdgeRequest, userCode: String, username: String = "", alert: String = "", asksForNewPassword: Bool = false
  ) -> WebPage {
    let token = FormGuard(service: service).token(for: request)
    let warning = WebPage.both(
      "Saisissez seulement un code que vous venez de demander vous-même : qui l’a reçu pourra agir en votre nom.",
      "Enter only a code that you have just asked for yourself: whoever holds it will be able to act in your name.")
    let body = """
      <p>\(warning)</p>\(alert)<form method="post">\(WebPage.hidden("csrf", token))\
      \(WebPage.input("user_code", "Code affiché par l’appareil", "Code that the device shows", value: userCode, autocomplete: "one-time-code"))\
      \(SignInForm.fields(username: username, asksForNewPassword: asksForNewPassword))\
      \(WebPage.button("approve", "Approuver", "Approve"))\(WebPage.button("decline", "Refuser", "Decline", isPlain: true))</form>
      """
    return WebPage(title: Self.title, body: body, token: token)
  }
}

extension Optional {
  fileprivate func asyncFlatMap<Result>(_ body: (Wrapped) async throws -> Result?) async throws -> Result? {
    guard let self else { return nil }
    return try await body(self)
  }
}
