internal import ArgumentParser
internal import Base
internal import Logging

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne up`
struct Up: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Démarre le nuage ; la première fois, le crée. — Starts the cloud; the first time, makes it.")

  @OptionGroup var data: DataOptions

  @Option(help: "Le domaine, choisi au premier démarrage. — The domain, chosen at the first start.")
  var domain: String?

  @Option(help: "Le port : 443, ou 8443 là où 443 est interdit. — The port: 443, or 8443 where 443 may not be bound.")
  var port: Int?

  @Option(help: "Le port des opérateurs, 8444 ou le premier libre. — The operators' port, 8444 or the first free one.")
  var operatorsPort: Int?

  @Flag(
    help: """
      Le stockage des applications écrites pour Azurite, en clair sur 127.0.0.1:10000 à 10002. — Storage for applications that are written against \
      Azurite, in the clear on 127.0.0.1:10000 to 10002.
      """)
  var developmentStorage = false

  @Flag(help: "En arrière-plan ; revient une fois le nuage prêt. — In the background; returns once the cloud serves.")
  var detach = false

  @Option(help: "Niveau du journal : trace, debug, info, notice, warning, error. — Log level.")
  var logLevel = Logger.Level.info.rawValue

  @Flag(help: .hidden)
  var reporting = false

  func validate() throws {
    if let port, !(1...65535).contains(port) { throw ValidationError("--port: 1…65535") }
    if let operatorsPort, !(1...65535).contains(operatorsPort) { throw ValidationError("--operators-port: 1…65535") }
    guard Logger.Level(rawValue: logLevel) != nil else { throw ValidationError("--log-level: \(logLevel)") }
    if let domain, !Self.isDomain(domain) { throw ValidationError("--domain: \(domain)") }
  }

  func run() async throws {
    let directory = data.directory
    try directory.prepare()
    if detach { return try startDetached(directory) }
    signal(SIGPIPE, SIG_IGN)
    Self.raiseOpenFileLimit()
    let clock = SystemClock()
    let level = Logger.Level(rawValue: logLevel) ?? .info
    let logger = Logger(label: "cocagne") { LogLines(label: $0, level: level, clock: clock) }
    let start = Detached.StartReport(isDetached: reporting)
    do {
      let platform = try await Platform.open(
        directory, domain: domain, port: port, operatorsPort: operatorsPort, hasDevelopmentStorage: developmentStorage, clock: clock,
        random: SystemRandom(), logger: logger)
      try await platform.run { start.serves($0) }
    } catch {
      guard reporting else { throw error }
      logger.critical("cannot go on", metadata: ["error": "\(error)"])
      start.failed(error)
      throw ExitCode.failure
    }
  }

  private func startDetached(_ directory: DataDirectory) throws {
    if try ControlSocket.ask(directory, "status") != nil { throw Platform.alreadyRunning(directory) }
    var arguments = ["up", "--data", directory.path, "--reporting", "--log-level", logLevel]
    if let domain { arguments += ["--domain", domain] }
    if let port { arguments += ["--port", String(port)] }
    if let operatorsPort { arguments += ["--operators-port", String(operatorsPort)] }
    if developmentStorage { arguments.append("--development-storage") }
    print(try Detached.start(arguments: arguments, log: directory.log), terminator: "")
  }

  /// Two labels or more of letters, digits and hyphens.
  private static func isDomain(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    return labels.count >= 2
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
          && label.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }
      }
  }

  /// Connections, segments and the database share the process's open files.
  private static func raiseOpenFileLimit() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }
}
