internal import ArgumentParser
internal import Base
internal import Edge
internal import Ledger
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import ServiceLifecycle
internal import UnixSignals

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne ledger witness`
struct LedgerWitnessCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness",
    abstract: "Un témoin, chez quelqu'un d'autre : il garde et cosigne les têtes d'un registre. — A witness of another party.",
    discussion: """
      Il parle le protocole de C2SP (tlog-witness) en HTTPS, refuse un registre qui rétrécit ou qui bifurque, et en garde la preuve. — It speaks C2SP's \
      protocol (tlog-witness) over HTTPS, refuses a log that shrinks or forks, and keeps the evidence.
      """)

  @Option(help: "Le dossier du témoin. — The witness's folder.") var data: String
  @Option(help: "Adresse et port. — Address and port.") var listen = "127.0.0.1:8450"
  @Option(help: "Son nom, par exemple temoin.exemple.fr/1 ; choisi une fois. — Its name; chosen once.") var name = "witness.localhost"
  @Option(help: "La clé d'un registre (« cocagne ledger status »). — The key of a log.") var log: [String] = []

  func run() async throws {
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]), (1...65535).contains(port) else {
      throw ValidationError("--listen: ADDRESS:PORT")
    }
    let logs = try log.map { text in
      guard let key = NoteVerifier(text), key.kind == .note else { throw ValidationError("--log: \(text)") }
      return key
    }
    let (clock, address) = (SystemClock(), String(listen[..<colon]))
    let folder = WitnessFolder(path: DataDirectory(path: data).path)
    let (key, certificate) = try folder.ready(name: name, address: address, now: clock.now())
    let logger = Logger(label: "witness") { LogLines(label: $0, level: .notice, clock: clock) }
    let witness = ReferenceWitness(key: key, logs: logs, store: folder, clock: clock)
    let endpoint = WitnessEndpoint(witness: witness, logger: logger)
    let door = try FrontDoor(
      configuration: FrontDoor.Configuration(addresses: [address], port: port),
      hosts: HostTable([(.exact(address), endpoint), (.address, endpoint)]),
      certificates: try NIOSSLCertificate.fromPEMBytes(Array(certificate.certificate.utf8)),
      privateKey: try NIOSSLPrivateKey(bytes: Array(certificate.privateKey.utf8), format: .pem), group: MultiThreadedEventLoopGroup.singleton,
      clock: clock, random: SystemRandom(), logger: logger,
      onReady: {
        Bilingual.say("Le témoin écoute sur https://\(listen).", "The witness listens at https://\(listen).")
        Bilingual.say(
          "Clé, pour ledger.json : \(key.cosignatureVerifier)\n  Certificat : \(folder.certificateFile)",
          "Key, for ledger.json: \(key.cosignatureVerifier)\n      Certificate: \(folder.certificateFile)")
        // It goes on for months; who reads it through a pipe would wait as long.
        fflush(nil)
      })
    let configuration = ServiceGroupConfiguration(services: [.init(service: door)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    try await ServiceGroup(configuration: configuration).run()
  }
}
