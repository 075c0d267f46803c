internal import Base
internal import Catalogue
internal import Identity
internal import Wire

/// Whoever uses or operates the platform reads French: the pages that people see, and every line of the command's help.
package struct ControlLANG01: ControlObservation {
  package let control = "CTL-LANG-01"
  package let test = "CTL-LANG-01Tests: a page that has lost its French is a gap until it is back"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    var pages: [BilingualPage] = []
    for path in Self.paths {
      let answer = try await platform.outside.request(
        OutsideRequest(host: platform.site.address.host("login"), path: path, headers: [(name: "accept-language", value: "fr")]))
      pages.append(BilingualPage(path: String(path.prefix { $0 != "?" }), answer: answer))
    }
    let help = try await Self.help(platform)
    let gaps =
      pages.flatMap(\.gaps)
      + help.untranslated.map {
        Text("l'aide de « \($0.place) » n'est pas traduite : \($0.text)", "the help of “\($0.place)” is not translated: \($0.text)")
      }
    return [
      Finding(
        ["19.3.a"],
        subject: Text(
          "les pages de connexion demandées avec « Accept-Language: fr », et l'aide de \(platform.site.executable)",
          "the sign-in pages asked for with “Accept-Language: fr”, and the help of \(platform.site.executable)"),
        // Without one of the two, half of what people read was not looked at.
        looked: pages.isEmpty || help.texts == 0 ? 0 : help.texts + pages.map(\.texts).reduce(0, +), gaps: gaps,
        nothing: Text("la commande n'a pas dit son aide.", "the command did not tell its help."),
        figures: [
          .init("pages regardées", "pages looked at", pages.count),
          .init("textes de pages", "texts of pages", pages.map(\.texts).reduce(0, +)),
          .init(
            "compléments laissés en anglais (codes d'erreur d'Entra)", "additions left in English (Entra's error codes)",
            pages.map(\.additions).reduce(0, +)),
          .init("lignes d'aide", "lines of help", help.texts),
          .init("lignes d'aide de la bibliothèque, en anglais", "lines of help of the library, in English", help.ofLibrary),
        ],
        evidence: .object(["pages": .array(pages.map(\.evidence))]))
    ]
  }

  /// A client of Azure's that everybody has, with a challenge of RFC 7636's.
  private static let paths: [String] = [
    "/device", "/error",
    "/organizations/oauth2/v2.0/authorize?client_id=\(FirstPartyApplication.azureCLI)&response_type=code&redirect_uri=http%3A%2F%2Flocalhost"
      + "&scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
    "/organizations/oauth2/v2.0/authorize",
  ]

  // MARK: The command's help

  private struct Help {
    var texts = 0
    /// What the library of options says by itself, the same for every program that uses it.
    var ofLibrary = 0
    var untranslated: [(place: String, text: String)] = []

    private static let library: Set = ["Show the version.", "Show help information.", "Show subcommand help information."]
    private static let maximumDepth = 8

    mutating func read(_ command: JSON, place: String, depth: Int = 0) {
      let place = "\(place) \(command["commandName"]?.string ?? "?")"
      // A discussion is an example for the shell, which has no language.
      let own = [command["abstract"]] + (command["arguments"]?.array ?? []).map { $0["abstract"] }
      for text in own.compactMap({ $0?.string }) where !text.isEmpty {
        texts += 1
        if Self.library.contains(text) {
          ofLibrary += 1
        } else if !text.contains(" — ") {
          untranslated.append((String(place.dropFirst()), String(text.prefix(120))))
        }
      }
      guard depth < Self.maximumDepth else { return }
      for subcommand in command["subcommands"]?.array ?? [] where subcommand["commandName"]?.string != "help" {
        read(subcommand, place: place, depth: depth + 1)
      }
    }
  }

  private static func help(_ platform: ObservedPlatform) async throws -> Help {
    let answer = try await platform.host.run(platform.site.executable, ["--experimental-dump-help"])
    var help = Help()
    if answer.status == 0, let command = (try? JSON(parsing: Array(answer.output.utf8)))?["command"] { help.read(command, place: "") }
    return help
  }
}

/// A page of HTML whose texts are French, with English in spans of their own.
struct BilingualPage {
  let path: String
  let status: Int
  let isFrench: Bool
  /// Headings, paragraphs, labels and buttons.
  let texts: Int
  /// Of those, the ones that are English as a whole.
  let additions: Int
  let untranslated: [String]

  private static let elements = ["h1", "p", "label", "button"]

  init(path: String, answer: OutsideAnswer) {
    self.path = path
    status = answer.status
    let html = String(decoding: answer.body, as: UTF8.self)
    isFrench = answer.header("content-type")?.hasPrefix("text/html") == true && html.contains("<html lang=\"fr\"")
    var (texts, additions, untranslated) = (0, 0, [String]())
    for element in Self.elements {
      for part in html.pieces(around: "<\(element)").dropFirst() {
        // `<p` begins `<path` too.
        guard let first = part.first, first == ">" || first == " ", let open = part.firstIndex(of: ">"),
          let content = part[part.index(after: open)...].pieces(around: "</\(element)>").first
        else { continue }
        texts += 1
        if part[..<open].contains("lang=\"en\"") {
          additions += 1
          continue
        }
        let halves = content.pieces(around: "<span lang=\"en\">")
        let french = Self.plain(halves[0])
        let english = halves.count > 1 ? Self.plain(halves[1].pieces(around: "</span>")[0]) : ""
        if french.isEmpty || french == english { untranslated.append(english.isEmpty ? element : english) }
      }
    }
    (self.texts, self.additions, self.untranslated) = (texts, additions, untranslated)
  }

  /// Without marks and the space around.
  private static func plain(_ html: String) -> String {
    var text = ""
    var isMark = false
    for character in html {
      if character == "<" { isMark = true } else if character == ">" { isMark = false } else if !isMark { text.append(character) }
    }
    let words = text.split(whereSeparator: \.isWhitespace)
    return words.joined(separator: " ")
  }

  var gaps: [Text] {
    guard isFrench, texts > 0 else {
      return [Text("la page \(path) n'est pas en français (\(status)).", "the page \(path) is not in French (\(status)).")]
    }
    return untranslated.map { Text("la page \(path) ne dit pas en français : \($0)", "the page \(path) does not say in French: \($0)") }
  }

  var evidence: JSON {
    .object([
      "path": .string(path), "status": .integer(Int64(status)), "french": .boolean(isFrench), "texts": .integer(Int64(texts)),
      "untranslated": .array(untranslated.map { .string(String($0.prefix(120))) }),
    ])
  }
}

extension StringProtocol {
  /// What stands around the occurrences of a separator; one piece where there is none.
  fileprivate func pieces(around separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
  }
}
