internal import Access
internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on containers.
///
/// Source: Microsoft, "Operations on containers" and "Authorize with Microsoft Entra ID: Permissions for blob service operations", REST reference.
struct ContainerOperations: Sendable {
  private let records: any RecordStore
  private let contents: BlobContents
  private let limits: StorageLimits
  private let lists: ContainerLists

  init(_ services: StorageServices, limits: StorageLimits = StorageLimits()) {
    records = services.records
    contents = BlobContents(services)
    self.limits = limits
    lists = ContainerLists(records: services.records, limits: limits, address: services.address)
  }

  private static let containers = "Microsoft.Storage/storageAccounts/blobServices/containers"
  private static let read = Action("\(containers)/read", signed: SignedRequirement("c", anyOf: "r"))
  private static let create = Action("\(containers)/write", signed: SignedRequirement("c", anyOf: "cw"))
  private static let write = Action("\(containers)/write", signed: SignedRequirement("c", anyOf: "w"))
  private static let delete = Action("\(containers)/delete", signed: SignedRequirement("c", anyOf: "d"))
  private static let getACL = Action("\(containers)/getAcl/action")
  private static let setACL = Action("\(containers)/setAcl/action")
  private static let listContainers = Action("\(containers)/read", signed: SignedRequirement("s", anyOf: "l"))
  private static let listBlobs = Action(data: "\(containers)/blobs/read", signed: SignedRequirement("c", anyOf: "l"))

  var operations: [StorageOperation] {
    [
      Self.operation("Create Container", .PUT, nil, Self.create, createContainer),
      Self.operation("Get Container Properties", .GET, nil, Self.read, access: .container, getProperties),
      Self.operation("Get Container Properties", .HEAD, nil, Self.read, access: .container, getProperties),
      Self.operation("Get Container Metadata", .GET, "metadata", Self.read, access: .container, getMetadata),
      Self.operation("Get Container Metadata", .HEAD, "metadata", Self.read, access: .container, getMetadata),
      Self.operation("Set Container Metadata", .PUT, "metadata", Self.write, setMetadata),
      Self.operation("Get Container ACL", .GET, "acl", Self.getACL, getAccessPolicy),
      Self.operation("Get Container ACL", .HEAD, "acl", Self.getACL, getAccessPolicy),
      Self.operation("Set Container ACL", .PUT, "acl", Self.setACL, setAccessPolicy),
      Self.operation("Delete Container", .DELETE, nil, Self.delete, deleteContainer),
      Self.operation("Restore Container", .PUT, "undelete", Self.write, ContainerRestores(records: records).restore),
      Self.operation("List Blobs", .GET, "list", Self.listBlobs, access: .container, lists.listBlobs),
      StorageOperation(
        name: "List Containers", method: .GET, level: .account, comp: "list", resourceType: nil, action: { _ in Self.listContainers },
        run: lists.listContainers),
    ]
  }

  private static func operation(
    _ name: String, _ method: HTTPMethod, _ comp: String?, _ action: Action, access: PublicAccess = .none,
    _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
  ) -> StorageOperation {
    StorageOperation(
      name: name, method: method, level: .container, comp: comp, resourceType: "container", action: { _ in action }, publicAccess: access,
      run: { call in
        try ResourceNames.checkContainer(call.container)
        return try await run(call)
      })
  }

  /// Source: Microsoft, "Create Container", REST reference.
  @Sendable
  private func createContainer(_ call: StorageCall) async throws -> EdgeResponse {
    let access = try requestedAccess(call)
    var container = Container(
      tenant: call.account.tenant, partition: call.account.partition, name: call.container, id: contents.makeID(at: call.now),
      etag: ETag(at: call.now), lastModified: call.now, createdTime: call.now, metadata: try Metadata(call.request.headers), publicAccess: access,
      policies: [])
    container.immutability.isVersionLevel = call.account.hasImmutableVersions ?? false
    let scope = call.header("x-ms-default-encryption-scope")
    container.defaultScope = scope == EncryptionScope.account ? nil : scope
    container.deniesOtherScopes = try call.flag("x-ms-deny-encryption-scope-override") ?? false
    try await records.write { [container] transaction in
      try container.requireScope(of: call.account, replacing: nil, in: transaction)
      // The account may have been deleted since the request was authenticated.
      guard try transaction.fetch(StorageAccount.self, StorageAccount.key(call.account.name))?.partition == call.account.partition else {
        throw StorageError.resourceNotFound
      }
      guard try transaction.insert(container) else { throw StorageError.containerAlreadyExists }
    }
    return EdgeResponse(.created, headers: StorageCall.stateHeaders(etag: container.etag, lastModified: container.lastModified))
  }

  private func requestedAccess(_ call: StorageCall) throws(CloudError) -> PublicAccess {
    guard let text = call.header("x-ms-blob-public-access") else { return .none }
    guard let access = PublicAccess(rawValue: text.lowercased()), access != .none else {
      throw StorageError.invalidHeaderValue("x-ms-blob-public-access", text)
    }
    guard call.account.allowsPublicAccess else { throw StorageError.publicAccessNotPermitted }
    return access
  }

