internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// Set Blob Tier, and the way out of the archive.
///
/// A tier is kept and shown, and does not move bytes: here they all rest on the same disks. What the archive promises is kept all the same: what is
/// in it can be neither read nor changed, and coming out of it takes the time that `StorageLimits` says.
struct BlobTiers: Sendable {
  let records: any RecordStore
  let limits: StorageLimits

  /// It changes neither the tag nor the time of the blob.
  ///
  /// Source: Microsoft, "Set Blob Tier", REST reference.
  @Sendable
  func setTier(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    guard let text = call.header("x-ms-access-tier") else { throw StorageError.missingRequiredHeader("x-ms-access-tier") }
    guard AccessTier(ignoringCase: text) != nil else { throw StorageError.invalidHeaderValue("x-ms-access-tier", text) }
    let isHighPriority = try Rehydration.isHighPriority(call)
    let isPending = try await records.write { try self.setTier(call, conditions, isHighPriority: isHighPriority, in: $0) }
    return EdgeResponse(isPending ? .accepted : .ok)
  }

  /// Whether the blob is on its way out of the archive.
  func setTier(_ call: StorageCall, _ conditions: BlobConditions, isHighPriority: Bool?, in transaction: RecordTransaction) throws -> Bool {
    var blob = try Blob.require(call, in: transaction)
    if blob.isCurrent { try conditions.requireLease(blob.lease, call) }
    if let tags = conditions.tags, !tags.matches(blob.tags) { throw StorageError.conditionNotMet }
    try blob.requireNoPendingCopy()
    guard let tier = try AccessTier.requested(call, type: blob.type) else { return false }
    try blob.move(to: tier, isHighPriority: isHighPriority, at: call.now, limits: limits)
    try blob.save(in: transaction)
    try BlobChange.note(.tierChanged, of: blob, call, in: transaction)
    return blob.rehydration != nil
  }
}

extension Blob {
  /// Puts the blob into a tier, or begins to take it there from the archive.
  mutating func move(to wanted: AccessTier, isHighPriority: Bool?, at now: Timestamp, limits: StorageLimits) throws(CloudError) {
    if let maximum = wanted.maximumPageBlobBytes {
      guard size <= maximum else { throw StorageError.blobTierInadequateForContentLength }
      guard maximum >= tier?.maximumPageBlobBytes ?? 0 else { throw StorageError.cannotChangeToLowerTier }
    }
    if let present = rehydration {
      guard present.tier == wanted else { throw StorageError.blobBeingRehydrated }
      guard isHighPriority == true, !present.isHighPriority else { return }
      let sooner = now.advanced(by: limits.rehydration(isHighPriority: true))
      rehydration = Rehydration(tier: wanted, isHighPriority: true, completes: min(present.completes, sooner))
    } else if tier == .archive, wanted != .archive {
      let isHigh = isHighPriority ?? false
      rehydration = Rehydration(
        tier: wanted, isHighPriority: isHigh, completes: now.advanced(by: limits.rehydration(isHighPriority: isHigh)))
    } else {
      if tier != wanted { tierChangedTime = now }
      tier = wanted
    }
  }

  /// Finds, across all tenants, what is on its way out of the archive, in the order in which it arrives.
  static let rehydrationIndex = "rehydration"

  var rehydrationIndexes: [RecordIndex] {
    rehydration.map { [RecordIndex(Self.rehydrationIndex, BlobGeneration.timeKey($0.completes), tenant: .zero)] } ?? []
  }

  /// Ends the way out of the archive if its time has come.
  private mutating func arrive(at now: Timestamp) -> Bool {
    guard let rehydration, rehydration.completes <= now else { return false }
    tier = rehydration.tier
    tierChangedTime = rehydration.completes
    self.rehydration = nil
    return true
  }

  /// Takes up to `limit` blobs whose time has come out of the archive. True when none is left.
  static func rehydrate(at now: Timestamp, limit: Int, in transaction: RecordTransaction) throws -> Bool {
    let due = try transaction.list(Blob.self, index: rehydrationIndex, [], tenant: .zero, limit: limit)
    let generations = try transaction.list(BlobGeneration.self, index: rehydrationIndex, [], tenant: .zero, limit: limit)
    var count = 0
    for var blob in due + generations.map(\.blob) where blob.arrive(at: now) {
      try blob.save(in: transaction)
      count += 1
    }
    return count < limit
  }
}

extension Rehydration {
  /// The `x-ms-rehydrate-priority` header; nil when it is absent, which is the standard one.
  static func isHighPriority(_ call: StorageCall) throws(CloudError) -> Bool? {
    guard let text = call.header("x-ms-rehydrate-priority") else { return nil }
    switch text.lowercased() {
    case "high": return true
    case "standard": return false
    default: throw StorageError.invalidHeaderValue("x-ms-rehydrate-priority", text)
    }
  }
}

extension StorageLimits {
  func rehydration(isHighPriority: Bool) -> Duration {
    .seconds(isHighPriority ? highRehydrationSeconds : standardRehydrationSeconds)
  }
}

extension StorageCall {
  /// Throws unless a blob came into its tier when `x-ms-access-tier-if-modified-since` and `-if-unmodified-since` say that it did.
  func requireTierChange(of blob: Blob) throws(CloudError) {
    let changed = (blob.tierChangedTime ?? blob.createdTime).wholeSecond
    if let since = try date("x-ms-access-tier-if-modified-since"), changed <= since { throw StorageError.conditionNotMet }
    if let since = try date("x-ms-access-tier-if-unmodified-since"), changed > since { throw StorageError.conditionNotMet }
  }

  private func date(_ name: String) throws(CloudError) -> Timestamp? {
    guard let text = header(name) else { return nil }
    guard let date = Timestamp(httpDate: text) else { throw StorageError.invalidHeaderValue(name, text) }
    return date
  }
}
