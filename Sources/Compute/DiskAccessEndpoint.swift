internal import Base
public import Edge
internal import Hypervisor
internal import Keyring
public import Ledger
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import ResourceManager
internal import Wire

/// Disks as page blobs, by the URLs of `beginGetAccess`: host `md-….blob.core.`.
///
/// A URL's signature is all the permission that there is. What is read is the disk with a VHD's footer behind it, and what is written goes into the
/// disk at once: nothing lies anywhere in clear.
///
/// Source: Microsoft, "Get Blob", "Put Page" and "Get Page Ranges", REST reference.
public final class DiskAccessEndpoint: EdgeService {
  /// No storage account has a hyphen in its name.
  public static let hostPrefix = "md-"
  public let name = "disks"
  private let service: ComputeService
  private let notes: LedgerNotes?

  /// Bytes that one Put Page may write.
  private static let maximumWriteBytes = 4 << 20
  private static let newestVersion = "2026-06-06"

  /// Refusals are noted in `notes`.
  public init(service: ComputeService, notes: LedgerNotes? = nil) {
    self.service = service
    self.notes = notes
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    let now = service.clock.now()
    var response: EdgeResponse
    do {
      let disk = try await authenticate(request, now: now)
      response = try await answer(request, disk)
    } catch {
      let error = StorageErrorResponse.cloudError(error)
      if error.status == 403 { await note(error, request) }
      if error.status >= 500 {
        service.logger.error("disk request failed", metadata: ["request": "\(request.identifiers.request)", "cause": "\(error.cause ?? error)"])
      }
      response = StorageErrorResponse.render(error, to: request, now: now)
    }
    response.headers.replaceOrAdd(name: "x-ms-request-id", value: request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "x-ms-version", value: request.headers.first(name: "x-ms-version") ?? Self.newestVersion)
    if let client = request.identifiers.client { response.headers.replaceOrAdd(name: "x-ms-client-request-id", value: client) }
    return response
  }

  /// A disk that its URL opens.
  private struct OpenedDisk: Sendable {
    var access: DiskAccess
    var record: DiskRecord
    /// Bytes of the blob: the disk's, and the footer.
    var size: Int { Int(record.sizeBytes) + VirtualHardDisk.footerBytes }
  }

  private func authenticate(_ request: EdgeRequest, now: Timestamp) async throws -> OpenedDisk {
    let refusal = Self.refusal
    guard let grant = request.query["si"].flatMap({ GUID($0) }), let signature = request.query["sig"].flatMap({ Base64.decode($0) }) else {
      throw refusal
    }
    let service = service
    let disk = try await service.records.read { reader in
      guard let access = try DiskAccess.find(grant: grant, in: reader), now < access.end, request.path == access.path,
        let record = try DiskRecord.find(access.disk, tenant: access.tenant, in: reader)
      else { throw refusal }
      return OpenedDisk(access: access, record: record)
    }
    try await DiskKeys.$asker.withValue(DiskKeys.Asker(request: request.identifiers.request)) { try await Self.requireKey(disk, service) }
    let key = try await service.records.read { try service.keyring.dataKey(disk.record.dataKey, tenant: disk.record.tenant, in: $0) }
    guard constantTimeEqual(disk.access.signature(key), signature) else { throw refusal }
    return disk
  }

  /// Throws where the customer whose key protects the disk does not allow it to be read.
  ///
  /// Source: Microsoft, "Blob Storage error codes", REST reference.
  private static func requireKey(_ disk: OpenedDisk, _ service: ComputeService) async throws {
    do {
      guard let failure = try await service.diskKeys.failure(of: disk.record) else { return }
      guard failure.reason.isRefusal else { throw CloudError.serverBusy() }
      throw CloudError(403, "KeyVaultEncryptionKeyNotFound", "The key vault key is not found to unwrap the encryption key.")
    } catch KeyringError.noSuchKey {
      throw refusal
    }
  }

  /// A URL that was refused is the affair of who has the disk.
  private func note(_ error: CloudError, _ request: EdgeRequest) async {
    guard let notes, let grant = request.query["si"].flatMap({ GUID($0) }) else { return }
    let access = try? await service.records.read { try DiskAccess.find(grant: grant, in: $0) }
    notes.note(
      error.code.hasPrefix("Authentication") ? .authenticationFailure : .refusal, tenant: access?.tenant ?? .zero,
      subject: access?.disk.description ?? "/", request: request.identifiers.request,
      facts: ["service": name, "code": error.code, "method": request.method.rawValue], personal: ["address": request.remoteAddress])
  }

