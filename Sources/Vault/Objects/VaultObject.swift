package import Base
package import Records

/// A thing in a vault under its name: a key, a secret or a certificate, of which there are versions.
package struct VaultObject: Record, Sendable, Equatable {
  package static let kind = "vault.object"
  /// Things that are there, and those that are deleted, in the order of their names.
  static let activeIndex = "active"
  static let deletedIndex = "deleted"
  /// Deleted things of all vaults by the time of their purge.
  static let purgeIndex = "purge"

  package var tenant: GUID
  /// `Vault.partition`.
  package var partition: String
  package var collection: VaultCollection
  /// As it was first written; compared without regard to case.
  package var name: String
  /// Names its versions: a thing that is made later under the same name has none of them.
  package var incarnation: GUID
  /// The version that answers where none is named.
  package var currentVersion: String
  /// Whether a certificate owns it: it comes, changes and goes with that one alone.
  package var isManaged = false
  package var deletion: Deletion?
  /// What belongs to the name and not to one version, as JSON text: a key's rotation policy, a certificate's policy.
  package var policy: String?

  package struct Deletion: Sendable, Equatable {
    package var time: Timestamp
    package var purgeTime: Timestamp
  }

  package var key: RecordKey { Self.key(tenant: tenant, partition, collection, name) }

  package static func key(tenant: GUID, _ partition: String, _ collection: VaultCollection, _ name: String) -> RecordKey {
    RecordKey(tenant: tenant, partition, collection.rawValue, name.lowercased())
  }

  package var indexes: [RecordIndex] {
    let state = deletion == nil ? Self.activeIndex : Self.deletedIndex
    let place = RecordIndex(state, partition, collection.rawValue, name.lowercased())
    guard let deletion else { return [place] }
    return [place, RecordIndex(Self.purgeIndex, VaultTime.sortable(deletion.purgeTime), tenant: .zero)]
  }
}

extension VaultObject {
  package func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.string(partition)
    writer.string(collection.rawValue)
    writer.string(name)
    writer.guid(incarnation)
    writer.string(currentVersion)
    writer.flag(isManaged)
    writer.optional(deletion) {
      $0.timestamp($1.time)
      $0.timestamp($1.purgeTime)
    }
    writer.optional(policy) { $0.string($1) }
  }

  package init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    partition = try reader.string()
    guard let collection = VaultCollection(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    self.collection = collection
    name = try reader.string()
    incarnation = try reader.guid()
    currentVersion = try reader.string()
    isManaged = try reader.flag()
    deletion = try reader.optional { Deletion(time: try $0.timestamp(), purgeTime: try $0.timestamp()) }
    policy = try reader.optional { try $0.string() }
  }
}
