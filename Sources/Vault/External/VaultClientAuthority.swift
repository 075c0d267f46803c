internal import Base
internal import ExternalKeys
internal import Keyring
internal import Records

/// The authority of one vault, whose certificates it shows to its external key manager: another vault, of whatever name, has none of them.
struct VaultClientAuthority: Record, Codable {
  static let kind = "vault.clientAuthority"

  var tenant: GUID
  /// `Vault.partition`.
  var partition: String
  /// In DER.
  var certificate: [UInt8]
  /// Sealed under the vault's data key, which goes with the vault.
  var sealedKey: [UInt8]
  /// Names `sealedKey` among the payloads of the data key.
  var payloadID: GUID

  var key: RecordKey { ExternalConnection.key(tenant: tenant, partition) }

  /// The vault's, made where there is none.
  static func ready(for vault: Vault, _ name: String, _ services: VaultServices, _ transaction: RecordTransaction) throws -> VaultClientAuthority {
    let key = ExternalConnection.key(tenant: vault.tenant, vault.partition)
    if let known = try transaction.fetch(VaultClientAuthority.self, key) { return known }
    // Two authorities of one name must not be taken for each other by whoever trusts both.
    let made = try ExternalKeyAuthority(name: "\(name) \(services.random.bytes(4).hexadecimal)", now: services.clock.now())
    let payload = services.random.guid()
    let authority = VaultClientAuthority(
      tenant: vault.tenant, partition: vault.partition, certificate: made.certificate,
      sealedKey: try services.keyring.sealPayload(
        made.privateKeyBytes, id: payload, key: vault.dataKey, tenant: vault.tenant, in: transaction), payloadID: payload)
    try transaction.save(authority)
    return authority
  }

  func open(_ vault: Vault, _ services: VaultServices, _ reader: any RecordReader) throws -> ExternalKeyAuthority {
    let privateKey = try services.keyring.openPayload(sealedKey, id: payloadID, key: vault.dataKey, tenant: vault.tenant, in: reader)
    return try ExternalKeyAuthority(certificate: certificate, privateKey: privateKey)
  }
}

extension Vault {
  /// What its external key manager knows it by: the common name of its certificate.
  func clientName(_ address: CloudAddress) -> String { "\(name.lowercased()).vaultclient.\(address.domain)" }
}
