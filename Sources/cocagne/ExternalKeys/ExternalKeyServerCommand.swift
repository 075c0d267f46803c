internal import ArgumentParser
internal import Base
internal import ExternalKeys
internal import Logging
internal import Synchronization
internal import UnixSignals

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne external-key-server`
struct ExternalKeyServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "external-key-server",
    abstract: "Le serveur de clés d'un client, chez lui : le nuage lui demande, et il peut dire non. — A customer's own key server.",
    discussion: """
      Il parle le protocole des gestionnaires de clés externes d'Azure (EKM Proxy API) en TLS mutuel. Rien n'est permis tant que politique.yaml ne le dit \
      pas ; chaque demande est dans journal.jsonl. — It speaks Azure's EKM Proxy API over mutual TLS. Nothing is allowed unless politique.yaml says so; every \
      request is in journal.jsonl.
      """,
    subcommands: [ExternalKeyServerInit.self, ExternalKeyServerKey.self, ExternalKeyServerRun.self])
}

/// Where a customer's key server keeps everything that it has.
struct ExternalKeyFolderOption: ParsableArguments {
  @Option(name: .customLong("data"), help: "Le dossier du serveur. — The server's folder.") var path: String

  var folder: ExternalKeyFolder { ExternalKeyFolder(path) }
}

/// `cocagne external-key-server init`
struct ExternalKeyServerInit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Fait le dossier, l'autorité et une politique qui ne permet rien. — Makes the folder and an empty policy.")

  @OptionGroup var options: ExternalKeyFolderOption
  @Option(help: "Le nom, ou l'adresse IPv4, auquel le nuage joint ce serveur. — The name or address that the cloud reaches it at.") var host: String

  func run() throws {
    guard ExternalKeyConnection(host: host, pathPrefix: nil, authorities: [], serverName: nil) != nil, !host.contains(":") else {
      throw ValidationError("--host: \(host)")
    }
    let folder = options.folder
    try folder.make(host: host, now: SystemClock().now())
    Bilingual.say(
      "Serveur de clés prêt dans \(folder.path). Donnez au coffre l'autorité \(folder.authorityFile) ; mettez dans \(folder.clients)/ ce qu'imprime "
        + "« az keyvault ekm-connection certificate show ».",
      "Key server ready in \(folder.path). Give the vault the authority \(folder.authorityFile); put into \(folder.clients)/ what “az keyvault "
        + "ekm-connection certificate show” prints.")
  }
}

/// `cocagne external-key-server key`
struct ExternalKeyServerKey: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "key", abstract: "Fait une clé. — Makes a key.")

  @OptionGroup var options: ExternalKeyFolderOption
  @Option(help: "AES-256, RSA-3072 ou RSA-4096. — AES-256, RSA-3072 or RSA-4096.") var kind = ExternalKeyMaterial.Sort.rsa3072.rawValue
  @Argument(help: "Lettres, chiffres et traits d'union. — Letters, digits and hyphens.") var name: String

  func run() throws {
    guard ExternalKeyConnection.isIdentifier(name) else { throw ValidationError("NAME: \(name)") }
    guard let sort = ExternalKeyMaterial.Sort(rawValue: kind) else { throw ValidationError("--kind: \(kind)") }
    try options.folder.makeKey(name, sort)
    Bilingual.say(
      "Clé « \(name) » faite. Rien ne peut s'en servir tant que \(options.folder.policyFile) ne le dit pas.",
      "Key “\(name)” made. Nothing may use it unless \(options.folder.policyFile) says so.")
  }
}

/// `cocagne external-key-server run`
struct ExternalKeyServerRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "run", abstract: "Sert jusqu'à SIGTERM. — Serves until SIGTERM.")

  @OptionGroup var options: ExternalKeyFolderOption
  @Option(help: "Adresse et port. — Address and port.") var listen = "127.0.0.1:8460"

  func run() async throws {
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]), (1...65535).contains(port) else {
      throw ValidationError("--listen: ADDRESS:PORT")
    }
    let (clock, folder, address) = (SystemClock(), options.folder, String(listen[..<colon]))
    let certificate = try folder.certificate(now: clock.now())
    let clients = try folder.knownClients()
    if clients.isEmpty {
      Bilingual.warn(
        "\(folder.clients)/ est vide : personne ne sera admis.", "\(folder.clients)/ is empty: nobody will be admitted.")
    }
    do {
      _ = try folder.policy()
    } catch {
      Bilingual.warn("La politique n'est pas lisible et ne permet rien : \(error)", "The policy cannot be read, and allows nothing: \(error)")
    }
    let logger = Logger(label: "external-key-server") { LogLines(label: $0, level: .notice, clock: clock) }
    let service = ExternalKeyService(
      store: folder, journal: try ExternalKeyJournal(path: folder.journalFile), clock: clock, version: Release.version)
    let listener = ExternalKeyListener(service: service, clients: clients, certificate: certificate, logger: logger)
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await listener.run(address: address, port: port) { _ in
          Bilingual.say(
            "Le serveur de clés écoute sur \(listen), pour \(clients.count) client(s).",
            "The key server listens at \(listen), for \(clients.count) client(s).")
          // It goes on for months; who reads it through a pipe would wait as long.
          fflush(nil)
        }
      }
      group.addTask { for await _ in signals { return } }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
