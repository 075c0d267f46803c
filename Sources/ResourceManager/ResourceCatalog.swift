internal import Base
package import Wire

/// The namespaces and types that are served, found by name in any case.
package struct ResourceCatalog: Sendable {
  package let providers: [any ResourceProvider]
  private let types: [String: any ResourceType]
  private let byNamespace: [String: any ResourceProvider]

  /// Namespaces, types and action paths must be unique.
  package init(_ providers: [any ResourceProvider]) {
    self.providers = providers
    var types: [String: any ResourceType] = [:]
    var byNamespace: [String: any ResourceProvider] = [:]
    for provider in providers {
      precondition(byNamespace.updateValue(provider, forKey: provider.namespace.lowercased()) == nil, "one provider a namespace")
      for type in provider.types {
        let name = type.descriptor.type
        precondition(name.lowercased().hasPrefix(provider.namespace.lowercased() + "/"), "a type lives in its provider's namespace")
        precondition(types.updateValue(type, forKey: name.lowercased()) == nil, "a type is declared once")
      }
    }
    self.types = types
    self.byNamespace = byNamespace
  }

  package func type(_ name: String) -> (any ResourceType)? {
    types[name.lowercased()]
  }

  package func provider(_ namespace: String) -> (any ResourceProvider)? {
    byNamespace[namespace.lowercased()]
  }

  /// The id with namespace and types as they are declared; names stay as they are.
  package func spelled(_ id: ResourceID) -> ResourceID {
    var result = id
    result.provided = id.provided.map { provided in
      guard let declared = type(provided.type)?.descriptor.type else { return provided }
      let words = declared.split(separator: "/").map(String.init)
      return ResourceID.Provided(
        namespace: words[0], segments: zip(words.dropFirst(), provided.segments).map { (type: $0, name: $1.name) })
    }
    return result
  }
}

extension ResourceTypeDescriptor {
  /// `storageAccounts/blobServices` of `Microsoft.Storage/storageAccounts/blobServices`.
  var nameBelowNamespace: String {
    String(type.drop { $0 != "/" }.dropFirst())
  }

  /// One below another's resources, such as `…/storageAccounts/blobServices`.
  var isChild: Bool { nameBelowNamespace.contains("/") }
}
