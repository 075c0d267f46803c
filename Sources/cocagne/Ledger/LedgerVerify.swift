internal import ArgumentParser
internal import Base
internal import FoundationEssentials
internal import Ledger
internal import Wire

/// `cocagne ledger verify --data EXPORT --witness FILE`
struct LedgerVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Vérifie un export contre ce qu'un témoin a gardé, sans le nuage. — Verifies an export against a witness's file, without the cloud.")

  @Option(name: .customLong("data"), help: "Le dossier de l'export. — The export's folder.") var folder: String
  @Option(help: "Le fichier du témoin. — The witness's file.") var witness: String
  @Option(help: "La clé du registre, reçue par une autre voie. — The log's key, got by another way.") var key: String?
  @Option(help: "La clé du témoin (nom+numéro+base64), reçue de lui. — The witness's key (name+id+base64), got from it.") var witnessKey: String?
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let report: LedgerVerifier.Report
    do {
      let files = LedgerVerifier.Files(
        header: try Self.read("\(folder)/\(LedgerExport.header)"), entries: try Self.read("\(folder)/\(LedgerExport.entries)"),
        leaves: try Self.read("\(folder)/\(LedgerExport.leaves)"), heads: try Self.read("\(folder)/\(LedgerExport.heads)"))
      report = try LedgerVerifier(files, witness: try Self.read(witness), key: key, witnessKey: witnessKey).verify()
    } catch LedgerError.invalid(let what) {
      throw OperatorError("\(what) n'est pas utilisable.", "\(what) cannot be used.")
    }
    if json {
      let findings: [JSON] = report.findings.map { ["kind": .string($0.kind.rawValue), "fr": .string($0.french), "en": .string($0.english)] }
      let document: JSON = [
        "sound": .boolean(report.findings.isEmpty), "origin": .string(report.origin), "entries": .integer(Int64(report.entries)),
        "heads": .integer(Int64(report.heads)), "witnessedSize": .integer(Int64(report.witnessedSize)), "key": .string(report.verifierKey),
        "witnessSignatureChecked": .boolean(witnessKey != nil),
        "findings": .array(findings),
      ]
      print(document.text)
    } else {
      for finding in report.findings { Bilingual.say("✘ [\(finding.kind.rawValue)] \(finding.french)", finding.english) }
      Bilingual.say(
        "\(report.origin) : \(report.entries) entrées, \(report.heads) têtes signées ; le témoin en a vu \(report.witnessedSize).",
        "\(report.origin): \(report.entries) entries, \(report.heads) signed heads; the witness has seen \(report.witnessedSize).")
      let note =
        key == nil
        ? (" (celle de l'export, que la note du témoin confirme)", " (the export's own, which the witness's note confirms)") : ("", "")
      Bilingual.say("Clé : \(report.verifierKey)\(note.0)", "Key: \(report.verifierKey)\(note.1)")
      if witnessKey == nil {
        Bilingual.say(
          "! La signature du témoin lui-même n'a pas été vérifiée : donnez sa clé par --witness-key.",
          "The witness's own signature was not checked: give its key by --witness-key.")
      }
      if report.findings.isEmpty { Bilingual.say("✔ Le registre est intact.", "The log is intact.") }
    }
    if !report.findings.isEmpty { throw ExitCode(1) }
  }

  private static func read(_ path: String) throws -> [UInt8] {
    guard let bytes = try DataDirectory.read(path) else { throw OperatorError("Il n'y a pas de fichier \(path).", "There is no file \(path).") }
    return bytes
  }
}
