internal import Base
public import Catalogue

/// How often a control is observed, and for how long what it said holds.
public struct Frequency: Hashable, Sendable {
  /// From one look to the next.
  public let period: Duration

  /// Of the words that the catalogue has: « continu » is every five minutes, what comes with a delivery or a change is every day.
  public init(_ control: Requirements.Control) {
    switch control.frequency {
    case "continu", "5 minutes": period = .seconds(300)
    case "horaire": period = .seconds(3600)
    default: period = .seconds(86400)
    }
  }

  /// A look that is missed once does not yet make a proof stale; one that is missed twice does.
  public var validity: Duration { period * 2 + .seconds(600) }
}
