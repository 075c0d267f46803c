internal import ArgumentParser
internal import Wire

/// `cocagne operator list`
struct OperatorList: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Les opérateurs inscrits. — The registered operators.")

  @OptionGroup var data: DataOptions
  @OptionGroup var json: JSONOption

  func run() throws {
    let answer = try data.ask("operator list")
    if json.isWanted { return print(answer.text) }
    let people = answer["value"]?.array ?? []
    if people.isEmpty { return Bilingual.say("Aucun opérateur n'est inscrit.", "No operator is registered.") }
    for person in people { print(OperatorCommand.line(person)) }
  }
}

/// `cocagne operator show PERSON`
struct OperatorShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Un opérateur, ses rôles et son certificat. — An operator, with roles and certificate.")

  @OptionGroup var data: DataOptions
  @OptionGroup var person: PersonArgument
  @OptionGroup var json: JSONOption

  func run() throws {
    let found = try data.ask("operator show", ["person": .string(person.person)])
    if json.isWanted { return print(found.text) }
    print(OperatorCommand.line(found))
    let rows: [(french: String, english: String, member: String)] = [
      ("Inscrit le", "registered on", "added"), ("Inscrit par", "registered by", "addedBy"),
      ("Certificat (SHA-256)", "certificate", "certificateSha256"),
      ("Valable du", "good from", "notBefore"), ("au", "to", "notAfter"), ("Suspendu le", "disabled on", "disabled"),
    ]
    for row in rows {
      guard let value = found[row.member]?.string else { continue }
      print("  \(row.french) — \(row.english): \(value)")
    }
  }
}

/// `cocagne operator authority`
struct OperatorAuthorityCertificate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "authority", abstract: "Le certificat de l'autorité des opérateurs. — The certificate of the operators' authority.")

  @OptionGroup var data: DataOptions

  func run() throws {
    print(try data.ask("operator authority")["certificate"]?.string ?? "")
  }
}

/// `cocagne operator routes`
struct OperatorRouteList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "routes",
    abstract: "Tout ce qu'un opérateur peut appeler, et ce que cela exige. — All that an operator can call, and what it demands.")

  @OptionGroup var data: DataOptions
  @OptionGroup var json: JSONOption

  func run() throws {
    let answer = try data.ask("operator routes")
    if json.isWanted { return print(answer.text) }
    for route in answer["routes"]?.array ?? [] {
      let grant = route["grant"]?.boolean == true ? "  accord du locataire — tenant's grant" : ""
      print("\(route["method"]?.string ?? "") \(route["pattern"]?.string ?? "")  \(route["permission"]?.string ?? "—")\(grant)")
    }
    for command in answer["commands"]?.array ?? [] {
      print("cocagne \(command["name"]?.string ?? "")  montre — shows: \(command["shows"]?.string ?? "")")
    }
  }
}
