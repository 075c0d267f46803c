internal import Base
internal import Extents
internal import Records
internal import Wire

/// One entry of the list that Put Block List brings.
struct BlockReference: Sendable, Equatable {
  enum Source: String, Sendable {
    case committed = "Committed"
    case uncommitted = "Uncommitted"
    /// The uncommitted one where there is one, else the committed one.
    case latest = "Latest"
  }

  var source: Source
  /// Decoded.
  var id: [UInt8]

  /// Throws `CloudError` or `XMLError`.
  static func parse(_ document: [UInt8], maximumCount: Int) throws -> [BlockReference] {
    let root = try XMLElement(parsing: document)
    guard root.name == "BlockList" else { throw StorageError.invalidXmlDocument }
    guard root.children.count <= maximumCount else { throw StorageError.blockListTooLong }
    return try root.children.map { child in
      guard let source = Source(rawValue: child.name) else { throw StorageError.unsupportedXmlNode(child.name) }
      guard let id = BlockID.decode(child.trimmedText) else { throw StorageError.invalidBlockId }
      return BlockReference(source: source, id: id)
    }
  }
}

/// What committing a block list comes to: the blob's new blocks, and what they leave over.
struct BlockListCommit {
  private(set) var blocks: [CommittedBlock] = []
  /// Whether blocks of the list before are kept. That list's other extents are then among `unused`.
  private(set) var reusesCommitted = false
  /// Extents that neither the new list nor anything else refers to.
  private(set) var unused: [(id: ExtentID, size: Int)] = []
  private let staged: [UncommittedBlock]

  /// `committed` gives the blocks of the blob's present list; it is only called when the new one refers to them. Throws
  /// `InvalidBlockList` for a block that is not where it should be, and 409 for one that is encrypted otherwise than `encryption` says. When the present list
  /// lives on, it keeps its extents.
  init(
    _ wanted: [BlockReference], staged: [UncommittedBlock], committed: (BlockListSummary) throws -> [CommittedBlock], existing: BlobContent?,
    existingLives: Bool, existingEncryption: BlobEncryption?, encryption: BlobEncryption
  ) throws {
    self.staged = staged
    let stagedByID = Dictionary(staged.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var present: [CommittedBlock] = []
    if case .blocks(let summary) = existing, wanted.contains(where: { $0.source == .committed || $0.source == .latest && stagedByID[$0.id] == nil }) {
      present = try committed(summary)
    }
    let presentByID = Dictionary(present.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    // Extents that the present list itself has only borrowed.
    let lent = Dictionary(present.map { ($0.extent, !$0.ownsExtent) }, uniquingKeysWith: { first, second in first && second })
    var used: Set<ExtentID> = []
    blocks.reserveCapacity(wanted.count)
    for reference in wanted {
      let fresh = reference.source == .committed ? nil : stagedByID[reference.id]
      let kept = reference.source == .uncommitted || fresh != nil ? nil : presentByID[reference.id]
      guard let extent = fresh?.extent ?? kept?.extent, let size = fresh?.size ?? kept?.size else { throw StorageError.invalidBlockList }
      if let found = fresh != nil ? fresh?.encryption : existingEncryption, found != encryption {
        throw encryption == .account ? StorageError.usesCustomerEncryption : StorageError.customerEncryptionMismatch
      }
      if kept != nil { reusesCommitted = true }
      let isFirst = used.insert(extent).inserted
      blocks.append(
        CommittedBlock(
          id: reference.id, extent: extent, size: size, ownsExtent: isFirst && (fresh != nil || !existingLives && lent[extent] != true)))
    }
    unused = staged.filter { !used.contains($0.extent) }.map { ($0.extent, $0.size) }
    if reusesCommitted && !existingLives { unused += present.filter { $0.ownsExtent && !used.contains($0.extent) }.map { ($0.extent, $0.size) } }
  }

  /// Removes the records of the staged blocks, whose extents the new list or `unused` has taken over.
  func removeStaged(_ uncommitted: UncommittedBlob, contents: BlobContents, in transaction: RecordTransaction) throws {
    guard staged.count <= BlobContents.maximumReleasesPerTransaction else {
      return try contents.schedule(.stage(uncommitted.stage, releasesExtents: false), tenant: uncommitted.tenant, in: transaction)
    }
    for block in staged { try transaction.remove(UncommittedBlock.self, block.key) }
  }
}
