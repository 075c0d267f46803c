internal import Base
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// How the operator's commands reach the running cloud: a Unix socket inside the data directory, which only its owner can enter.
///
/// One JSON line in, one JSON line out: `{"command":"status"}` gives `{"result":{…}}` or `{"error":{"french":…,"english":…}}`.
struct ControlSocket: Service {
  typealias Handler = @Sendable (_ command: String, _ arguments: JSON, _ account: OperatorAccount) async throws -> JSON

  /// Bytes of one request line.
  static let maximumRequestBytes = 64 << 10

  let path: String
  let group: any EventLoopGroup
  let logger: Logger
  let handler: Handler

  func run() async throws {
    let server = try await ServerBootstrap(group: group).bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
      }
    }
    guard chmod(path, 0o600) == 0 else { throw DiskError.system(errno, call: "chmod") }
    try await withGracefulShutdownHandler {
      try await withThrowingDiscardingTaskGroup { tasks in
        try await server.executeThenClose { connections in
          for try await connection in connections {
            tasks.addTask { await serve(connection) }
          }
        }
      }
    } onGracefulShutdown: {
      server.channel.close(promise: nil)
    }
  }

  private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
    do {
      let account = await Self.account(of: connection.channel)
      try await connection.executeThenClose { inbound, _ in
        var line = ByteBuffer()
        for try await var piece in inbound {
          line.writeBuffer(&piece)
          guard line.readableBytes <= Self.maximumRequestBytes else { return }
          if line.readableBytesView.last == UInt8(ascii: "\n") { break }
        }
        let answer = await answer(Array(line.readableBytesView), account)
        // Until it is in the socket: what is only queued goes with the connection.
        try await connection.channel.writeAndFlush(ByteBuffer(bytes: answer.bytes + [UInt8(ascii: "\n")]))
      }
    } catch {
      logger.debug("control connection broke", metadata: ["error": "\(error)"])
    }
  }

  /// Whose process is at the other end.
  private static func account(of channel: any Channel) async -> OperatorAccount {
    guard let provider = channel as? any SocketOptionProvider else { return OperatorAccount() }
    let credentials: EventLoopFuture<OperatorAccount.Credentials> = provider.unsafeGetSocketOption(
      level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    return OperatorAccount(user: try? await credentials.get().user)
  }

  private func answer(_ line: [UInt8], _ account: OperatorAccount) async -> JSON {
    do {
      let request = try JSON(parsing: line)
      guard let command = request["command"]?.string else { throw OperatorError("Commande inconnue.", "Unknown command.") }
      return ["result": try await handler(command, request["arguments"] ?? [:], account)]
    } catch let error as OperatorError {
      return ["error": ["french": .string(error.french), "english": .string(error.english)]]
    } catch {
      logger.error("control command failed", metadata: ["error": "\(error)"])
      return ["error": ["french": "La commande a échoué : voir le journal.", "english": "The command failed: see the log."]]
    }
  }

  // MARK: The commands' side

  /// Sends one command to the cloud of a data directory. Nil when none is running there.
  static func ask(_ directory: DataDirectory, _ command: String, _ arguments: JSON = [:]) throws -> JSON? {
    guard let descriptor = try connect(directory.controlSocket) else { return nil }
    defer { close(descriptor) }
    let request: JSON = ["command": .string(command), "arguments": arguments]
    let bytes = request.bytes + [UInt8(ascii: "\n")]
    guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else { throw DiskError.system(errno, call: "write") }
    var answer: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      answer.append(contentsOf: piece[..<count])
    }
    guard !answer.isEmpty else { throw OperatorError("Le nuage s'est arrêté sans répondre.", "The cloud stopped without an answer.") }
    let json = try JSON(parsing: answer)
    if let error = json["error"] {
      throw OperatorError(error["french"]?.string ?? "Erreur inconnue.", error["english"]?.string ?? "Unknown error.")
    }
    return json["result"] ?? [:]
  }

  private static func connect(_ path: String) throws -> Int32? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < capacity else {
      throw OperatorError(
        "Le chemin du répertoire de données est trop long pour une socket : \(path).", "The data directory's path is too long for a socket: \(path).")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw DiskError.system(errno, call: "socket") }
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    if status == 0 { return descriptor }
    let code = errno
    close(descriptor)
    // No file, or one that a process that is gone has left.
    if code == ENOENT || code == ECONNREFUSED { return nil }
    throw DiskError.system(code, call: "connect")
  }
}
