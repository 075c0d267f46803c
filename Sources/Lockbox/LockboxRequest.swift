public import Base
public import Records
public import Wire

/// An operator's request to look into a resource or a group of a tenant, and the grant that it becomes once the tenant approves it.
///
/// Source: Microsoft, "Requests", Customer Lockbox REST reference, 2018-02-28-preview.
public struct LockboxRequest: Record, Codable, Sendable {
  public static let kind = "lockbox.request"

  /// What was last decided of it. Time goes on without a record: `status(at:)` is what it is.
  enum State: String, Codable, Sendable {
    case pending, approved, denied, withdrawn, expired, revoked, completed
  }

  /// Azure's names.
  public enum Status: String, CaseIterable, Sendable {
    case pending = "Pending"
    case approved = "Approved"
    case denied = "Denied"
    case expired = "Expired"
    case revoked = "Revoked"
    case completed = "Completed"
  }

  /// What the tenant decided.
  package struct Decision: Codable, Sendable {
    package var time: Timestamp
    var reason: String
    /// The approver's object id.
    var principal: GUID
  }

  public let id: GUID
  public let tenant: GUID
  public let subscription: GUID
  /// The resource or group that it reaches, and what lies below.
  public let scope: ResourceID
  public let justification: String
  /// How long the grant lasts, from its approval on.
  public let minutes: Int
  /// The number of the support request that it is for.
  public let ticket: String
  public let operatorID: GUID
  public let operatorName: String
  public let created: Timestamp
  /// When it expires undecided.
  public let expires: Timestamp
  var state: State = .pending
  package internal(set) var decision: Decision?
  /// When the grant ends by itself.
  public internal(set) var ends: Timestamp?
  /// When it came to its end otherwise than by time.
  package internal(set) var ended: Timestamp?

  public func status(at now: Timestamp) -> Status {
    switch state {
    case .pending: now < expires ? .pending : .expired
    case .approved: now < (ends ?? created) ? .approved : .completed
    case .denied: .denied
    case .expired: .expired
    case .withdrawn, .revoked: .revoked
    case .completed: .completed
    }
  }

  /// When it ends unless something happens before; nil once it has.
  package var due: Timestamp? {
    switch state {
    case .pending: expires
    case .approved: ends
    default: nil
    }
  }

  // MARK: Records

  public var key: RecordKey { Self.key(tenant, id) }

  static func key(_ tenant: GUID, _ id: GUID) -> RecordKey { RecordKey(tenant: tenant, "request", id.description) }

  static let subscriptionIndex = "subscription"
  /// Of a tenant: those that are pending or approved.
  static let liveIndex = "live"
  /// Across tenants: by id, by operator, an operator's that are pending, by the time at which something ends, and all.
  static let idIndex = "id"
  static let operatorIndex = "operator"
  static let pendingIndex = "pending"
  static let dueIndex = "due"
  static let allIndex = "all"

  public var indexes: [RecordIndex] {
    let (id, age) = (id.description, Self.countdown(created))
    var indexes = [
      RecordIndex(Self.subscriptionIndex, subscription.description, age, id), RecordIndex(Self.idIndex, id, tenant: .zero),
      RecordIndex(Self.operatorIndex, operatorID.description, age, id, tenant: .zero), RecordIndex(Self.allIndex, age, id, tenant: .zero),
    ]
    if let due {
      indexes.append(RecordIndex(Self.liveIndex, state.rawValue, id))
      indexes.append(RecordIndex(Self.dueIndex, Self.digits(due), id, tenant: .zero))
    }
    if state == .pending { indexes.append(RecordIndex(Self.pendingIndex, operatorID.description, id, tenant: .zero)) }
    return indexes
  }

  /// The newest first.
  static func countdown(_ time: Timestamp) -> String { digits(Timestamp(microseconds: .max - max(0, time.microseconds))) }

  static func digits(_ time: Timestamp) -> String {
    let text = String(max(0, time.microseconds))
    return String(repeating: "0", count: 19 - text.utf8.count) + text
  }

  /// Where a list goes on behind this request.
  func position(in index: String) -> RecordIndexPosition {
    let found = indexes.first { $0.name == index }
    return RecordIndexPosition(components: found?.components ?? [], key: key)
  }

  /// The request of an id, whosever it is; nil where there is none.
  static func found(_ id: GUID, in reader: any RecordReader) throws -> LockboxRequest? {
    try reader.list(LockboxRequest.self, index: idIndex, [id.description], tenant: .zero, limit: 1).first
  }

  // MARK: Scope

  /// Whether something lies in what the request reaches. Segment by segment: `rg1` is not in `rg`.
  public func covers(_ target: ResourceID) -> Bool { target.lies(in: scope) }
}

extension ResourceID {
  /// Whether it is another scope, or below it.
  func lies(in other: ResourceID) -> Bool {
    // By bytes, as records are found: names that look the same may be two.
    let (path, scope) = (canonical.utf8, other.canonical.utf8)
    return path.elementsEqual(scope) || path.starts(with: Array(scope) + [UInt8(ascii: "/")])
  }
}
