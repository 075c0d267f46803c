internal import Base

/// What Lease Blob and Lease Container do to a lease.
///
/// Source: Microsoft, "Lease Blob", REST reference: "Outcomes of lease operations on blobs by lease state"; "Lease Container" alike.
enum LeaseAction: Sendable, Equatable {
  /// Without a duration the lease never ends by itself.
  case acquire(proposed: GUID?, durationSeconds: Int?)
  case renew(GUID)
  case change(GUID, to: GUID)
  case release(GUID)
  /// Without a period: what is left of a lease with a duration, at once for one without.
  case breakLease(periodSeconds: Int?)

  /// Seconds after which a lease that is broken ends at the latest.
  static let breakPeriodSeconds = 0...60

  /// The lease afterwards; nil when there is none any longer. `newID` is what a lease gets whose holder proposes none. Throws 409 where the state does
  /// not allow the action.
  func applied(to present: Lease?, at now: Timestamp, newID: GUID, _ errors: LeaseErrors) throws(CloudError) -> Lease? {
    switch self {
    case .acquire(let proposed, let duration): try acquired(present, proposed: proposed, duration: duration, at: now, newID: newID, errors)
    case .renew(let id): try Self.renewed(present, id, at: now, errors)
    case .change(let id, let proposed): try Self.changed(present, id, to: proposed, at: now, errors)
    case .release(let id): try Self.released(present, id, errors)
    case .breakLease(let period): try Self.broken(present, periodSeconds: period, at: now, errors)
    }
  }

  private func acquired(
    _ present: Lease?, proposed: GUID?, duration: Int?, at now: Timestamp, newID: GUID, _ errors: LeaseErrors
  ) throws(CloudError) -> Lease {
    if let present {
      let state = present.state(at: now)
      if state == .breaking && present.id == proposed { throw errors.isBreakingAndCannotBeAcquired }
      if state == .breaking || state == .leased && present.id != proposed { throw errors.alreadyPresent }
    }
    return Lease(id: proposed ?? newID, durationSeconds: duration, expires: duration.map { now.advanced(by: .seconds($0)) })
  }

  /// One that has expired can be renewed as long as nothing was changed meanwhile: every change drops it.
  private static func renewed(_ present: Lease?, _ id: GUID, at now: Timestamp, _ errors: LeaseErrors) throws(CloudError) -> Lease {
    guard var lease = present, lease.id == id else { throw errors.idMismatch }
    guard lease.breaks == nil else { throw errors.isBrokenAndCannotBeRenewed }
    lease.expires = lease.durationSeconds.map { now.advanced(by: .seconds($0)) }
    return lease
  }

  private static func changed(
    _ present: Lease?, _ id: GUID, to proposed: GUID, at now: Timestamp, _ errors: LeaseErrors
  ) throws(CloudError) -> Lease {
    guard var lease = present, lease.isLocked(at: now) else { throw errors.notPresent }
    if lease.state(at: now) == .breaking { throw lease.id == id ? errors.isBreakingAndCannotBeChanged : errors.idMismatch }
    // A client that repeats a change whose answer was lost finds it done.
    guard lease.id == id || lease.id == proposed else { throw errors.idMismatch }
    lease.id = proposed
    return lease
  }

  private static func released(_ present: Lease?, _ id: GUID, _ errors: LeaseErrors) throws(CloudError) -> Lease? {
    guard let present, present.id == id else { throw errors.idMismatch }
    return nil
  }

  private static func broken(_ present: Lease?, periodSeconds: Int?, at now: Timestamp, _ errors: LeaseErrors) throws(CloudError) -> Lease {
    guard var lease = present else { throw errors.notPresent }
    let asked = periodSeconds.map { now.advanced(by: .seconds($0)) }
    switch lease.state(at: now) {
    case .available, .broken: break
    case .expired: lease.breaks = now
    // Never later than it would have ended anyway.
    case .leased: lease.breaks = lease.expires.map { min($0, asked ?? $0) } ?? asked ?? now
    case .breaking: lease.breaks = min(lease.breaks ?? now, asked ?? lease.breaks ?? now)
    }
    return lease
  }
}

/// The refusals of the lease operations, as they speak of a blob or a container.
struct LeaseErrors: Sendable {
  /// `blob` or `container`.
  let resource: String

  static let blob = LeaseErrors(resource: "blob")
  static let container = LeaseErrors(resource: "container")

  private func conflict(_ code: String, _ message: String) -> CloudError { CloudError(409, code, message) }

  var alreadyPresent: CloudError { conflict("LeaseAlreadyPresent", "There is already a lease present.") }
  var idMismatch: CloudError {
    conflict("LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the \(resource).")
  }
  var notPresent: CloudError { conflict("LeaseNotPresentWithLeaseOperation", "There is currently no lease on the \(resource).") }
  var isBreakingAndCannotBeAcquired: CloudError {
    conflict(
      "LeaseIsBreakingAndCannotBeAcquired",
      "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.")
  }
  var isBreakingAndCannotBeChanged: CloudError {
    conflict("LeaseIsBreakingAndCannotBeChanged", "The lease ID matched, but the lease is currently in breaking state and cannot be changed.")
  }
  var isBrokenAndCannotBeRenewed: CloudError {
    conflict("LeaseIsBrokenAndCannotBeRenewed", "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.")
  }

  // MARK: Of other operations

  private var operation: String { resource == "blob" ? "BlobOperation" : "ContainerOperation" }

  var operationIDMissing: CloudError {
    CloudError(412, "LeaseIdMissing", "There is currently a lease on the \(resource) and no lease ID was specified in the request.")
  }
  var operationIDMismatch: CloudError {
    CloudError(412, "LeaseIdMismatchWith\(operation)", "The lease ID specified did not match the lease ID for the \(resource).")
  }
  var operationNotPresent: CloudError {
    CloudError(412, "LeaseNotPresentWith\(operation)", "There is currently no lease on the \(resource).")
  }
  var lost: CloudError { CloudError(412, "LeaseLost", "A lease ID was specified, but the lease for the \(resource) has expired.") }
}
