internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// Pages that say what went wrong.
enum ErrorPage {
  static func show(_ error: CloudError) -> EdgeResponse {
    let body =
      WebPage.alert("La demande de connexion est refusée.", "The sign-in request was refused.")
      + "<p lang=\"en\">AADSTS\(error.aadstsNumber): \(WebPage.escaped(error.message))</p>"
    return WebPage(
      title: (french: "Connexion impossible", english: "Sign-in is not possible"), body: body, status: HTTPResponseStatus(statusCode: error.status)
    ).response
  }

  /// Where `error_uri` leads: `/error?code=50126`.
  static func explain(_ request: EdgeRequest) -> EdgeResponse {
    let code = request.query["code"].flatMap { $0.utf8.count <= 9 ? Int($0) : nil }
    let name = code.map { "AADSTS\($0)" } ?? "AADSTS"
    let body =
      "<p>\(WebPage.both("Le code d’erreur \(name) est décrit dans la référence des codes d’erreur de Microsoft Entra.", "Error code \(name) is described in Microsoft Entra’s reference of error codes."))</p>"
    return WebPage(title: (french: "Code d’erreur \(name)", english: "Error code \(name)"), body: body).response
  }
}
