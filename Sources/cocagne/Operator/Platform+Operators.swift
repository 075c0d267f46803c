internal import Base
internal import Edge
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Operators
internal import Synchronization
internal import Wire

extension Platform {
  /// Where operators' clients reach this cloud.
  var operatorAddress: OperatorAddress { OperatorAddress(domain: identity.domain, port: operatorsPort) }

  /// The operators' entry: a port of its own, which serves their two hosts and nothing else.
  func operatorDoor(_ operators: OperatorService, group: any EventLoopGroup, onReady: @escaping @Sendable () async -> Void) throws -> FrontDoor {
    try FrontDoor(
      configuration: FrontDoor.Configuration(addresses: listening.addresses, port: operatorsPort), hosts: operators.hosts,
      certificates: try NIOSSLCertificate.fromPEMBytes(Array(authority.serverCertificate.utf8)),
      privateKey: try NIOSSLPrivateKey(bytes: Array(serverKey.utf8), format: .pem), group: group, clock: clock, random: random,
      logger: Logger(label: "operators' edge", copying: logger), onReady: onReady)
  }

  /// Does something when it was called for the last of a number of doors.
  static func afterLast(of doors: Int, _ body: @escaping @Sendable () -> Void) -> @Sendable () async -> Void {
    let waiting = Mutex(doors)
    return {
      let isLast = waiting.withLock { count in
        count -= 1
        return count == 0
      }
      if isLast { body() }
    }
  }

  /// Throws where the table of commands, which says what each shows, has no such command.
  static func requireListed(_ command: String) throws {
    guard HostCommand.named(command) != nil else { throw OperatorError("Commande inconnue : \(command).", "Unknown command: \(command).") }
  }
}
