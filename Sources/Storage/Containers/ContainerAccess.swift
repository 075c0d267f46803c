internal import Base
internal import Records

/// What a container, a queue or a table says about who may reach it: all that authentication needs to know of it.
struct ContainerAccess: Sendable {
  var publicAccess = PublicAccess.none
  var policies: [StoredAccessPolicy]

  /// Nil where there is no such thing.
  static func of(_ service: StorageService, _ account: StorageAccount, name: String, in reader: any RecordReader) throws -> ContainerAccess? {
    switch service {
    case .blob, .web:
      let container = try reader.fetch(Container.self, Container.key(account, name: name))
      return container.map { ContainerAccess(publicAccess: $0.publicAccess, policies: $0.policies) }
    case .queue: return try reader.fetch(Queue.self, Queue.key(account, name: name)).map { ContainerAccess(policies: $0.policies) }
    case .table: return try reader.fetch(Table.self, Table.key(account, name: name)).map { ContainerAccess(policies: $0.policies) }
    }
  }
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

/// Finds the access of a container, queue or table by service, account and name; nil where there is none.
typealias ContainerAccessLookup = @Sendable (StorageService, StorageAccount, String) async throws -> ContainerAccess?
