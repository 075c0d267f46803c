internal import ArgumentParser
internal import Base
internal import Wire

/// `cocagne status`
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Dit si le nuage tourne, où, et ce qu'il occupe. — Says whether the cloud runs, where, and what it takes.")

  @OptionGroup var data: DataOptions

  @Flag(help: "En JSON. — As JSON.")
  var json = false

  func run() throws {
    guard let status = try ControlSocket.ask(data.directory, "status") else {
      if json {
        print(#"{"running":false}"#)
      } else {
        Bilingual.say("Aucun nuage ne tourne dans \(data.directory.path).", "No cloud is running in \(data.directory.path).")
      }
      throw ExitCode(3)
    }
    if json { return print(status.text) }
    let rows: [(french: String, english: String, member: String)] = [
      ("Version", "version", "version"), ("Processus", "process", "processId"), ("Adresse", "address", "managementUrl"),
      ("Opérateurs", "operators", "operatorsUrl"),
      ("Stockage de développement, en clair", "development storage, in the clear", "developmentStorage"),
      ("Démarré", "started", "startedTime"), ("Locataires", "tenants", "tenants"),
      ("Mémoire résidente (octets)", "resident memory (bytes)", "residentBytes"),
      ("Enregistrements sur disque (octets)", "records on disk (bytes)", "recordBytes"),
      ("Segments sur disque (octets)", "segments on disk (bytes)", "segmentBytes"), ("Disque libre (octets)", "free disk (bytes)", "freeBytes"),
    ]
    for row in rows {
      guard let value = status[row.member] else { continue }
      print("\(row.french) — \(row.english): \(value.string ?? value.text)")
    }
  }
}
