internal import Access
internal import Base
internal import Records
package import Wire

extension ResourceManager {
  /// A namespace with its types as a subscription (nil: nobody in particular) sees it.
  ///
  /// Source: Microsoft, "Providers - Get", REST reference.
  package func providerJSON(_ namespace: String, _ context: ArmContext) async throws -> JSON {
    guard let provider = catalog.provider(namespace) else { throw CloudError.invalidNamespace(namespace) }
    guard let subscription = context.subscription else { return json(provider, subscription: nil, state: nil) }
    let state = try await records.read { reader in
      _ = try Self.requireSubscription(subscription, context.tenant, in: reader)
      return try ProviderRegistration.state(of: namespace, tenant: context.tenant, subscription: subscription, in: reader)
    }
    return json(provider, subscription: subscription, state: state)
  }

  package func providersJSON(_ context: ArmContext) async throws -> [JSON] {
    guard let subscription = context.subscription else { return catalog.providers.map { json($0, subscription: nil, state: nil) } }
    let changed = try await records.read { reader in
      _ = try Self.requireSubscription(subscription, context.tenant, in: reader)
      return try reader.list(
        ProviderRegistration.self, under: RecordKey(tenant: context.tenant, subscription.description),
        limit: ResourceManagerLimits.maximumPageItems)
    }
    let states = Dictionary(changed.map { ($0.namespace.lowercased(), $0.state) }) { $1 }
    return catalog.providers.map { json($0, subscription: subscription, state: states[$0.namespace.lowercased()] ?? .registered) }
  }

  /// Registers or unregisters a namespace. One that still has resources stays registered.
  package func register(_ namespace: String, _ wanted: Bool, _ context: ArmContext) async throws -> JSON {
    guard let provider = catalog.provider(namespace) else { throw CloudError.invalidNamespace(namespace) }
    let state: ProviderRegistration.State = wanted ? .registered : .unregistered
    return try await change(context) { transaction in
      let subscription = try Self.requireWritableSubscription(context, in: transaction).id
      if !wanted {
        for type in provider.types {
          let found = try transaction.list(
            Resource.self, index: Resource.typeIndex, [subscription.description, type.descriptor.type.lowercased()], tenant: context.tenant,
            limit: 1)
          guard found.isEmpty else {
            throw CloudError(
              409, "CannotUnregisterResourceProvider",
              "The resource provider '\(provider.namespace)' cannot be unregistered because the subscription still has resources of type "
                + "'\(type.descriptor.type)'.")
          }
        }
      }
      try transaction.save(
        ProviderRegistration(tenant: context.tenant, subscription: subscription, namespace: provider.namespace, state: state))
      return (self.json(provider, subscription: subscription, state: state), 200)
    }
  }

  private func json(_ provider: any ResourceProvider, subscription: GUID?, state: ProviderRegistration.State?) -> JSON {
    let path = (subscription.map { "/subscriptions/\($0)" } ?? "") + "/providers/\(provider.namespace)"
    return .object([
      "id": .string(path),
      "namespace": .string(provider.namespace),
      "registrationPolicy": "RegistrationRequired",
      "registrationState": JSON.string(state?.rawValue),
      "resourceTypes": .array(provider.types.map { json($0.descriptor) } + actionTypes(provider)),
    ])
  }

  private func json(_ type: ResourceTypeDescriptor) -> JSON {
    let names: [JSON] = type.isTracked ? locations.map { .string($0.displayName) } : []
    var capabilities: [String] = []
    if type.supportsTags { capabilities.append("SupportsTags") }
    if type.isTracked { capabilities.append("SupportsLocation") }
    return .object([
      "resourceType": .string(type.nameBelowNamespace),
      "locations": .array(names),
      "apiVersions": .array(type.apiVersions.map { .string($0) }),
      "defaultApiVersion": JSON.string(type.apiVersions.first { !$0.hasSuffix("-preview") }),
      "zoneMappings": type.supportsZones
        ? .array(locations.map { ["location": .string($0.displayName), "zones": .array($0.zones.map { .string($0) })] }) : nil,
      "capabilities": .string(capabilities.isEmpty ? "None" : capabilities.joined(separator: ", ")),
    ])
  }