  /// Source: Microsoft, "Get Container Properties", REST reference.
  @Sendable
  private func getProperties(_ call: StorageCall) async throws -> EdgeResponse {
    let container = try await container(call)
    var headers = StorageCall.stateHeaders(etag: container.etag, lastModified: container.lastModified)
    container.lease.addState(at: call.steady, to: &headers)
    headers.add(name: "x-ms-has-immutability-policy", value: container.immutability.policy == nil ? "false" : "true")
    headers.add(name: "x-ms-has-legal-hold", value: container.immutability.holds.isEmpty ? "false" : "true")
    headers.add(name: "x-ms-immutable-storage-with-versioning-enabled", value: container.immutability.isVersionLevel ? "true" : "false")
    headers.add(name: "x-ms-default-encryption-scope", value: container.defaultScope ?? EncryptionScope.account)
    headers.add(name: "x-ms-deny-encryption-scope-override", value: container.deniesOtherScopes ? "true" : "false")
    if container.publicAccess != .none { headers.add(name: "x-ms-blob-public-access", value: container.publicAccess.rawValue) }
    container.metadata.add(to: &headers)
    return EdgeResponse(.ok, headers: headers)
  }

  /// Source: Microsoft, "Get Container Metadata", REST reference.
  @Sendable
  private func getMetadata(_ call: StorageCall) async throws -> EdgeResponse {
    let container = try await container(call)
    var headers = StorageCall.stateHeaders(etag: container.etag, lastModified: container.lastModified)
    container.metadata.add(to: &headers)
    return EdgeResponse(.ok, headers: headers)
  }

  /// Source: Microsoft, "Get Container ACL", REST reference.
  @Sendable
  private func getAccessPolicy(_ call: StorageCall) async throws -> EdgeResponse {
    let container = try await container(call)
    var headers = StorageCall.stateHeaders(etag: container.etag, lastModified: container.lastModified)
    headers.add(name: "Content-Type", value: "application/xml")
    if container.publicAccess != .none { headers.add(name: "x-ms-blob-public-access", value: container.publicAccess.rawValue) }
    let document = StoredAccessPolicy.document(container.policies, omittingEmpty: true)
    return EdgeResponse(
      .ok, headers: headers, body: call.request.method == .HEAD ? .head(length: document.count) : .bytes(ByteBuffer(bytes: document)))
  }

  private func container(_ call: StorageCall) async throws -> Container {
    let conditions = try call.conditions()
    return try await records.read { reader in
      let container = try Container.require(call, in: reader)
      try call.requireLease(on: container)
      try call.require(conditions, etag: container.etag, lastModified: container.lastModified)
      return container
    }
  }

  /// Source: Microsoft, "Set Container Metadata", REST reference.
  @Sendable
  private func setMetadata(_ call: StorageCall) async throws -> EdgeResponse {
    let metadata = try Metadata(call.request.headers)
    return try await change(call) { $0.metadata = metadata }
  }

  /// Source: Microsoft, "Set Container ACL", REST reference.
  @Sendable
  private func setAccessPolicy(_ call: StorageCall) async throws -> EdgeResponse {
    let access = try requestedAccess(call)
    let digest = try ContentDigest(call, wanted: .nothing)
    let body = try await call.smallBody(upTo: limits.accessPolicyBytes)
    var received = digest
    received.update(body)
    _ = try received.finish()
    let policies = try StoredAccessPolicy.parse(body, maximumCount: limits.accessPolicies)
    return try await change(call) { container in
      container.publicAccess = access
      container.policies = policies
    }
  }

  private func change(_ call: StorageCall, _ apply: @escaping @Sendable (inout Container) -> Void) async throws -> EdgeResponse {
    let conditions = try call.conditions()
    let container = try await records.write { transaction in
      var container = try Container.require(call, in: transaction)
      try call.requireLease(on: container)
      try call.requireWrite(conditions, etag: container.etag, lastModified: container.lastModified)
      apply(&container)
      container.etag = ETag(at: call.now, after: container.etag)
      container.lastModified = max(call.now, container.lastModified)
      container.lease = container.lease.afterChange(at: call.steady)
      try transaction.save(container)
      return container
    }
    return EdgeResponse(.ok, headers: StorageCall.stateHeaders(etag: container.etag, lastModified: container.lastModified))
  }

  /// The container is gone with the commit; what was in it is purged afterwards, or once it can no longer be restored.
  ///
  /// Source: Microsoft, "Delete Container", REST reference.
  @Sendable
  private func deleteContainer(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try call.conditions()
    try await records.write { [contents] transaction in
      let container = try Container.require(call, in: transaction)
      try call.requireLease(on: container, needsLease: true)
      try call.requireWrite(conditions, etag: container.etag, lastModified: container.lastModified)
      try container.requireRemovable()
      try container.remove(call.properties.containerDeleteRetention, at: call.now, random: contents.random, in: transaction)
    }
    return EdgeResponse(.accepted)
  }
}
