internal import Base
internal import Wire

extension RenderedResource {
  /// The whole resource. `provisioningState` is added where the type's own form has none.
  func json(_ descriptor: ResourceTypeDescriptor) -> JSON {
    var shown = properties.object ?? JSON.Object()
    if shown["provisioningState"] == nil { shown["provisioningState"] = .string(resource.provisioningState.rawValue) }
    return .object([
      "id": .string(resource.id.description),
      "name": .string(resource.id.name),
      "type": .string(descriptor.type),
      "etag": descriptor.showsETag ? .string("W/\"\(resource.etag)\"") : nil,
      "location": JSON.string(resource.location),
      "tags": descriptor.supportsTags ? Tags.json(resource.tags) : nil,
      "sku": resource.sku,
      "kind": JSON.string(resource.kindName),
      "identity": resource.identity,
      "zones": resource.zones.map { .array($0.map { .string($0) }) },
      "properties": .object(shown),
    ])
  }
}

extension Resource {
  /// The form of lists over all types: without properties, with what `$expand` names.
  ///
  /// Source: Microsoft, "Resources - List", GenericResourceExpanded.
  func genericJSON(expanding names: Set<String>) -> JSON {
    .object([
      "id": .string(id.description),
      "name": .string(id.name),
      "type": .string(id.type ?? ""),
      "kind": JSON.string(kindName),
      "location": JSON.string(location),
      "sku": sku,
      "identity": identity,
      "zones": zones.map { .array($0.map { .string($0) }) },
      "tags": tags.isEmpty ? nil : Tags.json(tags),
      "createdTime": names.contains("createdtime") ? .string(createdTime.iso8601Fractional) : nil,
      "changedTime": names.contains("changedtime") ? .string(changedTime.iso8601Fractional) : nil,
      "provisioningState": names.contains("provisioningstate") ? .string(provisioningState.rawValue) : nil,
    ])
  }
}
