internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// The actions of Resource Manager that protect all blobs of a container.
///
/// Source: Microsoft, "Blob Containers - Set Legal Hold", "Clear Legal Hold", "Object Level Worm", REST reference of the storage resource provider.
struct ContainerLegalHolds: Sendable {
  static let tagLength = 3...23

  var actions: [ResourceAction] {
    let containers = "Microsoft.Storage/storageAccounts/blobServices/containers"
    return [
      ResourceAction(name: "setLegalHold", permission: "\(containers)/setLegalHold/action", isWrite: true) { resource, body, context, transaction in
        try change(resource, in: transaction) { try set(body, in: &$0, context) }
      },
      ResourceAction(name: "clearLegalHold", permission: "\(containers)/clearLegalHold/action", isWrite: true) { resource, body, _, transaction in
        try change(resource, in: transaction) { immutability in
          let tags = try tags(body)
          immutability.holds.removeAll { tags.contains($0.tag) }
        }
      },
      ResourceAction(name: "migrate", permission: "\(containers)/migrate/action", isWrite: true) { resource, _, _, transaction in
        _ = try change(resource, in: transaction) { $0.isVersionLevel = true }
        return [:]
      },
    ]
  }

  private func change(
    _ resource: Resource, in transaction: RecordTransaction, _ apply: (inout ContainerImmutability) throws -> Void
  ) throws -> JSON {
    guard let account = try BlobServiceType.account(above: resource.id, tenant: resource.tenant, in: transaction),
      var container = try transaction.fetch(Container.self, Container.key(account, name: resource.id.name))
    else { throw StorageError.containerNotFound }
    try apply(&container.immutability)
    try transaction.save(container)
    let immutability = container.immutability
    return [
      "hasLegalHold": .boolean(!immutability.holds.isEmpty), "tags": .array(immutability.holds.map { .string($0.tag) }),
      "allowProtectedAppendWritesAll": .boolean(immutability.holdAllowsAppend),
    ]
  }

  private func set(_ body: JSON, in immutability: inout ContainerImmutability, _ context: OperationContext) throws {
    for tag in try tags(body) where !immutability.holds.contains(where: { $0.tag == tag }) {
      immutability.holds.append(.init(tag: tag, set: context.now, setter: context.principal.objectID))
    }
    guard immutability.holds.count <= ContainerImmutability.maximumHolds else { throw StorageAccountSettings.invalid("tags") }
    if let allows = body.object?.member(ignoringCase: "allowProtectedAppendWritesAll")?.boolean { immutability.holdAllowsAppend = allows }
  }

  /// Lower-case, as they are kept.
  private func tags(_ body: JSON) throws -> [String] {
    guard let list = body.object?.member(ignoringCase: "tags")?.array, (1...ContainerImmutability.maximumHolds).contains(list.count) else {
      throw StorageAccountSettings.invalid("tags")
    }
    return try list.map { value in
      guard let tag = value.string?.lowercased(), Self.tagLength.contains(tag.utf8.count), tag.utf8.allSatisfy(Self.isLetterOrDigit) else {
        throw StorageAccountSettings.invalid("tags")
      }
      return tag
    }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
