package import Base
package import Keyring
package import Ledger
package import Records
package import Wire

/// A tenant's ledger as the data plane sees it: found by its name, which is unique in the whole cloud.
///
/// Written in the transaction of the ARM resource.
package struct ConfidentialLedger: Record, Codable, Sendable {
  package static let kind = "tenantledger.ledger"
  /// The ledgers of a subscription.
  static let subscriptionIndex = "subscription"

  /// As it was first written; compared without regard to case.
  package var name: String
  package var tenant: GUID
  package var id: ResourceID
  /// Its own: a ledger that is made later under the same name does not see what is left of this one.
  package var log: GUID
  /// Everything in the ledger is sealed under it; destroyed with the ledger.
  package var dataKey: DataKeyID
  package var createdTime: Timestamp

  package init(name: String, tenant: GUID, id: ResourceID, log: GUID, dataKey: DataKeyID, createdTime: Timestamp) {
    self.name = name
    self.tenant = tenant
    self.id = id
    self.log = log
    self.dataKey = dataKey
    self.createdTime = createdTime
  }

  /// Filed under the platform, for a name belongs to one ledger in the whole cloud.
  package var key: RecordKey { Self.key(name) }

  package static func key(_ name: String) -> RecordKey { RecordKey(tenant: .zero, name.lowercased()) }

  package var indexes: [RecordIndex] {
    [RecordIndex(Self.subscriptionIndex, id.subscription?.description ?? "", tenant: tenant)]
  }

  /// The tree over its transactions.
  package var merkleLog: MerkleLog { MerkleLog(id: log, tenant: tenant) }
}
