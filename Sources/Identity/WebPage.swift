internal import Base
internal import Crypto
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// The few pages that people see: plain HTML that works without scripts, French first and English beside it, under a policy that lets nothing in but
/// the style that is written here.
struct WebPage {
  /// In both languages.
  var title: (french: String, english: String)
  var body: String
  var status: HTTPResponseStatus = .ok
  /// Where its forms may lead besides here: `form-action` sources.
  var formTargets: [String] = []
  var sendsItself = false
  /// The value of the cookie to set, against forms that other sites send.
  var token: String?

  static let style = """
    :root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}body{margin:0;display:grid;min-height:100vh;place-items:center}\
    main{width:min(26rem,90vw);padding:2rem;border:1px solid #8888;border-radius:.75rem}h1{font-size:1.25rem;margin:0 0 .25rem}\
    [lang=en]{display:block;font-size:.875rem;opacity:.75}label{display:block;margin-top:1rem;font-weight:600}label [lang=en]{font-weight:400}\
    input{box-sizing:border-box;width:100%;padding:.6rem;font:inherit;border:1px solid #888;border-radius:.4rem}\
    button{margin:1.25rem .5rem 0 0;padding:.6rem 1rem;font:inherit;border:1px solid #14532d;border-radius:.4rem;background:#14532d;color:#fff}\
    button.plain{background:transparent;color:inherit}:focus-visible{outline:3px solid #2563eb;outline-offset:2px}\
    .alert{margin-top:1rem;padding:.75rem;border-left:4px solid #b91c1c;background:#b91c1c18}.good{border-color:#14532d;background:#14532d18}
    """

  /// Sends the one form of the page.
  static let script = "document.forms[0].submit()"

  private static let styleHash = hash(style)
  private static let scriptHash = hash(script)
  static let cookieName = "__Host-cocagne-form"

  private static func hash(_ text: String) -> String {
    "'sha256-\(Base64.encode(SHA256.hash(data: Array(text.utf8))))'"
  }

  var response: EdgeResponse {
    let html = """
      <!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">\
      <title>\(Self.escaped(title.french)) · \(Self.escaped(title.english))</title><style>\(Self.style)</style></head><body><main>\
      <h1>\(Self.both(title.french, title.english))</h1>\(body)</main>\(sendsItself ? "<script>\(Self.script)</script>" : "")</body></html>
      """
    let targets = (["'self'"] + formTargets).joined(separator: " ")
    var headers: HTTPHeaders = [
      "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
      "Content-Security-Policy":
        "default-src 'none'; style-src \(Self.styleHash); script-src \(sendsItself ? Self.scriptHash : "'none'"); form-action \(targets); "
        + "base-uri 'none'; frame-ancestors 'none'",
      "Cross-Origin-Opener-Policy": "same-origin",
    ]
    if let token { headers.add(name: "Set-Cookie", value: "\(Self.cookieName)=\(token); Path=/; Secure; HttpOnly; SameSite=Strict") }
    return EdgeResponse(status, headers: headers, body: .bytes(ByteBuffer(string: html)))
  }

  // MARK: Pieces

  /// A text in both languages.
  static func both(_ french: String, _ english: String) -> String {
    "\(escaped(french)) <span lang=\"en\">\(escaped(english))</span>"
  }

  static func input(
    _ name: String, _ french: String, _ english: String, type: String = "text", value: String = "", autocomplete: String, isRequired: Bool = true
  ) -> String {
    """
    <label for="\(name)">\(both(french, english))</label><input id="\(name)" name="\(name)" type="\(type)" value="\(escaped(value))" \
    autocomplete="\(autocomplete)" spellcheck="false" autocapitalize="off" maxlength="256"\(isRequired ? " required" : "")>
    """
  }

  static func hidden(_ name: String, _ value: String) -> String {
    "<input type=\"hidden\" name=\"\(escaped(name))\" value=\"\(escaped(value))\">"
  }

  static func button(_ action: String, _ french: String, _ english: String, isPlain: Bool = false) -> String {
    "<button name=\"action\" value=\"\(action)\"\(isPlain ? " class=\"plain\" formnovalidate" : "")>\(both(french, english))</button>"
  }

  static func alert(_ french: String, _ english: String, isGood: Bool = false) -> String {
    "<p class=\"alert\(isGood ? " good" : "")\" role=\"alert\">\(both(french, english))</p>"
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
