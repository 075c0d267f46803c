internal import Base
internal import NIOHTTP1
internal import Wire

/// A lock on a blob or container that its holder proves with an id.
///
/// Its times are those of `WallClock.steady`, which stepping the machine's clock does not move: a lease lasts as long as its holder was told, neither less,
/// so that another could take it while the holder still writes, nor more. Only a restart after a step makes the two clocks agree again: a lease may then
/// last longer by as much as the clock was put back.
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

    /// Whether others are kept out.
    var isLocked: Bool { self == .leased || self == .breaking }
    /// As headers and lists say it.
    var status: String { isLocked ? "locked" : "unlocked" }
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
    state(at: now).isLocked
  }

  /// `infinite` or `fixed`, of a lease that is held.
  func durationName(at now: Timestamp) -> String? {
    state(at: now) == .leased ? durationSeconds == nil ? "infinite" : "fixed" : nil
  }

  /// Whole seconds until a lease that is being broken ends.
  func secondsUntilBroken(at now: Timestamp) -> Int {
    guard let breaks, breaks > now else { return 0 }
    return Int((breaks.microseconds - now.microseconds + 999_999) / 1_000_000)
  }
}

extension Optional<Lease> {
  func state(at now: Timestamp) -> Lease.State { self?.state(at: now) ?? .available }

  /// `x-ms-lease-status`, `x-ms-lease-state` and, where it is held, `x-ms-lease-duration`.
  func addState(at now: Timestamp, to headers: inout HTTPHeaders) {
    let state = state(at: now)
    headers.add(name: "x-ms-lease-status", value: state.status)
    headers.add(name: "x-ms-lease-state", value: state.rawValue)
    if let duration = self?.durationName(at: now) { headers.add(name: "x-ms-lease-duration", value: duration) }
  }

  /// The same in the properties of a listed blob or container.
  func writeState(at now: Timestamp, to writer: inout XMLWriter) {
    let state = state(at: now)
    writer.element("LeaseStatus", state.status)
    writer.element("LeaseState", state.rawValue)
    if let duration = self?.durationName(at: now) { writer.element("LeaseDuration", duration) }
  }

  /// What is left of the lease after its blob or container was changed: one that is over cannot be renewed then.
  func afterChange(at now: Timestamp) -> Lease? {
    flatMap { $0.isLocked(at: now) ? $0 : nil }
  }

  /// Throws unless `id` is that of a lease that is held.
  func requireHeld(_ id: GUID, at now: Timestamp, _ errors: LeaseErrors) throws(CloudError) {
    guard let self else { throw errors.operationNotPresent }
    guard self.isLocked(at: now) else { throw self.id == id ? errors.lost : errors.operationNotPresent }
    guard self.id == id else { throw errors.operationIDMismatch }
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

extension GUID {
  /// Reads each form that .NET has for one: 32 digits, those with hyphens, and these in braces or parentheses.
  ///
  /// Source: Microsoft, "Lease Blob", REST reference: a lease's id is a GUID in any valid format; .NET, `Guid.ToString`, formats N, D, B and P.
  init?(anyForm text: String) {
    var digits = text[...]
    if digits.count == 38, ["{}", "()"].contains(String([digits.removeFirst(), digits.removeLast()])) {
      self.init(String(digits))
    } else if text.utf8.count == 32 {
      var hyphenated = text
      for offset in [20, 16, 12, 8] { hyphenated.insert("-", at: text.utf8.index(text.startIndex, offsetBy: offset)) }
      self.init(hyphenated)
    } else {
      self.init(text)
    }
  }
}
