internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// What answers say of a blob.
extension Blob {
  /// The tag, the time and the version of the state that an operation made or read.
  var stateHeaders: HTTPHeaders {
    var headers = StorageCall.stateHeaders(etag: etag, lastModified: lastModified)
    if let version, snapshot == nil { headers.add(name: "x-ms-version-id", value: version.iso8601Fractional) }
    return headers
  }

  /// The headers of Get Blob and Get Blob Properties, but for the content's digest.
  func headers(_ call: StorageCall) -> HTTPHeaders {
    var headers = stateHeaders
    headers.reserveCapacity(24)
    headers.add(name: "Accept-Ranges", value: "bytes")
    headers.add(name: "Content-Type", value: properties.contentType ?? BlobProperties.defaultContentType)
    if let value = properties.contentEncoding { headers.add(name: "Content-Encoding", value: value) }
    if let value = properties.contentLanguage { headers.add(name: "Content-Language", value: value) }
    if let value = properties.contentDisposition { headers.add(name: "Content-Disposition", value: value) }
    if let value = properties.cacheControl { headers.add(name: "Cache-Control", value: value) }
    headers.add(name: "x-ms-blob-type", value: type.rawValue)
    headers.add(name: "x-ms-creation-time", value: createdTime.httpDate)
    headers.add(name: "x-ms-server-encrypted", value: "true")
    if version != nil, isCurrent { headers.add(name: "x-ms-is-current-version", value: "true") }
    if isCurrent { lease.addState(at: call.steady, to: &headers) }
    addTier(call, to: &headers)
    addKind(to: &headers)
    if let copy { copy.add(to: &headers) }
    addProtection(to: &headers)
    if !tags.items.isEmpty { headers.add(name: "x-ms-tag-count", value: String(tags.items.count)) }
    if let lastAccessed { headers.add(name: "x-ms-last-access-time", value: lastAccessed.httpDate) }
    if let expiry { headers.add(name: "x-ms-expiry-time", value: expiry.httpDate) }
    metadata.add(to: &headers)
    return headers
  }

  private func addTier(_ call: StorageCall, to headers: inout HTTPHeaders) {
    guard let shown = shownTier(call.account) else { return }
    headers.add(name: "x-ms-access-tier", value: shown.rawValue)
    if tier == nil { headers.add(name: "x-ms-access-tier-inferred", value: "true") }
    if let tierChangedTime { headers.add(name: "x-ms-access-tier-change-time", value: tierChangedTime.httpDate) }
    if let smart = smartTier(at: call.now) { headers.add(name: "x-ms-smart-access-tier", value: smart.rawValue) }
    guard let rehydration else { return }
    headers.add(name: "x-ms-archive-status", value: rehydration.status)
    headers.add(name: "x-ms-rehydrate-priority", value: rehydration.priority)
  }

  private func addKind(to headers: inout HTTPHeaders) {
    switch type {
    case .block: break
    case .append:
      if case .blocks(let summary) = content {
        headers.add(name: "x-ms-blob-committed-block-count", value: String(summary.count))
      } else {
        headers.add(name: "x-ms-blob-committed-block-count", value: "0")
      }
      if isSealed { headers.add(name: "x-ms-blob-sealed", value: "true") }
    case .page: headers.add(name: "x-ms-blob-sequence-number", value: String(sequenceNumber))
    }
  }

  private func addProtection(to headers: inout HTTPHeaders) {
    switch encryption {
    case .account: break
    case .customer(let digest): headers.add(name: "x-ms-encryption-key-sha256", value: Base64.encode(digest))
    case .scope(let name): headers.add(name: "x-ms-encryption-scope", value: name)
    }
    if let immutability {
      headers.add(name: "x-ms-immutability-policy-until-date", value: immutability.expires.httpDate)
      headers.add(name: "x-ms-immutability-policy-mode", value: immutability.mode)
    }
    if hasLegalHold { headers.add(name: "x-ms-legal-hold", value: "true") }
  }

  func addMD5(named name: String, to headers: inout HTTPHeaders) {
    if let md5 = properties.contentMD5 { headers.add(name: name, value: Base64.encode(md5)) }
  }
}

extension BlobCopy {
  /// `copied/total`, in bytes.
  var progress: String { "\(copied)/\(total)" }

  fileprivate func add(to headers: inout HTTPHeaders) {
    headers.add(name: "x-ms-copy-id", value: id.description)
    headers.add(name: "x-ms-copy-source", value: source)
    headers.add(name: "x-ms-copy-status", value: status.rawValue)
    headers.add(name: "x-ms-copy-progress", value: progress)
    if let completed { headers.add(name: "x-ms-copy-completion-time", value: completed.httpDate) }
    if let statusDescription { headers.add(name: "x-ms-copy-status-description", value: statusDescription) }
    guard isIncremental else { return }
    headers.add(name: "x-ms-incremental-copy", value: "true")
    if let incrementalSnapshot { headers.add(name: "x-ms-copy-destination-snapshot", value: incrementalSnapshot.iso8601Fractional) }
  }
}

extension Rehydration {
  var status: String { "rehydrate-pending-to-\(tier.rawValue.lowercased())" }
  var priority: String { isHighPriority ? "High" : "Standard" }
}

extension ImmutabilityPolicy {
  /// As headers write it; lists begin it with a capital.
  var mode: String { isLocked ? "locked" : "unlocked" }
}
