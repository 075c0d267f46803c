public import Base
public import Catalogue
internal import Records

/// An item that an observation found not to be compliant, and is not mended.
public struct OpenGap: Sendable, Hashable {
  public var item: ItemID
  public var control: String
  public var since: Timestamp
  public var reason: Text

  /// Of all controls, in the order of their items.
  static func all(_ looks: [LatestLook], at time: Timestamp) -> [OpenGap] {
    looks.flatMap(\.observations).filter { $0.verdict(at: time) == .nonCompliant }.flatMap { observation in
      observation.items.map { item in
        OpenGap(
          item: item, control: observation.control, since: observation.since[item.description] ?? observation.time,
          reason: observation.reason ?? Text("", ""))
      }
    }.sorted { ($0.item, $0.control) < ($1.item, $1.control) }
  }
}

extension ObservedPlatform {
  /// The gaps that are open now, as observations found them: what a plan of action is about.
  public func openGaps() async throws -> [OpenGap] {
    let looks = try await records.read { try $0.list(LatestLook.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed) }
    return OpenGap.all(looks, at: now)
  }
}
