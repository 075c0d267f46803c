internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// A request and what became of it, as Storage Analytics tells it.
///
/// Source: Microsoft, "Storage Analytics log format" and "Storage Analytics logged operations and status messages".
struct AnsweredRequest: Sendable {
  /// How the caller proved itself.
  enum Proof: String, Sendable {
    case anonymous
    case authenticated
    case sas
    case oauth
  }

  /// What a logging setting is about.
  enum Kind: String, Sendable {
    case read
    case write
    case delete
  }

  var request: EdgeRequest
  var service: StorageService
  var account: String
  /// As Microsoft calls it, without spaces: `GetBlob`.
  var operation: String
  var version: String
  var begin: Timestamp
  /// Until the answer was ready to be sent.
  var milliseconds: Int
  var status: Int
  var answerHeaders: HTTPHeaders
  var answerBytes: Int

  init(
    _ request: EdgeRequest, _ response: EdgeResponse, service: StorageService, account: String, operation: String, version: String, begin: Timestamp,
    end: Timestamp
  ) {
    self.request = request
    // The pages of a website are blobs.
    self.service = service == .web ? .blob : service
    self.account = account
    self.operation = operation.replacing(" ", with: "")
    self.version = version
    self.begin = begin
    milliseconds = Int(max(0, end.microseconds - begin.microseconds) / 1000)
    status = Int(response.status.code)
    answerHeaders = response.headers
    switch response.body {
    case .bytes(let bytes): answerBytes = bytes.readableBytes
    case .head: answerBytes = 0
    case .stream(let length, _): answerBytes = length ?? 0
    }
  }

  var kind: Kind {
    switch request.method {
    case .GET, .HEAD, .OPTIONS: .read
    case .DELETE: .delete
    default: .write
    }
  }

  var proof: Proof {
    if let header = request.headers.first(name: "authorization") { return header.lowercased().hasPrefix("bearer") ? .oauth : .authenticated }
    return request.query["sig"] == nil ? .anonymous : .sas
  }

  /// Bytes of the request's body as it was announced.
  var requestBytes: Int { request.body.length ?? 0 }

  /// What became of it, apart from who asked.
  enum Outcome: String, Sendable, CaseIterable {
    case success = "Success"
    case clientError = "ClientOtherError"
    case authorizationError = "AuthorizationError"
    case throttlingError = "ThrottlingError"
    case serverError = "ServerOtherError"
  }

  var outcome: Outcome {
    switch status {
    case ..<300: .success
    case 401, 403: .authorizationError
    case ..<500: .clientError
    case 503: .throttlingError
    default: .serverError
    }
  }

  /// The same in one word.
  var statusText: String {
    let who =
      switch proof {
      case .anonymous: "Anonymous"
      case .sas: "SAS"
      case .authenticated, .oauth: ""
      }
    return who + outcome.rawValue
  }

  // MARK: The line

  func line(version logVersion: String) -> String {
    let path = request.path
    let fields: [String] = [
      logVersion, begin.iso8601Fractional, operation, statusText, String(status), String(milliseconds), String(milliseconds), proof.rawValue,
      proof == .anonymous ? "" : account, account, service.rawValue, Self.quoted(url), Self.quoted("/\(account)\(path)"),
      request.identifiers.request.description, "0", request.remoteAddress, version, String(Self.size(of: request.headers)), String(requestBytes),
      String(Self.size(of: answerHeaders)), String(answerBytes), String(requestBytes), Self.quoted(header("Content-MD5")),
      Self.quoted(answerHeaders.first(name: "Content-MD5") ?? ""), Self.quoted((answerHeaders.first(name: "ETag") ?? "").filter { $0 != "\"" }),
      answerHeaders.first(name: "Last-Modified") ?? "", Self.quoted(conditions), Self.quoted(header("User-Agent")), Self.quoted(header("Referer")),
      Self.quoted(request.identifiers.client ?? ""),
    ]
    // The second version says more of callers with tokens, which is not known here.
    return (fields + (logVersion == "1.0" ? [] : Array(repeating: "", count: 8))).joined(separator: ";") + "\n"
  }

  /// A signature opens what it is for: it is left out.
  private var url: String {
    let query = request.query.items.map { item in
      "\(percentEncoded(item.name))=\(item.name.lowercased() == "sig" ? "XXXXX" : percentEncoded(item.value))"
    }
    return "https://\(request.authority)\(request.path)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
  }

  private var conditions: String {
    let names = ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]
    return names.compactMap { name in request.headers.first(name: name).map { "\(name)=\($0)" } }.joined(separator: "&")
  }

  private func header(_ name: String) -> String { request.headers.first(name: name) ?? "" }

  private static func size(of headers: HTTPHeaders) -> Int {
    headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
  }

  /// In quotation marks, what would end the field or the line written otherwise; nothing at all where there is nothing.
  private static func quoted(_ text: String) -> String {
    guard !text.isEmpty else { return "" }
    let escaped = text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").filter { !$0.isNewline }
    return "\"\(escaped)\""
  }
}
