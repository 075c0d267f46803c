internal import ArgumentParser
internal import Wire

/// `cocagne ledger …`
struct LedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "Le registre que personne ne réécrit : qui a fait quoi, et la preuve. — The log that nobody rewrites: who did what, and the proof.",
    subcommands: [
      LedgerStatus.self, LedgerList.self, LedgerReceiptCommand.self, LedgerPublish.self, LedgerExportCommand.self, LedgerVerify.self,
      LedgerErase.self, LedgerWitnessCommand.self,
    ])
}

/// The options of the commands that ask the running cloud.
struct LedgerOptions: ParsableArguments {
  @OptionGroup var data: DataOptions
  @Flag(help: "En JSON. — As JSON.") var json = false

  func ask(_ command: String, _ arguments: JSON = [:]) throws -> JSON { try data.ask(command, arguments) }
}

/// `cocagne ledger status`
struct LedgerStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "La taille, la tête signée, les témoins. — The size, the signed head, the witnesses.")

  @OptionGroup var options: LedgerOptions

  func run() throws {
    let status = try options.ask("ledger status")
    if options.json { return print(status.text) }
    let (size, drafts) = (status["size"]?.integer ?? 0, status["waiting"]?.integer ?? 0)
    Bilingual.say(
      "Registre \(status["origin"]?.string ?? "") : \(size) entrées\(drafts > 0 ? ", \(drafts) en attente de leur place" : "").",
      "Log \(status["origin"]?.string ?? ""): \(size) entries\(drafts > 0 ? ", \(drafts) waiting for their place" : "").")
    if let head = status["head"] {
      let (headSize, time) = (head["size"]?.integer ?? 0, head["time"]?.string ?? "")
      Bilingual.say("Dernière tête signée : \(headSize) entrées, le \(time).", "Last signed head: \(headSize) entries, at \(time).")
    }
    Bilingual.say("Clé : \(status["verifierKey"]?.string ?? "")", "Key: \(status["verifierKey"]?.string ?? "")")
    let witnesses = status["witnesses"]?.array ?? []
    if witnesses.isEmpty {
      Bilingual.say(
        "! Aucun témoin : personne d'autre ne saurait que le registre a été réécrit. Nommez-en dans ledger.json.",
        "No witness: nobody else would know that the log was rewritten. Name some in ledger.json.")
    }
    for witness in witnesses {
      let name = witness["name"]?.string ?? ""
      guard let problem = witness["problem"]?.string else {
        let (kept, time) = (witness["size"]?.integer ?? 0, witness["time"]?.string ?? "—")
        Bilingual.say("✔ \(name) : \(kept) entrées, le \(time)", "\(name): \(kept) entries, at \(time)")
        continue
      }
      if witness["contradicts"]?.boolean == true {
        Bilingual.say("✘ \(name) CONTREDIT le registre : \(problem)", "\(name) CONTRADICTS the log: \(problem)")
      } else {
        Bilingual.say("! \(name) ne répond pas comme il faut : \(problem)", "\(name) does not answer as it should: \(problem)")
      }
    }
  }
}

/// `cocagne ledger list`
struct LedgerList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Les entrées, de tous ou d'un locataire. — The entries, of all or of one tenant.")

  @OptionGroup var options: LedgerOptions
  @Option(help: "L'identifiant du locataire. — The tenant's id.") var tenant: String?
  @Option(help: "Après ce numéro. — Behind this number.") var after = 0
  @Option(help: "Combien au plus. — How many at most.") var limit = 100

  func run() throws {
    let answer = try options.ask(
      "ledger list", .object(["tenant": .string(tenant), "after": .integer(Int64(after)), "limit": .integer(Int64(limit))]))
    if options.json { return print(answer.text) }
    for item in answer["entries"]?.array ?? [] {
      let entry = item["entry"] ?? .null
      let known = (item["personal"]?.object?.members ?? []).compactMap { member in member.value.string.map { "\(member.name)=\($0)" } }
      print(
        "\(entry["sequence"]?.integer ?? 0)  \(entry["time"]?.string ?? "")  \(entry["kind"]?.string ?? "")  \(entry["outcome"]?.string ?? "")  \(entry["subject"]?.string ?? "")"
      )
      let facts = (entry["facts"]?.object?.members ?? []).compactMap { member in member.value.string.map { "\(member.name)=\($0)" } }
      if !facts.isEmpty || !known.isEmpty { print("    \((facts + known).joined(separator: "  "))") }
    }
  }
}

/// `cocagne ledger receipt SEQ`
struct LedgerReceiptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receipt",
    abstract: "Le reçu d'une entrée, que verify_receipt de Microsoft accepte. — The receipt of an entry, which Microsoft's verify_receipt accepts.")

  @OptionGroup var options: LedgerOptions
  @Argument(help: "Le numéro de l'entrée. — The entry's number.") var sequence: Int

  func run() throws { print(try options.ask("ledger receipt", ["sequence": .integer(Int64(sequence))]).text) }
}

/// `cocagne ledger publish`
struct LedgerPublish: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish", abstract: "Signe une tête maintenant, et la donne aux témoins. — Signs a head now, and hands it to the witnesses.")

  @OptionGroup var options: LedgerOptions

  func run() throws {
    let answer = try options.ask("ledger publish")
    if options.json { return print(answer.text) }
    Bilingual.say("Tête signée à \(answer["size"]?.integer ?? 0) entrées.", "Head signed at \(answer["size"]?.integer ?? 0) entries.")
  }
}

/// `cocagne ledger export`
struct LedgerExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Une copie que chacun vérifie, sans donnée personnelle. — A copy that anybody verifies, without personal data.")

  @OptionGroup var options: LedgerOptions
  @Option(help: "Le dossier à écrire. — The folder to write.") var out: String

  func run() throws {
    let answer = try options.ask("ledger export", ["folder": .string(DataDirectory(path: out).path)])
    if options.json { return print(answer.text) }
    Bilingual.say(
      "\(answer["entries"]?.integer ?? 0) entrées dans \(out). « cocagne ledger verify --data \(out) --witness FICHIER » les vérifie.",
      "\(answer["entries"]?.integer ?? 0) entries in \(out). “cocagne ledger verify --data \(out) --witness FILE” verifies them.")
  }
}

/// `cocagne ledger erase`
struct LedgerErase: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Efface les données d'une personne ; le registre reste vérifiable. — Erases a person's data; the log can still be verified.")

  @OptionGroup var options: LedgerOptions
  @Option(help: "L'identifiant du locataire ; sans lui, la plateforme. — The tenant's id; without it, the platform.") var tenant: String?
  @Option(help: "Les numéros des entrées. — The entries' numbers.") var sequence: [Int] = []
  @Option(help: "Le nom, l'identifiant ou l'adresse de la personne. — The person's name, id or address.") var person: String?

  func run() throws {
    let answer = try options.ask(
      "ledger erase",
      .object([
        "tenant": .string(tenant), "person": .string(person), "sequences": .array(sequence.map { .integer(Int64($0)) }),
      ]))
    if options.json { return print(answer.text) }
    let count = answer["erased"]?.integer ?? 0
    Bilingual.say("Données personnelles effacées de \(count) entrée(s).", "Personal data erased from \(count) entries.")
  }
}
