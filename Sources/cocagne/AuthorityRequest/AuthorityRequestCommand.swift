internal import ArgumentParser
internal import Base
internal import Wire

/// `cocagne authority-request …`
struct AuthorityRequestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "authority-request",
    abstract: "Le registre des demandes d'autorités. — The register of authorities' requests.",
    discussion: """
      Chaque étape est inscrite au registre que personne ne réécrit : dans celui du locataire concerné, ou, tant que la loi interdit de l'aviser, dans \
      celui de la plateforme seule.
      — Each step is entered in the log that nobody rewrites: in that of the tenant concerned or, while the law forbids to tell it, in the platform's \
      alone.
      """,
    subcommands: [
      AuthorityRequestAdd.self, AuthorityRequestList.self, AuthorityRequestShow.self, AuthorityRequestAnswer.self, AuthorityRequestNotify.self,
      AuthorityRequestClose.self,
    ])

  /// Prints one request.
  static func say(_ request: JSON, _ json: Bool) {
    if json { return print(request.text) }
    for member in request.object?.members ?? [] { print("\(member.name): \(member.value.string ?? member.value.text)") }
  }

  /// The members that were given.
  static func form(_ members: [(name: String, value: String?)]) -> JSON {
    .object(JSON.Object(members.compactMap { member in member.value.map { (member.name, .string($0)) } }))
  }
}

/// `cocagne authority-request add`
struct AuthorityRequestAdd: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "add", abstract: "Inscrit une demande reçue. — Enters a request that was received.")

  @OptionGroup var data: DataOptions
  @Option(help: "L'autorité. — The authority.") var authority: String
  @Option(help: "Son pays, deux lettres capitales. — Its country, two capital letters.") var country: String
  @Option(help: "Le fondement juridique. — The legal basis.") var basis: String
  @Option(help: "La voie : droit-ue, convention ou direct. — The way it came: droit-ue, convention or direct.") var way: String
  @Option(help: "Le jour de réception, AAAA-MM-JJ. — The day of receipt, YYYY-MM-DD.") var received: String
  @Option(help: "Ce qui est demandé. — What is asked for.") var asked: String
  @Option(help: "L'identifiant du locataire concerné. — The id of the tenant concerned.") var tenant: String?
  @Option(help: "La loi qui interdit d'aviser le locataire. — The law that forbids to tell the tenant.") var noticeWithheld: String?
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let form = AuthorityRequestCommand.form([
      ("authority", authority), ("country", country), ("basis", basis), ("way", way), ("received", received), ("asked", asked), ("tenantId", tenant),
      ("noticeWithheld", noticeWithheld),
    ])
    AuthorityRequestCommand.say(try data.ask("authority-request add", ["form": form]), json)
  }
}

/// `cocagne authority-request list`
struct AuthorityRequestList: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Toutes les demandes. — All requests.")

  @OptionGroup var data: DataOptions
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let answer = try data.ask("authority-request list")
    if json { return print(answer.text) }
    for request in answer["requests"]?.array ?? [] {
      print(["id", "received", "country", "state", "answer", "authority"].compactMap { request[$0]?.string }.joined(separator: "  "))
    }
  }
}

/// `cocagne authority-request show ID`
struct AuthorityRequestShow: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Une demande. — One request.")

  @OptionGroup var data: DataOptions
  @Argument(help: "L'identifiant de la demande. — The request's id.") var id: String
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws { AuthorityRequestCommand.say(try data.ask("authority-request show", ["id": .string(id)]), json) }
}

/// `cocagne authority-request answer ID`
struct AuthorityRequestAnswer: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "answer", abstract: "Inscrit la réponse donnée. — Enters the answer that was given.")

  @OptionGroup var data: DataOptions
  @Argument(help: "L'identifiant de la demande. — The request's id.") var id: String
  @Option(help: "La réponse : refus, partielle ou remise. — The answer: refus, partielle or remise.") var answer: String
  @Option(help: "Le jour de la réponse, AAAA-MM-JJ. — The day of the answer, YYYY-MM-DD.") var answered: String
  @Option(help: "Ce qui a été remis. — What was handed over.") var handedOver: String?
  @Option(help: "Les motifs. — The grounds.") var grounds: String?
  @Option(help: "L'autorité qui a décidé de la remise. — The authority that decided the handing over.") var decisionAuthority: String?
  @Option(help: "Le pays de cette autorité. — That authority's country.") var decisionCountry: String?
  @Option(help: "La référence de la décision. — The decision's reference.") var decisionReference: String?
  @Option(help: "Le jour de l'accord écrit du locataire. — The day of the tenant's written agreement.") var agreement: String?
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let form = AuthorityRequestCommand.form([
      ("answer", answer), ("answered", answered), ("handedOver", handedOver), ("grounds", grounds), ("decisionAuthority", decisionAuthority),
      ("decisionCountry", decisionCountry), ("decisionReference", decisionReference), ("agreement", agreement),
    ])
    AuthorityRequestCommand.say(try data.ask("authority-request answer", ["id": .string(id), "form": form]), json)
  }
}

/// `cocagne authority-request notify ID`
struct AuthorityRequestNotify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notify",
    abstract: "Inscrit l'avis au locataire, ou la loi qui l'interdit. — Enters that the tenant was told, or the law that forbids it.")

  @OptionGroup var data: DataOptions
  @Argument(help: "L'identifiant de la demande. — The request's id.") var id: String
  @Option(help: "Le jour de l'avis, AAAA-MM-JJ. — The day on which it was told, YYYY-MM-DD.") var notice: String?
  @Option(help: "La loi qui l'interdit. — The law that forbids it.") var noticeWithheld: String?
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let form = AuthorityRequestCommand.form([("notice", notice), ("noticeWithheld", noticeWithheld)])
    AuthorityRequestCommand.say(try data.ask("authority-request notify", ["id": .string(id), "form": form]), json)
  }
}

/// `cocagne authority-request close ID`
struct AuthorityRequestClose: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "close", abstract: "Clôt une demande. — Closes a request.")

  @OptionGroup var data: DataOptions
  @Argument(help: "L'identifiant de la demande. — The request's id.") var id: String
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws { AuthorityRequestCommand.say(try data.ask("authority-request close", ["id": .string(id)]), json) }
}
