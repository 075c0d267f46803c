internal import Base
internal import Edge
internal import Extents
internal import NIOHTTP1
internal import Records
internal import Wire

/// Put Block and Put Block List: a blob in parts.
struct BlockWrites: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits

  /// Source: Microsoft, "Put Block", REST reference.
  @Sendable
  func putBlock(_ call: StorageCall) async throws -> EdgeResponse {
    try call.refuse(StorageCall.unservedWriteHeaders)
    guard let text = call.request.query["blockid"] else { throw StorageError.missingRequiredQueryParameter("blockid") }
    guard let id = BlockID.decode(text) else {
      throw StorageError.invalidQueryParameterValue("blockid", text, reason: Base64.decode(text) == nil ? "Not a valid base64 string." : nil)
    }
    let length = try call.contentLength()
    guard length > 0 else { throw StorageError.invalidHeaderValue("Content-Length", "0") }
    guard length <= limits.putBlockBytes else { throw StorageError.requestBodyTooLarge(maximumBytes: limits.putBlockBytes) }
    let digest = try ContentDigest(call, wanted: .crc64)
    let conditions = try BlobConditions(call)
    let key = try await requireStageable(id, conditions, call)
    let (extent, result) = try await contents.receive(call, length: length, digest: digest, key: key)
    let stage = contents.makeID(at: call.now)
    try await records.write { [contents] transaction in
      let container = try Container.require(call, in: transaction)
      try Self.requireBlockBlob(container, conditions, call, in: transaction)
      let uncommitted = try Self.touch(container, id: id, newStage: stage, call, in: transaction)
      let block = UncommittedBlock(
        tenant: container.tenant, stage: uncommitted.stage, id: id, extent: extent.id, size: length, encryption: key.encryption)
      if let old = try transaction.fetch(UncommittedBlock.self, block.key) {
        try contents.extents.release(old.extent, tenant: old.tenant, in: transaction)
      }
      try contents.extents.commit(extent, in: transaction)
      try transaction.save(block)
    }
    return EdgeResponse(.created, headers: Self.digestHeaders(result, key.encryption))
  }

  /// Finds the blob's uncommitted list or makes it, and notes the activity where the note is old.
  private static func touch(
    _ container: Container, id: [UInt8], newStage: GUID, _ call: StorageCall, in transaction: RecordTransaction
  ) throws -> UncommittedBlob {
    if var uncommitted = try transaction.fetch(UncommittedBlob.self, UncommittedBlob.key(container, name: call.blob)) {
      guard uncommitted.idLength == id.count else { throw StorageError.invalidBlobOrBlock }
      if call.now.seconds - uncommitted.lastActivity.seconds >= UncommittedBlob.activityResolutionSeconds {
        uncommitted.lastActivity = call.now
        try transaction.save(uncommitted)
      }
      return uncommitted
    }
    let uncommitted = UncommittedBlob(
      tenant: container.tenant, container: container.id, name: call.blob, stage: newStage, idLength: id.count, createdTime: call.now,
      lastActivity: call.now)
    try transaction.save(uncommitted)
    return uncommitted
  }

  /// Fails before the body is taken if the block could not be stored now, and gives the key for it.
  private func requireStageable(_ id: [UInt8], _ conditions: BlobConditions, _ call: StorageCall) async throws -> BlobKey {
    try await records.read { [limits] reader in
      let container = try Container.require(call, in: reader)
      try Self.requireBlockBlob(container, conditions, call, in: reader)
      let key = try conditions.encryption.key(in: container, call.account, reader)
      guard let uncommitted = try reader.fetch(UncommittedBlob.self, UncommittedBlob.key(container, name: call.blob)) else { return key }
      guard uncommitted.idLength == id.count else { throw StorageError.invalidBlobOrBlock }
      var sample = CRC64()
      sample.update(id)
      guard sample.value % UInt64(limits.uncommittedBlocksPerCount) == 0 else { return key }
      let count = try reader.count(UncommittedBlock.self, under: uncommitted.blocksParent, limit: limits.uncommittedBlocks)
      guard count < limits.uncommittedBlocks else { throw StorageError.blockCountExceedsLimit }
      return key
    }
  }

  /// Throws where the blob is there and may take no blocks.
  private static func requireBlockBlob(
    _ container: Container, _ conditions: BlobConditions, _ call: StorageCall, in reader: any RecordReader
  ) throws {
    let existing = try reader.fetch(Blob.self, Blob.key(container, name: call.blob))
    try existing?.requireType(.block)
    try existing?.requireAccessible()
    if existing != nil { try call.requireOverwrite() }
    try conditions.requireLease(existing?.lease, call)
  }

  /// Source: Microsoft, "Put Block List", REST reference.
  @Sendable
  func putBlockList(_ call: StorageCall) async throws -> EdgeResponse {
    try call.refuse(StorageCall.unservedWriteHeaders)
    let draft = try BlobDraft(call, properties: try BlobProperties(call), tier: try AccessTier.requested(call))
    var digest = try ContentDigest(call, wanted: .either)
    let body = try await call.smallBody(upTo: limits.blockListBytes)
    digest.update(body)
    let result = try digest.finish()
    let wanted = try BlockReference.parse(body, maximumCount: limits.committedBlocks)
    let (listID, leftoverID) = (contents.makeID(at: call.now), contents.makeID(at: call.now))
    let blob = try await records.write { [contents] transaction in
      var draft = draft
      let container = try Container.require(call, in: transaction)
      let existing = try draft.requireReplaceable(container, call, in: transaction)
      try existing?.requireType(.block)
      let uncommittedKey = UncommittedBlob.key(container, name: call.blob)
      let stage = try transaction.fetch(UncommittedBlob.self, uncommittedKey)
      let history = BlobHistory(contents: contents)
      let keepsExisting = existing.map { history.keeps($0, call) } ?? false
      let lives = try existing.map { try keepsExisting || contents.isShared($0.content, tenant: $0.tenant, in: transaction) } ?? false
      let commit = try BlockListCommit(
        wanted, staged: try stage?.blocks(in: transaction) ?? [],
        committed: { try contents.blocks($0, tenant: container.tenant, in: transaction) }, existing: existing?.content,
        existingLives: lives, existingEncryption: existing?.encryption, encryption: draft.conditions.encryption.encryption(in: container))
      if let existing, !keepsExisting, lives || !commit.reusesCommitted {
        try contents.release(existing.content, tenant: existing.tenant, in: transaction)
      }
      if let stage {
        try transaction.remove(UncommittedBlob.self, uncommittedKey)
        try commit.removeStaged(stage, contents: contents, in: transaction)
      }
      if case .blocks(let summary) = existing?.content, commit.reusesCommitted {
        if lives {
          try contents.borrow(from: summary, for: listID, tenant: container.tenant, in: transaction)
        } else {
          try contents.removeChunks(summary, tenant: container.tenant, in: transaction)
          try contents.passOn(loanOf: summary.id, to: listID, tenant: container.tenant, in: transaction)
        }
      }
      try contents.release(commit.unused, listID: leftoverID, tenant: container.tenant, in: transaction)
      draft.size = commit.blocks.reduce(0) { $0 + $1.size }
      let summary = try contents.save(blocks: commit.blocks, id: listID, tenant: container.tenant, in: transaction)
      let blob = draft.blob(in: container, replacing: existing, content: .blocks(summary), call)
      return try history.replace(existing, with: blob, call, in: transaction)
    }
    var headers = blob.stateHeaders
    headers.add(contentsOf: Self.digestHeaders(result, blob.encryption))
    return EdgeResponse(.created, headers: headers)
  }

  /// The MD5 where the request brought one, else the CRC64.
  private static func digestHeaders(_ digest: ContentDigest.Result, _ encryption: BlobEncryption) -> HTTPHeaders {
    var headers = HTTPHeaders()
    encryption.addRequestState(to: &headers)
    if let md5 = digest.md5, digest.sentMD5 { headers.add(name: "Content-MD5", value: Base64.encode(md5)) }
    if let crc64 = digest.crc64 { headers.add(name: "x-ms-content-crc64", value: Base64.encode(crc64)) }
    return headers
  }
}

/// The ids of blocks.
enum BlockID {
  /// Bytes before encoding.
  static let maximumBytes = 64

  /// Nil when the text is not base64, or encodes nothing or too much.
  static func decode(_ text: String) -> [UInt8]? {
    Base64.decode(text).flatMap { (1...maximumBytes).contains($0.count) ? $0 : nil }
  }
}

extension UncommittedBlob {
  /// What the keys of the blocks begin with.
  var blocksParent: RecordKey { RecordKey(tenant: tenant, stage.description) }

  /// All blocks, in the order of their ids' base64 form. `StorageLimits.uncommittedBlocks` bounded them when they were put.
  func blocks(in reader: any RecordReader) throws -> [UncommittedBlock] {
    try reader.list(UncommittedBlock.self, under: blocksParent, limit: Int(Int32.max))
  }
}
