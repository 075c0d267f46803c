internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// A child resource that lives inside its parent's properties, as Azure shows it there: subnets, peerings, security rules.
///
/// The parent's type checks the whole; a change of one child is a change of the parent with that child exchanged.
protocol EmbeddedType: ProjectedResourceType {
  /// The array of the parent's properties that holds these children.
  var member: String { get }
  var parentType: any EmbeddingType { get }
  /// A child's properties as they are shown, given as they are kept.
  func shown(_ properties: JSON, id: ResourceID, parent: Resource, in reader: any RecordReader) throws -> JSON
  /// Refuses the removal of a child.
  func checkRemoval(_ id: ResourceID, parent: Resource, in reader: any RecordReader) throws
}

protocol EmbeddingType: ResourceType {
  /// Checks and completes the properties that a parent is to have, before they are kept.
  func checked(
    _ properties: JSON.Object, id: ResourceID, location: String, existing: Resource?, _ context: OperationContext, in transaction: RecordTransaction
  ) throws -> JSON.Object
}

extension EmbeddedType {
  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard let parentID = id.parent, let parent = try reader.fetch(Resource.self, Resource.key(tenant: tenant, parentID)) else { return nil }
    return children(of: parent).first { $0.id == id }
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard let found = try reader.fetch(Resource.self, Resource.key(tenant: tenant, parent)) else { return [] }
    let all = children(of: found).sorted { $0.id.name.lowercased() < $1.id.name.lowercased() }
    return Array(all.drop { child in after.map { child.id.name.lowercased() <= $0.lowercased() } ?? false }.prefix(limit))
  }

  private func children(of parent: Resource) -> [Resource] {
    (parent.properties[member]?.array ?? []).compactMap { child in
      guard let name = child["name"]?.string else { return nil }
      return self.child(named: name, child["properties"] ?? [:], of: parent)
    }
  }

  private func child(named name: String, _ properties: JSON, of parent: Resource) -> Resource {
    var id = parent.id
    let type = descriptor.type.split(separator: "/").last.map(String.init) ?? ""
    id.provided[id.provided.count - 1].segments.append((type: type, name: name))
    return Resource(
      tenant: parent.tenant, id: id, location: nil, properties: properties, provisioningState: parent.provisioningState, etag: parent.etag,
      createdTime: parent.createdTime, changedTime: parent.changedTime)
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let (parent, context) = (try parent(of: change.id, change.context, in: transaction), change.context)
    guard let given = change.body.member("properties")?.object else { throw CloudError.missing("properties", of: change.id) }
    var children = parent.properties[member]?.array ?? []
    let index = children.firstIndex { $0["name"]?.string?.lowercased() == change.id.name.lowercased() }
    let name = index.flatMap { children[$0]["name"]?.string } ?? change.id.name
    let child: JSON = ["name": .string(name), "properties": .object(given)]
    if let index { children[index] = child } else { children.append(child) }
    let kept = try store(children, in: parent, context, transaction)
    guard let result = self.children(of: kept).first(where: { $0.id == change.id }) else {
      throw CloudError.internalError(ChildMissing(id: change.id))
    }
    return result
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    let parent = try parent(of: resource.id, context, in: transaction)
    try checkRemoval(resource.id, parent: parent, in: transaction)
    let children = (parent.properties[member]?.array ?? []).filter { $0["name"]?.string?.lowercased() != resource.id.name.lowercased() }
    _ = try store(children, in: parent, context, transaction)
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let parentID = resource.id.parent, let parent = try reader.fetch(Resource.self, Resource.key(tenant: resource.tenant, parentID)) else {
      return resource.properties
    }
    return try shown(resource.properties, id: resource.id, parent: parent, in: reader)
  }

  private func parent(of id: ResourceID, _ context: OperationContext, in reader: any RecordReader) throws -> Resource {
    guard let parentID = id.parent, let parent = try reader.fetch(Resource.self, Resource.key(tenant: context.tenant, parentID)) else {
      throw CloudError.internalError(ChildMissing(id: id))
    }
    return parent
  }

  private func store(
    _ children: [JSON], in parent: Resource, _ context: OperationContext, _ transaction: RecordTransaction
  ) throws -> Resource {
    var changed = parent
    var properties = parent.properties.object ?? JSON.Object()
    properties[member] = .array(children)
    changed.properties = .object(
      try parentType.checked(
        properties, id: parent.id, location: parent.location ?? "", existing: parent, context, in: transaction))
    changed.changedTime = context.now
    try transaction.save(changed)
    return changed
  }

  /// The children as the parent shows them: whole resources.
  func shownChildren(of parent: Resource, in reader: any RecordReader) throws -> [JSON] {
    try children(of: parent).map { child in
      .object([
        "name": .string(child.id.name), "id": .string(child.id.description), "etag": .string("W/\"\(parent.etag)\""),
        "type": .string(descriptor.type), "properties": try shown(child.properties, id: child.id, parent: parent, in: reader),
      ])
    }
  }
}

/// A child was kept a moment ago and is not there: a defect.
private struct ChildMissing: Error {
  var id: ResourceID
}
