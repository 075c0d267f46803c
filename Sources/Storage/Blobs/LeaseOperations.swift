internal import Access
internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// Lease Blob and Lease Container.
struct LeaseOperations: Sendable {
  private let records: any RecordStore
  private let random: any RandomSource

  init(_ services: StorageServices) {
    records = services.records
    random = services.random
  }

  private static let containers = "Microsoft.Storage/storageAccounts/blobServices/containers"

  var operations: [StorageOperation] {
    [
      StorageOperation(
        name: "Lease Blob", method: .PUT, level: .blob, comp: "lease", resourceType: nil,
        action: { Action(data: "\(Self.containers)/blobs/write", signed: SignedRequirement("o", anyOf: Self.letters($0, "w"))) },
        run: { call in
          try ResourceNames.checkContainer(call.container)
          try ResourceNames.checkBlob(call.blob, container: call.container)
          return try await leaseBlob(call)
        }),
      StorageOperation(
        name: "Lease Container", method: .PUT, level: .container, comp: "lease", resourceType: "container",
        action: { Action("\(Self.containers)/write", signed: SignedRequirement("c", anyOf: Self.letters($0, "w"))) },
        run: { call in
          try ResourceNames.checkContainer(call.container)
          return try await leaseContainer(call)
        }),
    ]
  }

  /// Who may delete may break a lease too.
  private static func letters(_ request: EdgeRequest, _ letters: String) -> String {
    request.headers.first(name: "x-ms-lease-action")?.lowercased() == "break" ? letters + "d" : letters
  }

  /// It changes neither the tag nor the time of the blob.
  ///
  /// Source: Microsoft, "Lease Blob", REST reference.
  private func leaseBlob(_ call: StorageCall) async throws -> EdgeResponse {
    let action = try LeaseAction(call)
    let conditions = try BlobConditions(call)
    let newID = random.guid()
    let blob = try await records.write { transaction in
      var blob = try Blob.requireCurrent(call, in: transaction)
      try conditions.requireState(blob, call)
      blob.lease = try action.applied(to: blob.lease, at: call.steady, newID: newID, .blob)
      try transaction.save(blob)
      return blob
    }
    return Self.response(action, blob.lease, StorageCall.stateHeaders(etag: blob.etag, lastModified: blob.lastModified), call)
  }

  /// Source: Microsoft, "Lease Container", REST reference.
  private func leaseContainer(_ call: StorageCall) async throws -> EdgeResponse {
    let action = try LeaseAction(call)
    let conditions = try call.conditions()
    let newID = random.guid()
    let container = try await records.write { transaction in
      var container = try Container.require(call, in: transaction)
      try call.requireWrite(conditions, etag: container.etag, lastModified: container.lastModified)
      container.lease = try action.applied(to: container.lease, at: call.steady, newID: newID, .container)
      try transaction.save(container)
      return container
    }
    return Self.response(action, container.lease, StorageCall.stateHeaders(etag: container.etag, lastModified: container.lastModified), call)
  }

  private static func response(_ action: LeaseAction, _ lease: Lease?, _ headers: HTTPHeaders, _ call: StorageCall) -> EdgeResponse {
    var headers = headers
    let status: HTTPResponseStatus
    switch action {
    case .acquire: status = .created
    case .renew, .change, .release: status = .ok
    case .breakLease:
      status = .accepted
      headers.add(name: "x-ms-lease-time", value: String(lease?.secondsUntilBroken(at: call.steady) ?? 0))
      return EdgeResponse(status, headers: headers)
    }
    if let lease { headers.add(name: "x-ms-lease-id", value: lease.id.description) }
    return EdgeResponse(status, headers: headers)
  }
}

extension LeaseAction {
  /// What the headers of Lease Blob and Lease Container ask for. Throws 400 for headers that are missing or say what cannot be.
  init(_ call: StorageCall) throws(CloudError) {
    guard let text = call.header("x-ms-lease-action") else { throw StorageError.missingRequiredHeader("x-ms-lease-action") }
    func id(_ name: String) throws(CloudError) -> GUID? {
      guard let text = call.header(name) else { return nil }
      guard let id = GUID(anyForm: text) else { throw StorageError.invalidHeaderValue(name, text) }
      return id
    }
    func required(_ name: String) throws(CloudError) -> GUID {
      guard let id = try id(name) else { throw StorageError.missingRequiredHeader(name) }
      return id
    }
    switch text.lowercased() {
    case "acquire":
      guard let duration = call.header("x-ms-lease-duration") else { throw StorageError.missingRequiredHeader("x-ms-lease-duration") }
      guard let seconds = Int(duration), seconds == -1 || Lease.durationSeconds.contains(seconds) else {
        throw StorageError.invalidHeaderValue("x-ms-lease-duration", duration)
      }
      self = .acquire(proposed: try id("x-ms-proposed-lease-id"), durationSeconds: seconds == -1 ? nil : seconds)
    case "renew": self = .renew(try required("x-ms-lease-id"))
    case "change": self = .change(try required("x-ms-lease-id"), to: try required("x-ms-proposed-lease-id"))
    case "release": self = .release(try required("x-ms-lease-id"))
    case "break":
      let period = call.header("x-ms-lease-break-period")
      let seconds = period.flatMap { Int($0) }
      if let period, !(seconds.map { Self.breakPeriodSeconds.contains($0) } ?? false) {
        throw StorageError.invalidHeaderValue("x-ms-lease-break-period", period)
      }
      self = .breakLease(periodSeconds: seconds)
    default: throw StorageError.invalidHeaderValue("x-ms-lease-action", text)
    }
  }
}
