internal import ArgumentParser
internal import Wire

/// `cocagne operator add --name NAME --email ADDRESS --role ROLE --request FILE`
struct OperatorAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Inscrit une personne et lui donne un certificat. — Registers a person, with a certificate.",
    discussion: """
      Les rôles : exploitation, support, securite, auditeur. Aucun ne donne accès aux données d'un locataire.
      — The roles: exploitation, support, securite, auditeur. None gives access to a tenant's data.
      """)

  @OptionGroup var data: DataOptions

  @Option(help: "« Prénom Nom ». — “First Last”.")
  var name: String

  @Option(help: "L'adresse électronique de la personne. — The person's e-mail address.")
  var email: String

  @Option(help: "Un rôle ; peut se répéter. — A role; may be repeated.")
  var role: [String]

  @OptionGroup var options: CertificateOptions
  @OptionGroup var json: JSONOption

  func run() throws {
    let arguments: [(name: String, value: JSON)] = [
      ("displayName", .string(name)), ("email", .string(email)), ("roles", try OperatorCommand.roles(role)),
    ]
    let made = try data.ask("operator add", .object(JSON.Object(arguments + (try options.arguments()))))
    if json.isWanted { return print(made.text) }
    Bilingual.say(
      "Opérateur inscrit : \(made["name"]?.string ?? ""), identifiant \(made["id"]?.string ?? "").",
      "Operator registered: \(made["name"]?.string ?? ""), id \(made["id"]?.string ?? "").")
    Bilingual.say("Autorité : \(made["authority"]?.string ?? "")", "Scope: \(made["scope"]?.string ?? "")")
    try OperatorCommand.give(made["certificate"]?.string ?? "", to: options.certificate)
  }
}

/// `cocagne operator renew PERSON --request FILE`
struct OperatorRenew: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract: "Donne un nouveau certificat ; l'ancien ne vaut plus rien. — Gives a new certificate; the one before is good no more.")

  @OptionGroup var data: DataOptions
  @OptionGroup var person: PersonArgument
  @OptionGroup var options: CertificateOptions
  @OptionGroup var json: JSONOption

  func run() throws {
    let arguments: [(name: String, value: JSON)] = [("person", .string(person.person))] + (try options.arguments())
    let changed = try data.ask("operator renew", .object(JSON.Object(arguments)))
    if json.isWanted { return print(changed.text) }
    let end = changed["notAfter"]?.string ?? ""
    Bilingual.say("Certificat renouvelé, jusqu'au \(end).", "Certificate renewed, until \(end).")
    try OperatorCommand.give(changed["certificate"]?.string ?? "", to: options.certificate)
  }
}
