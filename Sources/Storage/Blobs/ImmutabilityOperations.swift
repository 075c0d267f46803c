internal import Access
internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations that protect one blob, snapshot or version in a container that was made for it.
struct ImmutabilityOperations: Sendable {
  private let records: any RecordStore

  init(_ services: StorageServices) {
    records = services.records
  }

  private static let permission = Action(
    data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/immutableStorage/runAsSuperUser/action",
    signed: SignedRequirement("o", anyOf: "i"))

  /// What protects is in a write's headers as well.
  static func additionalActions(_ request: EdgeRequest, _ operation: StorageOperation) -> [Action] {
    guard operation.service == .blob, operation.level == .blob, request.method == .PUT else { return [] }
    let names = ["x-ms-immutability-policy-until-date", "x-ms-immutability-policy-mode", "x-ms-legal-hold"]
    return names.contains { request.headers.contains(name: $0) } ? [permission] : []
  }

  var operations: [StorageOperation] {
    [
      Self.operation("Set Blob Immutability Policy", .PUT, "immutabilitypolicies", setPolicy),
      Self.operation("Delete Blob Immutability Policy", .DELETE, "immutabilitypolicies", deletePolicy),
      Self.operation("Set Blob Legal Hold", .PUT, "legalhold", setLegalHold),
    ]
  }

  private static func operation(
    _ name: String, _ method: HTTPMethod, _ comp: String, _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
  ) -> StorageOperation {
    StorageOperation(name: name, method: method, level: .blob, comp: comp, resourceType: nil, action: { _ in permission }) { call in
      try ResourceNames.checkContainer(call.container)
      try ResourceNames.checkBlob(call.blob, container: call.container)
      return try await run(call)
    }
  }

  /// Source: Microsoft, "Set Blob Immutability Policy", REST reference.
  private func setPolicy(_ call: StorageCall) async throws -> EdgeResponse {
    guard let policy = try ImmutabilityPolicy(call) else {
      throw StorageError.missingRequiredHeader("x-ms-immutability-policy-until-date")
    }
    _ = try await change(call) { blob throws(CloudError) in
      if let present = blob.immutability, present.isLocked, !policy.isLocked || policy.expires < present.expires {
        throw StorageError.blobImmutableDueToPolicy
      }
      blob.immutability = policy
    }
    var headers = HTTPHeaders()
    headers.add(name: "x-ms-immutability-policy-until-date", value: policy.expires.httpDate)
    headers.add(name: "x-ms-immutability-policy-mode", value: policy.mode)
    return EdgeResponse(.ok, headers: headers)
  }

  /// Source: Microsoft, "Delete Blob Immutability Policy", REST reference.
  private func deletePolicy(_ call: StorageCall) async throws -> EdgeResponse {
    _ = try await change(call) { blob throws(CloudError) in
      if blob.immutability?.isLocked ?? false { throw StorageError.blobImmutableDueToPolicy }
      blob.immutability = nil
    }
    return EdgeResponse(.ok)
  }

  /// Source: Microsoft, "Set Blob Legal Hold", REST reference.
  private func setLegalHold(_ call: StorageCall) async throws -> EdgeResponse {
    guard let isHeld = try call.legalHold() else { throw StorageError.missingRequiredHeader("x-ms-legal-hold") }
    _ = try await change(call) { blob throws(CloudError) in blob.hasLegalHold = isHeld }
    return EdgeResponse(.ok, headers: ["x-ms-legal-hold": isHeld ? "true" : "false"])
  }

  /// Protection changes neither the tag nor the time of a blob, and makes no version.
  private func change(_ call: StorageCall, _ apply: @escaping @Sendable (inout Blob) throws(CloudError) -> Void) async throws -> Blob {
    let conditions = try BlobConditions(call)
    return try await records.write { transaction in
      guard try Container.require(call, in: transaction).immutability.isVersionLevel else { throw StorageError.immutabilityNotEnabled }
      var blob = try Blob.require(call, in: transaction)
      try conditions.requireState(blob, call)
      try apply(&blob)
      try blob.save(in: transaction)
      return blob
    }
  }
}
