import Base
import Edge
import NIOSSL
import Simulation
import Testing

/// Tickets of TLS end with the context that sealed them.
struct RenewedTLSTests {
  /// No connection is made: any settings do.
  private static let settings = TLSConfiguration.makeClientConfiguration()

  @Test func `a context is kept for half a day, and no ticket outlives a day`() throws {
    let clock = ManualClock()
    let tls = try RenewedTLS(settings: Self.settings, clock: clock)
    let first = try tls.context()
    clock.advance(by: RenewedTLS.lifetime - .seconds(1))
    #expect(try tls.context() === first)
    clock.advance(by: .seconds(1))
    let second = try tls.context()
    #expect(second !== first)
    #expect(try tls.context() === second)
    #expect(RenewedTLS.lifetime <= .seconds(86400))
  }

  @Test func `a clock that was set back does not lengthen a ticket's life`() throws {
    let clock = ManualClock()
    let tls = try RenewedTLS(settings: Self.settings, clock: clock)
    let first = try tls.context()
    clock.advance(by: .seconds(-3600))
    #expect(try tls.context() !== first)
  }
}
