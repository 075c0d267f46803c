internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Whoever has not authenticated gets nothing of an interface that is open to the public: every route of administration, tried from outside without a
/// token, answers 401 and says nothing of what it guards.
package struct ControlIAM09: ControlObservation {
  package let control = "CTL-IAM-09"
  package let test = "CTL-IAM-09Tests: a route that answers without a token is a gap until it asks for one"

  private let book: RouteBook

  /// The book holds what the cloud serves; while it is empty nothing is assessed.
  package init(routes book: RouteBook = RouteBook()) { self.book = book }

  /// What one look tries: all, so that an open route stays a gap until it is mended. Beyond so many, the next day's goes on where it ended.
  private static let sample = 1024
  private static let maximumRefusalBytes = 4096
  private static let maximumListed = 256

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let routes = book.routes
    let guarded = routes.filter { $0.openReason == nil }
    guard !guarded.isEmpty else {
      return [
        Finding(
          ["9.6.e", "9.6.h", "10.2.c"], .notAssessed, subject: Text("les routes d'administration", "the routes of administration"),
          reason: Text("la table des routes n'est pas connue de l'observation.", "the observation does not know the table of routes."))
      ]
    }
    let count = min(Self.sample, guarded.count)
    let first = CalendarDate(platform.now).dayNumber % ((guarded.count + count - 1) / count) * count
    var attempts = (0..<count).map { Attempt(guarded[(first + $0) % guarded.count], platform.site.address) }
    attempts += Attempt.strangers(platform.site.address)
    for index in attempts.indices { try await attempts[index].carryOut(platform.outside, limit: Self.maximumRefusalBytes) }
    let refusals = attempts.compactMap(\.gap)
    let transport = try await Self.transportGaps(platform)
    let subject = Text(
      "\(count) routes d'administration sur \(guarded.count), et des hôtes inconnus, appelés sans jeton de l'extérieur",
      "\(count) of \(guarded.count) routes of administration, and unknown hosts, called from outside without a token")
    let figures: [Finding.Figure] = [
      .init("routes gardées", "guarded routes", guarded.count), .init("routes appelées", "routes called", count),
      .init("appels", "calls", attempts.count), .init("réponses indues", "undue answers", refusals.count),
      .init("routes ouvertes, avec leur raison", "open routes, with their reason", routes.count - guarded.count),
    ]
    // Gaps first: they must not be what is cut.
    let calls = attempts.filter { $0.gap != nil } + attempts.filter { $0.gap == nil }
    let open: [JSON] = routes.filter { $0.openReason != nil }.prefix(Self.maximumListed).map { route in
      .object(["route": .string("\(route.service) \(route.method) \(route.pattern)"), "reason": .string(route.openReason)])
    }
    let evidence: JSON = ["calls": .array(calls.prefix(Self.maximumListed).map(\.evidence)), "open": .array(open)]
    let nothing = Text("aucune route n'a été appelée.", "no route was called.")
    func finding(_ items: [ItemID], _ gaps: [Text]) -> Finding {
      Finding(items, subject: subject, looked: attempts.count, gaps: gaps, nothing: nothing, figures: figures, evidence: evidence)
    }
    return [finding(["9.6.h"], refusals), finding(["9.6.e"], refusals + transport), finding(["10.2.c"], transport)]
  }

  /// Whether what these calls went through was TLS as the profile has it, and nothing older would have been taken.
  private static func transportGaps(_ platform: ObservedPlatform) async throws -> [Text] {
    let profile = CryptographicProfile(on: CalendarDate(platform.now))
    var gaps: [Text] = []
    for address in platform.site.listeningAddresses {
      func offer(_ minimum: TLSVersion, _ maximum: TLSVersion) -> HandshakeOffer {
        HandshakeOffer(
          address: address, port: platform.site.address.port, serverName: platform.site.address.host("management"), minimum: minimum,
          maximum: maximum)
      }
      if let old = try await platform.outside.handshake(offer(.tls10, .tls11)) {
        gaps.append(Text("\(address) accepte \(old.version.name).", "\(address) accepts \(old.version.name)."))
      }
      let usual = try await platform.outside.handshake(offer(.tls12, .tls13))
      if usual.map({ profile.standing($0.version) == .refused }) ?? true {
        gaps.append(Text("\(address) ne parle pas TLS 1.2 ou 1.3.", "\(address) does not speak TLS 1.2 or 1.3."))
      }
    }
    return gaps
  }
}

/// One call without a token, and what came of it.
private struct Attempt {
  /// What a refusal may be.
  enum Expected {
    /// 401, as an interface of administration has it.
    case unauthenticated
    /// Any refusal: storage hides what is private, and no service stands behind an unknown host.
    case refused
  }

  let request: OutsideRequest
  let expected: Expected
  /// What the route is called in its table.
  let name: String
  private(set) var status = 0
  private(set) var gap: Text?

  init(_ route: ManagementRoute, _ address: CloudAddress) {
    let query = route.service == "management" ? "?api-version=2022-12-01" : ""
    request = OutsideRequest(route.method, host: address.host(route.service), path: route.path + query)
    expected = .unauthenticated
    name = "\(route.service) \(route.method) \(route.pattern)"
  }

  private init(_ host: String, _ path: String) {
    request = OutsideRequest(host: host, path: path)
    expected = .refused
    name = "\(host)\(path)"
  }

  static func strangers(_ address: CloudAddress) -> [Attempt] {
    let account = "sonde.blob.core.\(address.domain)"
    return [
      Attempt(account, "/?comp=list"), Attempt(account, "/box?restype=container&comp=list"), Attempt(account, "/box/blob"),
      Attempt("md-sonde.blob.core.\(address.domain)", "/sonde"), Attempt(address.host("diagnostics"), "/sonde"),
      Attempt(address.host("administration"), "/"), Attempt(address.host("control"), "/"), Attempt(address.domain, "/"),
      Attempt("localhost", "/box/blob"),
    ]
  }

  mutating func carryOut(_ outside: any OutsideView, limit: Int) async throws {
    let answer = try await outside.request(request)
    status = answer.status
    switch expected {
    case .unauthenticated where answer.status != 401:
      gap = Text("\(name) répond \(answer.status) sans jeton.", "\(name) answers \(answer.status) without a token.")
    case .refused where answer.status < 400:
      gap = Text("\(name) répond \(answer.status) à un inconnu.", "\(name) answers \(answer.status) to a stranger.")
    default:
      if answer.body.count > limit || !Self.isRefusalAlone(answer) {
        gap = Text("\(name) refuse, mais dit autre chose qu'un refus.", "\(name) refuses, yet says more than a refusal.")
      }
    }
  }

  /// Nothing, a line of text, or an error in the service's form: `{"error": …}`, `<Error>`.
  private static func isRefusalAlone(_ answer: OutsideAnswer) -> Bool {
    let type = answer.header("content-type") ?? ""
    if answer.body.isEmpty { return true }
    if type.contains("json") {
      guard let members = (try? JSON(parsing: answer.body))?.object?.names else { return false }
      let known: Set = ["error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri"]
      return members.contains("error") && members.allSatisfy { known.contains($0) }
    }
    let text = String(decoding: answer.body, as: UTF8.self)
    if type.contains("xml") { return text.contains("<Error>") && text.hasSuffix("</Error>") }
    return type.hasPrefix("text/plain") && text.split(separator: "\n").count == 1
  }

  var evidence: JSON { .object(["call": .string(name), "status": .integer(Int64(status)), "gap": .boolean(gap != nil)]) }
}
