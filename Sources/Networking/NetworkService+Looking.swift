package import Base
package import Fabric
internal import Records
package import Wire

/// Whose a virtual network is.
package struct NetworkOwner: Sendable, Equatable {
  package var tenant: GUID
  package var resource: ResourceID
}

extension NetworkService {
  /// What this host's networks are to be, and whose they are.
  package func wanted() async throws -> (state: FabricState, owners: [NetworkName: NetworkOwner]) {
    try await records.read { [configuration] in try WantedFabric.owned(configuration, in: $0) }
  }
}
