package import Base
package import Logging
package import NIOCore

/// What every connection of the front door shares.
package struct DoorContext: Sendable {
  var hosts: HostTable
  /// Whether its connections are HTTPS.
  var isSecure = true
  /// What its port is for, where it is for one thing only.
  var portService: String?
  var limits: EdgeLimits
  var answers: AnswerHeaders
  var random: any RandomSource
  var group: any EventLoopGroup
  var logger: Logger

  package init(
    hosts: HostTable, limits: EdgeLimits, clock: any WallClock, random: any RandomSource, group: any EventLoopGroup, logger: Logger
  ) {
    self.hosts = hosts
    self.limits = limits
    answers = AnswerHeaders(clock: clock)
    self.random = random
    self.group = group
    self.logger = logger
  }

  /// The same for the connections of a plain listener.
  func serving(_ listener: PlainListener) -> DoorContext {
    var door = self
    door.hosts = HostTable([(.address, listener.service)])
    door.isSecure = false
    door.portService = listener.name
    return door
  }
}
