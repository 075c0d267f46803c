internal import ArgumentParser
internal import Base

/// `cocagne env`
struct Env: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Affiche ce qu'un shell doit exporter pour utiliser ce nuage. — Prints what a shell exports to use this cloud.",
    discussion: "eval \"$(./cocagne env)\"")

  @OptionGroup var data: DataOptions

  func run() throws {
    let directory = data.directory
    guard let credentials = try Credentials.read(from: directory) else {
      throw OperatorError(
        "Aucun nuage dans \(directory.path) : lancez d'abord « cocagne up ».", "No cloud in \(directory.path): run “cocagne up” first.")
    }
    let address = credentials.address
    let variables: [(name: String, value: String)] = [
      ("AZURE_CONFIG_DIR", directory.azureConfiguration), ("REQUESTS_CA_BUNDLE", directory.authorityCertificate),
      ("SSL_CERT_FILE", directory.authorityCertificate), ("AZURE_TENANT_ID", credentials.tenant.description),
      ("AZURE_CLIENT_ID", credentials.clientID.description), ("AZURE_CLIENT_SECRET", credentials.clientSecret),
      ("AZURE_AUTHORITY_HOST", address.url("login")), ("AZURE_SUBSCRIPTION_ID", credentials.subscription.description),
      ("COCAGNE_DOMAIN", address.domain), ("COCAGNE_PORT", String(address.port)), ("COCAGNE_ADMIN", credentials.userName),
      ("COCAGNE_ADMIN_PASSWORD", credentials.password),
    ]
    for variable in variables { print("export \(variable.name)=\(Self.quoted(variable.value))") }
    print("# Clients liés statiquement (Go) : ces lignes dans /etc/hosts. — For statically linked (Go) clients, these lines in /etc/hosts:")
    let hosts = ["management", "login", "graph"].map { address.host($0) } + ["<account>.blob.core.\(address.domain)"]
    for host in hosts { print("#   127.0.0.1 \(host)") }
    print("# Ou le style chemin — or path style: https://127.0.0.1:\(address.port)/<account>/<container>/<blob>")
  }

  /// Quoted for a POSIX shell.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
