internal import Base
internal import Wire

extension ImmutabilityPolicy {
  /// Reads `x-ms-immutability-policy-until-date` and `-mode`; nil where both are absent. Without a mode the policy is unlocked. Throws 400 for what is no
  /// policy or lies in the past.
  init?(_ call: StorageCall) throws(CloudError) {
    let (until, mode) = ("x-ms-immutability-policy-until-date", "x-ms-immutability-policy-mode")
    guard let text = call.header(until) else {
      guard call.header(mode) == nil else { throw StorageError.missingRequiredHeader(until) }
      return nil
    }
    guard let expires = Timestamp(httpDate: text), expires > call.now else { throw StorageError.invalidHeaderValue(until, text) }
    self.expires = expires
    switch call.header(mode)?.lowercased() {
    case nil, "unlocked": isLocked = false
    case "locked": isLocked = true
    default: throw StorageError.invalidHeaderValue(mode, call.header(mode) ?? "")
    }
  }
}

extension StorageCall {
  /// `x-ms-legal-hold`; nil where it is absent.
  func legalHold() throws(CloudError) -> Bool? {
    guard let text = header("x-ms-legal-hold") else { return nil }
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default: throw StorageError.invalidHeaderValue("x-ms-legal-hold", text)
    }
  }
}

extension ContainerImmutability {
  /// What a new blob gets that brings no policy: in a container whose versions have their own, the container's is what they begin with.
  ///
  /// Source: Microsoft, "Version-level WORM policies for immutable blob data".
  func inherited(at now: Timestamp) -> ImmutabilityPolicy? {
    guard isVersionLevel, let policy else { return nil }
    return ImmutabilityPolicy(expires: now.advanced(by: .seconds(86400 * policy.days)), isLocked: policy.isLocked)
  }

  /// Throws where a policy or a hold is over all blobs of the container.
  ///
  /// Source: Microsoft, "Container-level WORM policies for immutable blob data", scenarios.
  func requireUnprotected() throws(CloudError) {
    if !holds.isEmpty { throw StorageError.blobImmutableDueToLegalHold }
    if policy != nil, !isVersionLevel { throw StorageError.blobImmutableDueToPolicy }
  }
}

extension Blob {
  /// What a request would do to a blob that may be protected.
  enum Change: Equatable {
    /// Changes what is said of it, or some of its bytes.
    case write
    /// Puts another blob in its place, which leaves it alone where it lives on as a version.
    case replace(keepsVersion: Bool)
    case append
    case delete
  }

  /// Throws while a policy or a legal hold, of the blob's own or of its container, forbids a change.
  ///
  /// A container's policy keeps blobs from being deleted until their time is over, and from being changed even then.
  func requireMutable(for change: Change = .write, at now: Timestamp) throws(CloudError) {
    let terms = terms.immutability
    let staysAsVersion = change == .replace(keepsVersion: true)
    if hasLegalHold && !staysAsVersion { throw StorageError.blobImmutableDueToLegalHold }
    if !terms.holds.isEmpty, !(change == .append && terms.holdAllowsAppend && type != .page) {
      throw StorageError.blobImmutableDueToLegalHold
    }
    if let immutability, immutability.expires > now, !staysAsVersion { throw StorageError.blobImmutableDueToPolicy }
    guard let policy = terms.policy, !terms.isVersionLevel else { return }
    switch change {
    case .append: if allowsAppend(policy) { return }
    case .delete: if retained(by: policy) <= now { return }
    case .write, .replace: break
    }
    throw StorageError.blobImmutableDueToPolicy
  }

  /// Throws while its container's policy or holds forbid that a snapshot is made of it.
  func requireSnapshots() throws(CloudError) { try terms.immutability.requireUnprotected() }

  private func allowsAppend(_ policy: RetentionTerms) -> Bool {
    policy.allowsAllAppend && type != .page || policy.allowsAppend && type == .append
  }

  /// Until when a container's policy keeps the blob. Where it may be appended to, the time counts from the last block on.
  private func retained(by policy: RetentionTerms) -> Timestamp {
    (allowsAppend(policy) ? lastModified : createdTime).advanced(by: .seconds(86400 * policy.days))
  }
}
