internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// A sub-object `{"id": …}` that names another resource.
enum ResourceReference {
  /// The id that a member names, which must be a resource of a type in the caller's subscription, and be there. Nil where the member is missing.
  ///
  /// Throws `InvalidResourceReference`: what belongs to somebody else is not there.
  static func resolve(
    _ json: JSON?, type: String, for id: ResourceID, _ context: OperationContext, in reader: any RecordReader
  ) throws -> Resource? {
    guard let json else { return nil }
    guard let text = json.member("id")?.string else { throw CloudError.invalidFormat("A reference must be an object with an 'id'.") }
    guard let target = ResourceID(text), target.type?.lowercased() == type.lowercased() else {
      throw CloudError(
        400, "InvalidResourceReference",
        "Value for reference id '\(text)' is of the wrong type or is malformed: a '\(type)' is expected for resource \(id).")
    }
    guard target.subscription == context.subscription,
      let resource = try reader.fetch(Resource.self, Resource.key(tenant: context.tenant, target)), resource.provisioningState != .deleting
    else { throw CloudError.invalidReference(text, of: id) }
    return resource
  }

  static func json(_ id: ResourceID) -> JSON { ["id": .string(id.description)] }
}
