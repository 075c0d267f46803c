package import Base
package import Keyring
package import Records
package import Wire

/// A vault as the data plane sees it: found by its name, which is unique in the whole cloud.
///
/// Written in the transaction of the ARM resource. A deleted one stays, and keeps its name, until it is recovered or purged.
package struct Vault: Record, Codable, Sendable {
  package static let kind = "vault.vault"
  /// Deleted vaults by the time of their purge.
  static let purgeIndex = "purge"
  /// The vaults of a subscription, deleted ones apart.
  static let subscriptionIndex = "subscription"
  static let activeState = "active"
  static let deletedState = "deleted"

  /// As it was first written; compared without regard to case.
  package var name: String
  package var tenant: GUID
  package var id: ResourceID
  /// Everything in the vault is sealed under it; destroyed when the vault is purged.
  package var dataKey: DataKeyID
  package var location: String
  package var createdTime: Timestamp
  /// Whether keys may live in the hardware security module.
  package var isPremium = false
  /// Whether roles decide (`enableRbacAuthorization`), or `accessPolicies`.
  package var usesRoles = true
  package var accessPolicies: [AccessPolicy] = []
  /// How long deleted things can be recovered: 7 to 90.
  package var retentionDays = 90
  /// Once true it stays: nothing is purged before its time.
  package var hasPurgeProtection = false
  /// Nil: everybody may come.
  package var networkRules: NetworkRules?
  package var deletion: Deletion?

  package struct Deletion: Codable, Sendable, Equatable {
    package var time: Timestamp
    package var purgeTime: Timestamp
    /// Of the ARM resource, for its recovery.
    package var tags: [String: String]
    /// The ARM resource's properties, as JSON text.
    package var properties: String
  }

  package init(name: String, tenant: GUID, id: ResourceID, dataKey: DataKeyID, location: String, createdTime: Timestamp) {
    self.name = name
    self.tenant = tenant
    self.id = id
    self.dataKey = dataKey
    self.location = location
    self.createdTime = createdTime
  }

  /// Filed under the platform, for a name belongs to one vault in the whole cloud.
  package var key: RecordKey { Self.key(name) }

  package static func key(_ name: String) -> RecordKey { RecordKey(tenant: .zero, name.lowercased()) }

  package var indexes: [RecordIndex] {
    let place = RecordIndex(
      Self.subscriptionIndex, id.subscription?.description ?? "", deletion == nil ? Self.activeState : Self.deletedState, name.lowercased(),
      tenant: tenant)
    guard let deletion else { return [place] }
    return [place, RecordIndex(Self.purgeIndex, VaultTime.sortable(deletion.purgeTime), tenant: .zero)]
  }

  /// The first component of the keys of everything that is in the vault. It belongs to this vault alone: one that is made later under the same name does
  /// not see what is left of this one.
  package var partition: String { dataKey.description }

  /// `Recoverable+Purgeable`, `CustomizedRecoverable`, …
  ///
  /// Source: Microsoft, "DeletionRecoveryLevel", Key Vault REST reference.
  var recoveryLevel: String {
    let prefix = retentionDays == 90 ? "Recoverable" : "CustomizedRecoverable"
    return prefix + (hasPurgeProtection ? "" : "+Purgeable")
  }
}

/// Times as keys of records.
enum VaultTime {
  /// 19 digits, whose order is that of the times.
  static func sortable(_ time: Timestamp) -> String {
    let digits = String(max(0, time.microseconds))
    return String(repeating: "0", count: 19 - digits.utf8.count) + digits
  }
}
