internal import ArgumentParser
internal import Base
internal import Wire

/// `cocagne tenant erase NAME [--certificate FILE]`
struct TenantErase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Efface un locataire dont le préavis est échu : ses clés d'abord. — Erases a tenant whose notice is over: its keys first.",
    discussion: """
      Sans retour. Les clés sont détruites dans l'instant, puis les ressources et tous les enregistrements sont supprimés, et un certificat signé est \
      donné. Interrompre la commande n'interrompt pas l'effacement ; la relancer le rejoint. Le certificat d'un locataire effacé se redemande par son \
      identifiant.
      — There is no way back. The keys are destroyed at once, then the resources and all records are removed, and a signed certificate is given. \
      Interrupting the command does not interrupt the erasure; running it again joins it. The certificate of an erased tenant can be had again by its id.
      """)

  @OptionGroup var data: DataOptions

  @Argument(help: "Le nom, le domaine ou l'identifiant. — The name, the domain or the id.")
  var name: String

  @Option(help: "Où écrire le certificat d'effacement. — Where to write the certificate of erasure.")
  var certificate: String?

  @Flag(help: "En JSON. — As JSON.")
  var json = false

  private static let pause: Duration = .milliseconds(300)

  func run() async throws {
    let id = try begin()
    var told: String?
    while true {
      let answer = try data.ask("tenant erasure", ["name": .string(id)])
      if let certificate = answer["certificate"] { return try finish(certificate, id) }
      if let waitsFor = answer["waitsFor"], waitsFor.text != told, !json {
        told = waitsFor.text
        Bilingual.say("  \(waitsFor["fr"]?.string ?? "")", "\(waitsFor["en"]?.string ?? "")")
      }
      try await Task.sleep(for: Self.pause)
    }
  }

  /// The tenant's id, whose erasure has begun or is over.
  private func begin() throws -> String {
    if GUID(name) != nil, try (data.ask("tenant list")["tenants"]?.array ?? []).contains(where: isErased) { return name.lowercased() }
    return try data.ask("tenant erase", ["name": .string(name)])["tenantId"]?.string ?? ""
  }

  private func isErased(_ tenant: JSON) -> Bool { tenant["tenantId"]?.string == name.lowercased() && tenant["state"]?.string == "erased" }

  private func finish(_ document: JSON, _ id: String) throws {
    if let certificate { try DataDirectory.write(document.bytes + [UInt8(ascii: "\n")], to: DataDirectory(path: certificate).path, mode: 0o644) }
    if json { return print(document.text) }
    Bilingual.say(
      "Locataire \(id) effacé ; le certificat porte la signature de la plateforme :",
      "Tenant \(id) erased; the certificate bears the platform's signature:")
    print(document["statement"]?.string ?? "")
  }
}