  /// What a provider serves besides its types is listed as types too, as Azure does: `checkNameAvailability`, `locations/usages`, `operations`.
  private func actionTypes(_ provider: any ResourceProvider) -> [JSON] {
    let versions = provider.types.first?.descriptor.apiVersions ?? []
    let actions = provider.actions.map { action in
      ListedType(
        action.path.split(separator: "/").filter { !$0.hasPrefix("{") }.joined(separator: "/"),
        action.apiVersions.isEmpty ? versions : action.apiVersions)
    }
    let own = ListedType("operations", versions.isEmpty ? provider.actions.first?.apiVersions ?? [] : versions)
    var listed: Set<String> = []
    return (provider.listedTypes + actions + [own])
      .filter { listed.insert($0.name.lowercased()).inserted }
      .map { actionType($0.name, $0.apiVersions) }
  }

  private func actionType(_ name: String, _ versions: [String]) -> JSON {
    ["resourceType": .string(name), "locations": [], "apiVersions": .array(versions.map { .string($0) }), "capabilities": "None"]
  }

  // MARK: Operations that providers declare

  /// Source: Microsoft, "Operations - List", REST reference.
  package func operationsJSON(_ namespace: String) throws -> [JSON] {
    guard let provider = catalog.provider(namespace) else { throw CloudError.invalidNamespace(namespace) }
    return provider.operations.map { operation in
      [
        "name": .string(operation.name),
        "isDataAction": .boolean(operation.isDataAction),
        "display": [
          "provider": .string(provider.namespace),
          "resource": .string(operation.resource),
          "operation": .string(operation.operation),
          "description": .string(operation.description),
        ],
      ]
    }
  }

  /// Source: Microsoft, "Provider Operations Metadata - Get", REST reference.
  package func providerOperationsJSON(_ namespace: String) throws -> JSON {
    guard let provider = catalog.provider(namespace) else { throw CloudError.invalidNamespace(namespace) }
    return providerOperationsJSON(provider)
  }

  package func allProviderOperationsJSON() -> [JSON] {
    catalog.providers.map { providerOperationsJSON($0) }
  }

  private func providerOperationsJSON(_ provider: any ResourceProvider) -> JSON {
    var order: [String] = []
    var grouped: [String: [ProviderOperation]] = [:]
    for operation in provider.operations {
      let type = Self.typeName(ofOperation: operation.name)
      if grouped[type] == nil { order.append(type) }
      grouped[type, default: []].append(operation)
    }
    let own = grouped[""] ?? []
    return [
      "id": .string("/providers/Microsoft.Authorization/providerOperations/\(provider.namespace)"),
      "name": .string(provider.namespace),
      "type": "Microsoft.Authorization/providerOperations",
      "displayName": .string(provider.namespace),
      "resourceTypes": .array(
        order.filter { !$0.isEmpty }.map { type in
          let operations = grouped[type] ?? []
          return [
            "name": .string(type), "displayName": .string(operations.first?.resource ?? type),
            "operations": .array(operations.map(Self.metadata)),
          ]
        }),
      "operations": .array(own.map(Self.metadata)),
    ]
  }

  private static func metadata(_ operation: ProviderOperation) -> JSON {
    [
      "name": .string(operation.name),
      "displayName": .string(operation.operation),
      "description": .string(operation.description),
      "origin": "user,system",
      "properties": .null,
      "isDataAction": .boolean(operation.isDataAction),
    ]
  }

  /// `storageAccounts/blobServices` of `Microsoft.Storage/storageAccounts/blobServices/read`.
  private static func typeName(ofOperation name: String) -> String {
    var words = name.split(separator: "/").dropFirst()
    if words.last?.lowercased() == "action" { words = words.dropLast() }
    return words.dropLast().joined(separator: "/")
  }
}
