internal import ArgumentParser
internal import Base
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne secnumcloud document …`
struct DocumentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "document",
    abstract: "Les pièces du dossier : dépôt, approbation, prochaine revue. — The pieces of the dossier: filing, approval, next review.",
    subcommands: [DocumentAdd.self, DocumentList.self])
}

/// `cocagne secnumcloud document add SLOT FILE`
struct DocumentAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Dépose une pièce, chiffrée dans le nuage même. — Files a piece, encrypted in the cloud itself.")

  @OptionGroup var options: ComplianceOptions
  @Argument(help: "La pièce, par exemple pssi. — The piece, pssi for example.") var slot: String
  @Argument(help: "Le fichier. — The file.") var file: String
  @Option(help: "Son propriétaire. — Its owner.") var owner: String
  @Option(help: "Qui l'a approuvée. — Who approved it.") var approver: String
  @Option(help: "Le jour de l'approbation, AAAA-MM-JJ. — The day of the approval.") var approved: String
  @Option(help: "Prochaine revue ; au plus tard l'échéance imposée. — Next review; the imposed deadline at the latest.") var review: String?
  @Option(help: "Un titre. — A title.") var title: String?

  func run() throws {
    var arguments: [(name: String, value: JSON)] = [
      ("slot", .string(slot)), ("path", .string(DataDirectory(path: file).path)), ("owner", .string(owner)), ("approver", .string(approver)),
      ("approved", .string(approved)),
    ]
    if let review { arguments.append(("review", .string(review))) }
    if let title { arguments.append(("title", .string(title))) }
    let answer = try options.ask("secnumcloud document", .object(JSON.Object(arguments)))
    if options.json { return print(answer.text) }
    let next = answer["nextReview"]?.string ?? options.choose("aucune imposée", "none imposed")
    Bilingual.say(
      "Pièce « \(slot) » déposée, SHA-256 \(answer["sha256"]?.string ?? ""). Prochaine revue : \(next).",
      "Piece “\(slot)” filed, SHA-256 \(answer["sha256"]?.string ?? ""). Next review: \(next).")
  }
}

/// `cocagne secnumcloud document list`
struct DocumentList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Montre les pièces : ce qui est là, ce qui manque, ce qui échoit. — Shows what is there, what lacks, what is due.")

  @OptionGroup var options: ComplianceOptions

  func run() throws {
    let answer = try options.ask("secnumcloud documents")
    if options.json { return print(answer.text) }
    var phase = ""
    for slot in answer["slots"]?.array ?? [] {
      if let next = slot["phase"]?.string, next != phase {
        phase = next
        print(phase)
      }
      let line = "  \(Self.mark(slot)) \(slot["id"]?.string ?? "") : \(options.text(slot["title"])) (\(state(slot)))"
      let isRed = slot["review"].map { $0.string != "upToDate" } ?? false
      print(isRed && isatty(1) == 1 ? "\u{1B}[31m\(line)\u{1B}[0m" : line)
    }
  }

  private func state(_ slot: JSON) -> String {
    guard slot["filed"] != nil else {
      let source = slot["source"]?.string ?? ""
      return options.choose("à déposer par : \(source)", "owed by: \(source)")
    }
    guard let review = slot["nextReview"]?.string else { return options.choose("déposée", "filed") }
    return options.choose("revue avant le \(review)", "to be reviewed by \(review)")
  }

  private static func mark(_ slot: JSON) -> String {
    switch slot["review"]?.string {
    case "overdue": "✘"
    case "dueSoon": "!"
    case "upToDate": "✔"
    default: slot["isRequired"]?.boolean == true ? "?" : "–"
    }
  }
}

/// Who runs a command, as the system names them.
enum OperatorName {
  static var current: String {
    guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return String(getuid()) }
    return String(cString: name)
  }
}
