internal import Base
internal import Wire

/// How things are written in answers.
extension VaultCall {
  /// `{vaultURL}/{collection}/{name}/{version}`; without a version the id of the thing itself.
  func id(_ collection: VaultCollection, _ name: String, _ version: String? = nil) -> String {
    "\(vaultURL)/\(collection.rawValue)/\(name)" + (version.map { "/\($0)" } ?? "")
  }

  func id(of object: VaultObject, _ version: VaultObjectVersion) -> String { id(object.collection, object.name, version.version) }

  /// `{enabled, nbf, exp, created, updated, recoveryLevel, recoverableDays}`, times in seconds since 1970.
  func attributes(of version: VaultObjectVersion) -> JSON {
    func seconds(_ time: Timestamp?) -> JSON? { time.map { JSON.integer($0.seconds) } }
    let days = JSON.integer(Int64(vault.retentionDays))
    return .object([
      "enabled": JSON.boolean(version.isEnabled), "nbf": seconds(version.notBefore), "exp": seconds(version.expires),
      "created": seconds(version.created), "updated": seconds(version.updated), "recoveryLevel": JSON.string(vault.recoveryLevel),
      "recoverableDays": days,
    ])
  }

  func tags(of version: VaultObjectVersion) -> JSON {
    .object(JSON.Object((version.tags ?? [:]).sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value)) }))
  }

  /// A document with what tells of a deletion put at its end: `recoveryId`, `deletedDate`, `scheduledPurgeDate`. As it is where the thing is not deleted.
  func deleted(_ document: JSON, _ object: VaultObject) -> JSON {
    guard let deletion = object.deletion, case .object(var members) = document else { return document }
    members["recoveryId"] = .string("\(vaultURL)/deleted\(object.collection.rawValue)/\(object.name)")
    members["deletedDate"] = .integer(deletion.time.seconds)
    members["scheduledPurgeDate"] = .integer(deletion.purgeTime.seconds)
    return .object(members)
  }
}
