package import Base
package import NIOSSL
internal import Synchronization

/// The server's side of TLS, made anew twice a day.
///
/// A session that was begun can be resumed for as long as the context lives that sealed its ticket: BoringSSL would keep the keys of tickets for two
/// days, and says so to clients of TLS 1.3. ANSSI's guide to TLS has them end within one.
package final class RenewedTLS: Sendable {
  package static let lifetime: Duration = .seconds(12 * 3600)

  private struct State {
    var context: NIOSSLContext
    var made: Timestamp
  }

  private let settings: TLSConfiguration
  private let clock: any WallClock
  private let state: Mutex<State>

  package init(settings: TLSConfiguration, clock: any WallClock) throws {
    self.settings = settings
    self.clock = clock
    state = Mutex(State(context: try NIOSSLContext(configuration: settings), made: clock.now()))
  }

  /// The context for a connection that begins now.
  package func context() throws -> NIOSSLContext {
    let now = clock.now()
    return try state.withLock { state in
      // A clock that was set back must not lengthen a ticket's life.
      if now < state.made || now >= state.made.advanced(by: Self.lifetime) {
        state = State(context: try NIOSSLContext(configuration: settings), made: now)
      }
      return state.context
    }
  }
}
