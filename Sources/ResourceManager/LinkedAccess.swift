internal import Base
internal import Wire

/// Who writes a resource that uses others (a machine its interfaces, a disk its source) must be permitted to use them.
///
/// Source: Microsoft, "Azure permissions for Networking" and the error `LinkedAuthorizationFailed`.
enum LinkedAccess {
  /// Throws where a body names a resource that the caller knows of and may not use. One that it may not know of is for the type to refuse, as one
  /// that is not there.
  static func require(_ type: any ResourceType, _ id: ResourceID, _ call: ArmCall, _ catalog: ResourceCatalog) async throws {
    var refused: [(permission: String, target: ResourceID)] = []
    for target in targets(in: call.body, of: id) {
      guard let name = target.type?.lowercased(), let permission = type.linkPermissions[name] ?? catalog.type(name)?.descriptor.linkPermission,
        try await !call.mayAlso(permission, target.description), try await call.mayKnow(permission, target.description)
      else { continue }
      refused.append((permission, target))
    }
    guard !refused.isEmpty else { return }
    throw CloudError.linkedAuthorizationFailed(
      client: call.context.caller, objectID: call.context.principal.objectID, action: call.context.permission, scope: id,
      linked: refused)
  }

  /// What the caller holds of what a type may ask for besides its `write`.
  static func further(_ type: any ResourceType, _ id: ResourceID, _ call: ArmCall) async throws -> Set<String> {
    var held: Set<String> = []
    for permission in type.furtherPermissions where try await call.mayAlso(permission, id.description) { held.insert(permission) }
    return held
  }

  /// Throws where a change asks for more than the caller holds.
  static func requireFurther(
    _ type: any ResourceType, _ id: ResourceID, _ body: JSON, existing: Resource?, held: Set<String>, _ context: ArmContext
  ) throws {
    guard let permission = type.furtherPermission(body, existing: existing), !held.contains(permission) else { return }
    throw CloudError.authorizationFailed(
      client: context.caller, objectID: context.principal.objectID, action: permission, scope: id.description)
  }

  private static let members: Set<String> = ["id", "sourceresourceid", "diskencryptionsetid"]
  /// A member whose own members' names are ids.
  private static let named = "userassignedidentities"

  /// The resources that a body names, but for the one that it is of and what lies below that.
  private static func targets(in body: JSON, of id: ResourceID) -> [ResourceID] {
    var found: [String: ResourceID] = [:]
    func look(_ value: JSON) {
      for (name, member) in value.object?.members ?? [] {
        let ids =
          if members.contains(name.lowercased()) {
            [member.string].compactMap { $0 }
          } else {
            name.lowercased() == named ? member.object?.members.map(\.name) ?? [] : []
          }
        for target in ids.compactMap({ ResourceID($0) })
        where target.type != nil && target != id && !target.canonical.hasPrefix(id.canonical + "/") {
          found[target.canonical] = target
        }
        look(member)
      }
      for item in value.array ?? [] { look(item) }
    }
    look(body)
    return found.sorted { $0.key < $1.key }.map(\.value)
  }
}
