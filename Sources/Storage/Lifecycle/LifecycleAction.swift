internal import Base
internal import Wire

/// What the rules of an account make of a blob.
enum LifecycleAction: Equatable, Sendable {
  case delete
  case tier(AccessTier)
}

/// Source: Microsoft, "Azure Blob Storage lifecycle management overview" and "Lifecycle management policy structure".
extension ManagementPolicy {
  /// From the dearest on: rules move blobs in this direction only.
  private static let tiers: [AccessTier] = [.hot, .cool, .cold, .archive]

  /// What is to be done with a blob, snapshot or version now; nil for nothing. Of several actions that are due the cheapest one counts.
  ///
  /// `accessesSince` is `BlobServiceProperties.lastAccessTrackingSince`.
  func action(on blob: Blob, in container: String, of account: StorageAccount, accessesSince: Timestamp?, at now: Timestamp) -> LifecycleAction? {
    guard blob.deletion == nil else { return nil }
    let actions = matching(blob, in: container).compactMap { $0.actions(for: blob) }
    func isDue(_ condition: LifecycleRule.Condition?) -> Bool { condition?.holds(for: blob, accessesSince: accessesSince, at: now) ?? false }
    if actions.contains(where: { isDue($0.delete) }) { return .delete }
    guard blob.type == .block, account.hasBlobTiers,
      let present = blob.shownTier(account).flatMap({ Self.tiers.firstIndex(of: $0) })
    else { return nil }
    let wanted: AccessTier
    if actions.contains(where: { isDue($0.tierToArchive) }), !blob.hasEncryptionScope {
      wanted = .archive
    } else if actions.contains(where: { isDue($0.tierToCold) }) {
      wanted = .cold
    } else if actions.contains(where: { isDue($0.tierToCool) }) {
      wanted = .cool
    } else {
      return nil
    }
    return Self.tiers.firstIndex(of: wanted).map { $0 > present } == true ? .tier(wanted) : nil
  }

  /// Whether a cool blob that is read goes back to hot. One that was cool before a rule said so stays as it is.
  func returnsToHot(_ blob: Blob, in container: String) -> Bool {
    let cool = blob.tierChangedTime ?? blob.createdTime
    return matching(blob, in: container).contains { rule in
      rule.baseBlob.map { $0.tiersToHotOnAccess && cool >= $0.tiersToHotSince ?? cool } ?? false
    }
  }

  private func matching(_ blob: Blob, in container: String) -> [LifecycleRule] {
    rules.filter { $0.isEnabled && $0.filters.match(blob, in: container) }
  }

  /// Whether a rule can reach a blob of a container. What the service keeps there itself, and the website, the rules leave alone.
  func reaches(_ container: String) -> Bool {
    guard !container.hasPrefix("$") || container == StorageTarget.rootContainer else { return false }
    return rules.contains { rule in
      rule.isEnabled && (rule.filters.prefixes.isEmpty || rule.filters.prefixes.contains { Self.meets($0, "\(container)/") })
    }
  }

  private static func meets(_ prefix: String, _ beginning: String) -> Bool {
    beginning.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: beginning.utf8)
  }

  /// Whether anything is said of current blobs, and of earlier states.
  var concernsBlobs: Bool { rules.contains { $0.isEnabled && $0.baseBlob != nil } }
  var concernsGenerations: Bool { rules.contains { $0.isEnabled && ($0.snapshot != nil || $0.version != nil) } }
}

extension LifecycleRule {
  fileprivate func actions(for blob: Blob) -> Actions? {
    if blob.isCurrent { return baseBlob }
    return blob.snapshot != nil ? snapshot : blob.version != nil ? version : nil
  }
}

extension LifecycleRule.Filters {
  fileprivate func match(_ blob: Blob, in container: String) -> Bool {
    guard blobTypes.contains(where: { $0.lowercased() == blob.type.rawValue.lowercased() }) else { return false }
    guard tags.allSatisfy({ blob.tags[$0.name] == $0.value }) else { return false }
    guard !prefixes.isEmpty else { return true }
    let path = "\(container)/\(blob.name)"
    return prefixes.contains { path.utf8.starts(with: $0.utf8) }
  }
}

extension LifecycleRule.Condition {
  /// Whether more days have passed than each of those that are given. What nobody has read since reads are noted counts as read then, and while they
  /// are not, nothing is known of them.
  fileprivate func holds(for blob: Blob, accessesSince: Timestamp?, at now: Timestamp) -> Bool {
    func isPast(_ time: Timestamp, _ days: Int?) -> Bool {
      days.map { time.duration(to: now) > .seconds(86400 * Int64($0)) } ?? true
    }
    func isUnused() -> Bool {
      guard afterLastAccess != nil else { return true }
      return accessesSince.map { isPast(max(blob.lastAccessed ?? $0, $0, blob.lastModified), afterLastAccess) } ?? false
    }
    return isPast(blob.lastModified, afterModification) && isPast(blob.cameToBe, afterCreation)
      && isPast(blob.tierChangedTime ?? blob.createdTime, afterLastTierChange) && isUnused()
  }
}

extension Blob {
  /// Of a snapshot or an earlier version, when that came to be.
  fileprivate var cameToBe: Timestamp { isCurrent ? createdTime : snapshot ?? version ?? createdTime }

  /// Days within which a blob goes back to hot at most once.
  private static let daysBetweenReturns: Int64 = 30

  func mayReturnToHot(at time: Timestamp) -> Bool {
    isCurrent && tier == .cool && returnedToHot.map { $0.duration(to: time) > .seconds(86400 * Self.daysBetweenReturns) } ?? true
  }

  fileprivate var hasEncryptionScope: Bool {
    if case .scope = encryption { return true }
    return false
  }
}
