internal import Base
internal import Wire

extension AccessTier {
  /// Those of block blobs in standard accounts.
  static let standard: Set<AccessTier> = [.hot, .cool, .cold, .archive, .smart]

  /// Bytes of the largest page blob of a tier; nil for what is no tier of page blobs. Premium ones alone have such a limit.
  ///
  /// Source: Microsoft, "Scalability targets for premium page blob storage accounts".
  var maximumPageBlobBytes: Int? {
    switch self {
    case .p4: 32 << 30
    case .p6: 64 << 30
    case .p10: 128 << 30
    case .p15: 256 << 30
    case .p20: 512 << 30
    case .p30: 1 << 40
    case .p40: 2 << 40
    case .p50: 4 << 40
    case .p60: 8 << 40
    case .p70: 16 << 40
    case .p80: 32 << 40
    default: nil
    }
  }

  init?(ignoringCase text: String) {
    guard let tier = AccessTier.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }), tier != .premium else { return nil }
    self = tier
  }

  /// The `x-ms-access-tier` header; nil when it is absent. Throws for what is no tier of a blob of this type in the account.
  static func requested(_ call: StorageCall, type: BlobType = .block) throws(CloudError) -> AccessTier? {
    guard let text = call.header("x-ms-access-tier") else { return nil }
    guard let tier = AccessTier(ignoringCase: text) else { throw StorageError.invalidHeaderValue("x-ms-access-tier", text) }
    try tier.require(type, call.account)
    return tier
  }

  private func require(_ type: BlobType, _ account: StorageAccount) throws(CloudError) {
    switch type {
    case .block:
      guard AccessTier.standard.contains(self) else { throw StorageError.invalidBlobTier }
      guard account.hasBlobTiers else { throw StorageError.blobAccessTierNotSupportedForAccountType }
    case .page:
      guard maximumPageBlobBytes != nil else { throw StorageError.invalidBlobTier }
      guard account.isPremium else { throw StorageError.blobAccessTierNotSupportedForAccountType }
    case .append: throw StorageError.invalidBlobType
    }
  }

  /// The smallest tier that a page blob in a premium account has unless one is set.
  static func inferred(pageBlobBytes size: Int) -> AccessTier {
    [.p10, .p20, .p30, .p40, .p50].first { size <= $0.maximumPageBlobBytes ?? 0 } ?? .p60
  }
}

extension StorageAccount {
  var isPremium: Bool { skuName.lowercased().hasPrefix("premium") }
  /// Whether each block blob can have a tier of its own.
  var hasBlobTiers: Bool { !isPremium && kindName != "Storage" }
}

extension Blob {
  /// The tier that answers name: the blob's own, or else the one that follows from its account. Nil for a kind of blob that has none.
  func shownTier(_ account: StorageAccount) -> AccessTier? {
    if let tier { return tier }
    switch type {
    case .append: return nil
    case .page: return account.isPremium ? .inferred(pageBlobBytes: size) : nil
    case .block:
      if account.isPremium { return account.kindName == "BlockBlobStorage" ? .premium : nil }
      return account.kindName == "Storage" ? nil : account.accessTier.flatMap { AccessTier(ignoringCase: $0) } ?? .hot
    }
  }

  /// Throws for what can be neither read nor changed: what is in the archive, and what only incremental copies change.
  func requireAccessible() throws(CloudError) {
    if isCurrent, copy?.isIncremental == true { throw StorageError.operationNotAllowedOnIncrementalCopyBlob }
    guard tier == .archive else { return }
    throw rehydration == nil ? StorageError.blobArchived : StorageError.blobBeingRehydrated
  }

  /// Days without use after which a smart blob is cool, and after which it is cold.
  private static let smartCoolDays: Int64 = 30
  private static let smartColdDays: Int64 = 90

  /// Where a blob in the smart tier stands; nil for every other.
  ///
  /// Source: Microsoft, "Optimize costs with smart tier".
  func smartTier(at now: Timestamp) -> AccessTier? {
    guard tier == .smart else { return nil }
    let used = [lastModified, lastAccessed, tierChangedTime].compactMap { $0 }.max() ?? lastModified
    let days = (now.seconds - used.seconds) / 86400
    return days < Self.smartCoolDays ? .hot : days < Self.smartColdDays ? .cool : .cold
  }
}
