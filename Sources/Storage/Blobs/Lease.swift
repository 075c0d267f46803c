internal import Base

/// A lock on a blob or container that its holder proves with an id.
///
/// Source: Microsoft, "Lease Blob" and "Lease Container", REST reference.
struct Lease: Sendable, Equatable {
  var id: GUID
  /// Nil: it never ends by itself.
  var durationSeconds: Int?
  /// When a lease with a duration ends.
  var expires: Timestamp?
  /// When a lease that is being broken ends.
  var breaks: Timestamp?

  enum State: String, Sendable {
    case available
    case leased
    case expired
    case breaking
    case broken
  }

  /// Seconds that a lease with a duration may last.
  static let durationSeconds = 15...60

  func state(at now: Timestamp) -> State {
    if let breaks { return breaks <= now ? .broken : .breaking }
    if let expires, expires <= now { return .expired }
    return .leased
  }

  /// Whether it keeps others out.
  func isLocked(at now: Timestamp) -> Bool {
    let state = state(at: now)
    return state == .leased || state == .breaking
  }
}

extension Lease {
  func encode(to writer: inout ByteWriter) {
    writer.guid(id)
    writer.optional(durationSeconds) { $0.integer($1) }
    writer.optional(expires) { $0.timestamp($1) }
    writer.optional(breaks) { $0.timestamp($1) }
  }

  init(from reader: inout ByteReader) throws {
    id = try reader.guid()
    durationSeconds = try reader.optional { try $0.integer() }
    expires = try reader.optional { try $0.timestamp() }
    breaks = try reader.optional { try $0.timestamp() }
  }
}
