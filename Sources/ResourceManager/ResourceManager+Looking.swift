package import Base
internal import Records
package import Wire

/// What is shown to somebody who is none of the tenant's, and has the tenant's leave to look: what a reader of the tenant's would be shown, and no more.
extension ResourceManager {
  /// A resource or a group. Throws what its reader would be answered.
  package func look(at id: ResourceID, tenant: GUID) async throws -> JSON {
    let context = looking(at: id, tenant)
    if id.provided.isEmpty, let group = id.resourceGroup {
      return try await records.read { try Self.requireGroup(group, context, in: $0).json }
    }
    // What a tenant's own key withholds from the tenant, it withholds from everybody.
    try await openRecords(of: tenant, caller: nil, request: context.requestID)
    let id = catalog.spelled(id)
    guard let type = catalog.type(id.type ?? "") else { throw CloudError.resourceNotFound(id) }
    return try await resource(id, context).json(type.descriptor)
  }

  /// The resources of a group, from behind `after`, in the form of lists.
  package func look(in group: ResourceID, tenant: GUID, after: String?, limit: Int) async throws -> (resources: [JSON], next: String?) {
    let context = looking(at: group, tenant)
    try await openRecords(of: tenant, caller: nil, request: context.requestID)
    let (found, next) = try await resources(in: group, context, filter: nil, after: after, limit: limit)
    return (found.map { $0.genericJSON(expanding: []) }, next)
  }

  private func looking(at id: ResourceID, _ tenant: GUID) -> ArmContext {
    let request = random.guid()
    return ArmContext(
      principal: Principal(kind: .anonymous, tenant: tenant), subscription: id.subscription, permission: "", resourceID: id.description,
      apiVersion: "", requestID: request, correlationID: request, clientAddress: "", method: "GET", now: clock.now(), url: "", query: Query())
  }
}
