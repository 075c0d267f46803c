package import Base
package import Logging
package import NIOCore

/// What every connection of the front door shares.
package struct DoorContext: Sendable {
  var hosts: HostTable
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
}
