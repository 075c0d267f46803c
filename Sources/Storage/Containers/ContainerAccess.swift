internal import Base

/// What a container says about who may reach it: all that authentication needs to know of it.
struct ContainerAccess: Sendable {
  var publicAccess: PublicAccess
  var policies: [StoredAccessPolicy]
}

/// An entry of a container's access policy, to which a service SAS may refer by its id. A field that is nil must stand in the signature.
///
/// Source: Microsoft, "Define a stored access policy", REST reference of the storage services.
struct StoredAccessPolicy: Codable, Equatable, Sendable {
  /// At most 64 characters.
  var id: String
  var start: Timestamp?
  var expiry: Timestamp?
  var permissions: String?
}

/// Finds a container's access by account and name; nil where there is no such container.
typealias ContainerAccessLookup = @Sendable (StorageAccount, String) async throws -> ContainerAccess?