  private func answer(_ request: EdgeRequest, _ disk: OpenedDisk) async throws -> EdgeResponse {
    switch (request.method, request.query["comp"]?.lowercased()) {
    case (.HEAD, nil): return EdgeResponse(.ok, headers: headers(disk), body: .head(length: disk.size))
    case (.GET, nil): return try await read(request, disk)
    case (.GET, "pagelist"): return try await pageRanges(request, disk)
    case (.PUT, "page"):
      guard disk.access.canWrite else {
        throw CloudError(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.")
      }
      return try await write(request, disk)
    case (.GET, _), (.PUT, _), (.HEAD, _):
      throw CloudError(409, "FeatureNotSupportedForManagedDisks", "The operation is not supported for a managed disk.")
    default: throw CloudError(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
    }
  }

  /// The disk's bytes, opened once for all requests. A grant that has gone meanwhile opens nothing.
  private static func bytes(_ disk: OpenedDisk, _ service: ComputeService) async throws -> DiskBytes {
    try await requireKey(disk, service)
    let (access, record, canWrite) = (disk.access, disk.record, disk.access.canWrite)
    return try await service.openDisks.bytes(of: record.guid, isReadOnly: !canWrite) {
      let isGood = try await service.records.read { reader in
        let current = try DiskAccess.current(of: access.disk, tenant: access.tenant, now: service.clock.now(), in: reader)
        let state = try reader.fetch(Resource.self, Resource.key(tenant: access.tenant, access.disk))?.provisioningState
        return current?.grant == access.grant && state.map { $0 != .deleting } ?? false
      }
      guard isGood else { throw Self.refusal }
      let bytes = try await service.disks.images.bytes(of: try await service.disks.file(record), isReadOnly: !canWrite)
      // A disk that is about to grow is smaller than its record says.
      guard bytes.size == record.sizeBytes else {
        await bytes.close()
        throw CloudError.serverBusy("The disk is being changed.")
      }
      return bytes
    }
  }

  private static var refusal: CloudError {
    CloudError(
      403, "AuthenticationFailed",
      "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.")
  }

  private func headers(_ disk: OpenedDisk) -> HTTPHeaders {
    [
      "Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", "ETag": "\"\(disk.access.grant)\"",
      "Last-Modified": disk.access.begun.httpDate, "x-ms-blob-type": "PageBlob", "x-ms-blob-sequence-number": "0",
      "x-ms-lease-status": "unlocked", "x-ms-lease-state": "available", "x-ms-server-encrypted": "true",
    ]
  }

  // MARK: Reading

  private func read(_ request: EdgeRequest, _ disk: OpenedDisk) async throws -> EdgeResponse {
    let range = try Self.range(request)
    var headers = headers(disk)
    guard let part = range.map({ $0.resolve(size: disk.size) }) ?? 0..<disk.size else {
      throw CloudError(
        416, "InvalidRange", "The range specified is invalid for the current size of the resource.",
        headers: [("Content-Range", "bytes */\(disk.size)")])
    }
    if range != nil { headers.add(name: "Content-Range", value: "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(disk.size)") }
    // What cannot be opened is told before the first byte.
    let service = service
    _ = try await Self.bytes(disk, service)
    let source = Pieces(size: Int(disk.record.sizeBytes), footer: footer(disk), rest: part) { try await Self.bytes(disk, service) }
    return EdgeResponse(range == nil ? .ok : .partialContent, headers: headers, body: .stream(length: part.count, source))
  }

  private static func range(_ request: EdgeRequest) throws -> ByteRange? {
    guard let text = request.headers.first(name: "x-ms-range") ?? request.headers.first(name: "Range") else { return nil }
    guard let range = ByteRange(text) else {
      throw CloudError(
        400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.",
        members: [("HeaderName", "Range"), ("HeaderValue", text)])
    }
    return range
  }

  /// What was uploaded, or what a disk of this size has.
  private func footer(_ disk: OpenedDisk) -> [UInt8] {
    disk.access.footer ?? VirtualHardDisk.footer(bytes: disk.record.sizeBytes, id: disk.record.guid, created: disk.access.begun)
  }

  private final class Pieces: EdgeBodySource, @unchecked Sendable {
    private let size: Int
    private let footer: [UInt8]
    private var rest: Range<Int>
    private let opened: @Sendable () async throws -> DiskBytes

    init(size: Int, footer: [UInt8], rest: Range<Int>, opened: @escaping @Sendable () async throws -> DiskBytes) {
      self.size = size
      self.footer = footer
      self.rest = rest
      self.opened = opened
    }

    func next() async throws -> ByteBuffer? {
      guard !rest.isEmpty else { return nil }
      if rest.lowerBound >= size {
        defer { rest = rest.upperBound..<rest.upperBound }
        return ByteBuffer(bytes: footer[(rest.lowerBound - size)..<(rest.upperBound - size)])
      }
      let end = min(rest.lowerBound + DiskBytes.pieceBytes, rest.upperBound, size)
      // A slow reader's disk may have been closed meanwhile: it is opened again, if its grant still stands.
      let piece = try await opened().read(at: Int64(rest.lowerBound), count: end - rest.lowerBound)
      rest = end..<rest.upperBound
      return ByteBuffer(bytes: piece)
    }
  }

  private func pageRanges(_ request: EdgeRequest, _ disk: OpenedDisk) async throws -> EdgeResponse {
    let part = try Self.range(request).map { $0.resolve(size: disk.size) } ?? 0..<disk.size
    let size = Int(disk.record.sizeBytes)
    var found: [Range<Int>] = []
    if let part, part.lowerBound < size {
      let within = Int64(part.lowerBound)..<Int64(min(part.upperBound, size))
      found = try await Self.bytes(disk, service).written(in: within).map { Int($0.lowerBound)..<Int($0.upperBound) }
    }
    if let part, part.upperBound > size { found.append(max(size, part.lowerBound)..<part.upperBound) }
    var writer = XMLWriter()
    writer.element("PageList") { writer in
      for range in found {
        writer.element("PageRange") { writer in
          writer.element("Start", range.lowerBound)
          writer.element("End", range.upperBound - 1)
        }
      }
    }
    var headers = headers(disk)
    headers.replaceOrAdd(name: "Content-Type", value: "application/xml")
    headers.add(name: "x-ms-blob-content-length", value: String(disk.size))
    return EdgeResponse(.ok, headers: headers, body: .bytes(ByteBuffer(bytes: writer.bytes)))
  }

  // MARK: Writing

  private func write(_ request: EdgeRequest, _ disk: OpenedDisk) async throws -> EdgeResponse {
    let invalid = CloudError(416, "InvalidPageRange", "The page range specified is invalid.")
    guard let range = try Self.range(request), let last = range.last, last < disk.size, range.first % 512 == 0, (last + 1) % 512 == 0 else {
      throw invalid
    }
    let part = range.first..<last + 1
    let update = request.headers.first(name: "x-ms-page-write")?.lowercased()
    guard update == "update" || update == "clear" else {
      throw CloudError(
        400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.",
        members: [("HeaderName", "x-ms-page-write"), ("HeaderValue", update ?? "")])
    }
    let body = try await request.body.collect(upTo: Self.maximumWriteBytes)
    guard body.readableBytes == (update == "update" ? part.count : 0) else { throw invalid }
    let bytes = try await Self.bytes(disk, service)
    let size = Int(disk.record.sizeBytes)
    let inner = part.clamped(to: 0..<size)
    if !inner.isEmpty {
      if update == "update" {
        try await bytes.write(Array(body.readableBytesView.prefix(inner.count)), at: Int64(inner.lowerBound))
      } else {
        try await bytes.clear(at: Int64(inner.lowerBound), count: Int64(inner.count))
      }
      try await bytes.flush()
    }
    if part.upperBound > size {
      try await keepFooter(update == "update" ? Array(body.readableBytesView.suffix(VirtualHardDisk.footerBytes)) : nil, of: disk.access)
    }
    var headers = headers(disk)
    for name in ["Content-Type", "Accept-Ranges", "x-ms-blob-type", "x-ms-server-encrypted"] { headers.remove(name: name) }
    headers.add(name: "x-ms-request-server-encrypted", value: "true")
    return EdgeResponse(.created, headers: headers)
  }

  private func keepFooter(_ footer: [UInt8]?, of access: DiskAccess) async throws {
    try await service.records.write { transaction in
      guard var current = try transaction.fetch(DiskAccess.self, access.key), current.grant == access.grant else { return }
      current.footer = footer
      try transaction.save(current)
    }
  }
}
