internal import ArgumentParser
internal import Base
internal import SecNumCloud
internal import Wire

/// `cocagne dossier verify DIR`
struct DossierVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Vérifie un dossier, sans le nuage. — Verifies a dossier, without the cloud.")

  @Argument(help: "Le dossier. — The folder.") var folder: String
  @Option(help: "La clé publique, reçue par une autre voie. — The public key, got by another way.") var key: String?
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let pem = try key.map { path in
      guard let bytes = try DataDirectory.read(path) else { throw OperatorError("Il n'y a pas de fichier \(path).", "There is no file \(path).") }
      return String(decoding: bytes, as: UTF8.self)
    }
    let report: DossierVerifier.Report
    do {
      report = try DossierVerifier(folder: folder, key: pem).verify()
    } catch let error as DossierError {
      throw OperatorError(error.text.french, error.text.english)
    }
    if json {
      print(
        JSON.object([
          "sound": .boolean(report.isSound), "files": .integer(Int64(report.fileCount)), "observations": .integer(Int64(report.observationCount)),
          "scope": .string(report.scope), "service": .string(report.service), "time": .string(report.time.iso8601),
          "version": .string(report.version), "fingerprint": .string(report.fingerprint), "problems": .array(report.problems.map(\.json)),
        ]).text)
    } else {
      for problem in report.problems { Bilingual.say("✘ \(problem.french)", "\(problem.english)") }
      Bilingual.say(
        "\(report.service), \(report.scope), \(report.time.iso8601) : \(report.fileCount) fichiers, \(report.observationCount) observations signées.",
        "\(report.service), \(report.scope), \(report.time.iso8601): \(report.fileCount) files, \(report.observationCount) signed observations.")
      Bilingual.say(
        "Clé : \(report.fingerprint)\(report.isKeyGiven ? "" : " (celle du dossier : comparez-la à celle que vous tenez du prestataire)")",
        "Key: \(report.fingerprint)\(report.isKeyGiven ? "" : " (the dossier's own: compare it with the one that you have from the provider)")")
      if report.isSound { Bilingual.say("✔ Le dossier est intact.", "The dossier is intact.") }
    }
    if !report.isSound { throw ExitCode(1) }
  }
}
