internal import ArgumentParser
internal import Base
internal import Wire

/// `cocagne tenant add NAME`
struct TenantAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Crée un locataire, sa souscription et son administrateur. — Makes a tenant, its subscription and its administrator.")

  @OptionGroup var data: DataOptions

  @Argument(help: "Le nom : minuscules, chiffres, tirets. — The name: lower-case letters, digits, hyphens.")
  var name: String

  @Flag(help: "En JSON. — As JSON.")
  var json = false

  func run() throws {
    guard let made = try ControlSocket.ask(data.directory, "tenant add", ["name": .string(name)]) else {
      throw OperatorError(
        "Aucun nuage ne tourne dans \(data.directory.path) : lancez d'abord « cocagne up ».",
        "No cloud is running in \(data.directory.path): run “cocagne up” first.")
    }
    if json { return print(made.text) }
    Bilingual.say("Locataire créé. Ces secrets ne seront plus montrés :", "Tenant made. These secrets will not be shown again:")
    for name in ["tenantId", "subscriptionId", "clientId", "clientSecret", "userName", "password"] {
      print("  \(name): \(made[name]?.string ?? "")")
    }
  }
}
