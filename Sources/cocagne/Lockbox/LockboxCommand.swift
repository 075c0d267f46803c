internal import ArgumentParser
internal import Wire

/// `cocagne lockbox …`
struct LockboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockbox",
    abstract: "Ce que des opérateurs ont demandé aux locataires, et leur réponse. — What operators asked tenants for, and their answers.",
    discussion: """
      Rien de ce qui est aux locataires n'est montré ici. Un opérateur demande, et regarde, par l'API des opérateurs ; le locataire décide par l'API \
      Microsoft.CustomerLockbox.
      — Nothing that is the tenants' is shown here. An operator asks, and looks, by the operators' API; the tenant decides by the API \
      Microsoft.CustomerLockbox.
      """, subcommands: [LockboxList.self, LockboxShow.self])
}

/// `cocagne lockbox list`
struct LockboxList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Les demandes et les accès, les plus récents d'abord. — The requests and grants, the newest first.")

  @OptionGroup var data: DataOptions
  @Option(help: "Après cette demande. — Behind this request.") var after: String?
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let answer = try data.ask("lockbox list", .object(["after": .string(after)]))
    if json { return print(answer.text) }
    for request in answer["requests"]?.array ?? [] { print(Self.line(request)) }
    if let next = answer["next"]?.string { Bilingual.say("… suite : --after \(next)", "… more: --after \(next)") }
  }

  static func line(_ request: JSON) -> String {
    ["id", "status", "createdTime", "operatorName", "scope"].compactMap { request[$0]?.string }.joined(separator: "  ")
  }
}

/// `cocagne lockbox show ID`
struct LockboxShow: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Une demande. — One request.")

  @OptionGroup var data: DataOptions
  @Argument(help: "L'identifiant de la demande. — The request's id.") var id: String
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let request = try data.ask("lockbox show", ["id": .string(id)])
    if json { return print(request.text) }
    for member in request.object?.members ?? [] { print("\(member.name): \(member.value.string ?? member.value.text)") }
  }
}
