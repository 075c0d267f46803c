internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// What every operation on containers and blobs reads from its request.
extension StorageCall {
  func header(_ name: String) -> String? {
    request.headers.first(name: name)
  }

  /// Throws the error for a header that would change what the operation does and that is not served.
  func refuse(_ names: [String]) throws(CloudError) {
    for name in names {
      if let value = header(name) { throw StorageError.unsupportedHeader(name, value) }
    }
  }

  /// Headers of features that no write serves yet: they must not be taken for granted.
  static let unservedWriteHeaders = ["x-ms-copy-source", "x-ms-structured-body", "x-ms-seal-blob", "x-ms-expiry-option", "x-ms-expiry-time"]

  /// The URL of a service as lists name it: as the caller came to it at a port of development storage, else the account's own.
  func endpoint(of service: StorageService, at address: CloudAddress) -> String {
    guard request.connection.portService == nil else { return "http://\(request.authority)/\(account.name)" }
    return "https://\(account.name).\(service.rawValue).\(address.storageSuffix)/"
  }

  /// The announced length of the body; 411 when it is not announced.
  func contentLength() throws(CloudError) -> Int {
    guard let length = request.body.length else { throw StorageError.missingContentLength }
    return length
  }

  /// The whole body, whose announced length must not exceed `limit` bytes.
  func smallBody(upTo limit: Int) async throws -> [UInt8] {
    let length = try contentLength()
    guard length <= limit else { throw StorageError.requestBodyTooLarge(maximumBytes: limit) }
    let body = try await request.body.collect(upTo: length)
    guard body.readableBytes == length else { throw StorageError.incompleteBody }
    return Array(body.readableBytesView)
  }

  /// `prefix` is what the operations on tags write before the headers' names.
  func conditions(prefix: String = "") throws(CloudError) -> ConditionalHeaders {
    do {
      return try ConditionalHeaders { header(prefix + $0) }
    } catch {
      throw Self.cloudError(error)
    }
  }

  private static func cloudError(_ error: ConditionalHeaders.Malformed) -> CloudError {
    switch error {
    case .value(let name, let value): StorageError.invalidHeaderValue(name, value)
    case .combination: StorageError.multipleConditionHeadersNotSupported
    }
  }

  /// Throws what a read answers when its conditions do not hold: 304 with the tag, or 412.
  func require(_ conditions: ConditionalHeaders, etag: ETag, lastModified: Timestamp) throws(CloudError) {
    switch conditions.evaluateRead(etag: etag, lastModified: lastModified) {
    case .met: return
    case .notModified:
      var error = StorageError.notModified
      error.headers = [("ETag", etag.quoted), ("Last-Modified", lastModified.httpDate)]
      throw error
    case .unsatisfiable: throw StorageError.unsatisfiableCondition
    case .failed, .exists: throw StorageError.conditionNotMet
    }
  }

  /// Throws what a write answers when its conditions do not hold; `existsError` when it must create and the resource is there.
  func requireWrite(
    _ conditions: ConditionalHeaders, etag: ETag?, lastModified: Timestamp?, existsError: CloudError = StorageError.conditionNotMet
  ) throws(CloudError) {
    let outcome: ConditionalHeaders.Outcome
    do {
      outcome = try conditions.evaluateWrite(etag: etag, lastModified: lastModified)
    } catch {
      throw Self.cloudError(error)
    }
    switch outcome {
    case .met: return
    case .exists: throw existsError
    case .failed, .notModified, .unsatisfiable: throw StorageError.conditionNotMet
    }
  }

  /// The lease that the request says it holds.
  func leaseID() throws(CloudError) -> GUID? {
    guard let text = header("x-ms-lease-id") else { return nil }
    guard let lease = GUID(anyForm: text) else { throw StorageError.invalidHeaderValue("x-ms-lease-id", text) }
    return lease
  }

  /// Throws unless the lease that the request says it holds on the container is the one there is. Only what deletes a container `needsLease`.
  func requireLease(on container: Container, needsLease: Bool = false) throws(CloudError) {
    if let lease = try leaseID() { return try container.lease.requireHeld(lease, at: steady, .container) }
    if needsLease, container.lease.state(at: steady).isLocked { throw LeaseErrors.container.operationIDMissing }
  }

  /// A signature that may create but not write may not replace what is there.
  func requireOverwrite() throws(CloudError) {
    if case .sharedAccessSignature(let grant) = principal.kind, !grant.permissions.contains("w") {
      throw StorageError.unauthorizedBlobOverwrite
    }
  }

  /// The number of items that a list may give.
  func maximumResults(limit: Int) throws(CloudError) -> Int {
    guard let text = request.query["maxresults"] else { return limit }
    guard let number = Int(text) else { throw StorageError.invalidQueryParameterValue("maxresults", text) }
    guard number > 0 else {
      throw StorageError.outOfRangeQueryParameterValue("maxresults", text, minimum: 1, maximum: limit)
    }
    return min(number, limit)
  }

  /// The values of `include`, in lower case; those outside `known` are refused.
  func included(known: Set<String>) throws(CloudError) -> Set<String> {
    guard let text = request.query["include"], !text.isEmpty else { return [] }
    let values = Set(text.split(separator: ",").map { $0.lowercased() })
    guard values.isSubset(of: known) else { throw StorageError.invalidQueryParameterValue("include", text) }
    return values
  }

  /// The headers that name the state of a container or blob.
  static func stateHeaders(etag: ETag, lastModified: Timestamp) -> HTTPHeaders {
    var headers = HTTPHeaders()
    headers.add(name: "ETag", value: etag.quoted)
    headers.add(name: "Last-Modified", value: lastModified.httpDate)
    return headers
  }
}
