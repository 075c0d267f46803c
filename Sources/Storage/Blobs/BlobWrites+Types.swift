internal import Base
internal import Edge

/// Put Blob of the types whose bytes come later.
extension BlobWrites {
  /// Source: Microsoft, "Put Blob", REST reference.
  func create(_ type: BlobType, _ call: StorageCall) async throws -> EdgeResponse {
    let length = try call.contentLength()
    guard length == 0 else { throw StorageError.invalidHeaderValue("Content-Length", String(length)) }
    var draft = try BlobDraft(
      call, properties: try BlobProperties(putBlob: call), tier: try AccessTier.requested(call, type: type), type: type)
    if type == .page {
      guard let size = try PageBlobChange.size(call, limits: limits) else { throw StorageError.missingRequiredHeader("x-ms-blob-content-length") }
      if let limit = draft.tier?.maximumPageBlobBytes, size > limit { throw StorageError.contentLengthLargerThanTierLimit }
      draft.size = size
      draft.sequenceNumber = try call.number("x-ms-blob-sequence-number") ?? 0
    }
    let id = contents.makeID(at: call.now)
    return try await commit(draft, ContentDigest.Result(md5: nil, crc64: nil, sentMD5: false), call) { [contents, draft] container, transaction in
      let key = try draft.conditions.encryption.key(in: container, call.account, transaction)
      guard type == .page else { return (.blocks(BlockListSummary(id: id, count: 0, chunkEnds: [])), key) }
      return (try contents.makePages(id: id, tenant: call.account.tenant, in: transaction), key)
    }
  }

  static func type(_ call: StorageCall) throws(CloudError) -> BlobType {
    guard let text = call.header("x-ms-blob-type") else { throw StorageError.missingRequiredHeader("x-ms-blob-type") }
    guard let type = BlobType(rawValue: text) else { throw StorageError.invalidHeaderValue("x-ms-blob-type", text) }
    try type.require(call.account)
    return type
  }
}

extension BlobType {
  /// Throws where the account takes no blobs of the type: premium ones are made either for page blobs or for the others.
  func require(_ account: StorageAccount) throws(CloudError) {
    guard account.isPremium, (self == .page) == (account.kindName == "BlockBlobStorage") else { return }
    throw StorageError.blobTypeNotSupported(rawValue.replacing("Blob", with: ""))
  }
}
