public import Base
internal import Crypto
public import Records

extension Keyring {
  /// Bytes that sealing adds to a payload.
  public static let payloadOverheadBytes = 28

  /// Encrypts a payload that rests inside a record instead of an extent (the bytes of a small blob) under its owner's data key: it becomes unreadable
  /// with everything else when that key is destroyed.
  ///
  /// `id` names the payload; it is authenticated, and gives the payload a key of its own (AES-256-GCM under HKDF-SHA256 of the data key and the id, with a
  /// random nonce), so that one payload cannot stand in for another and no number of payloads wears the data key out.
  /// Throws `KeyringError.noSuchKey`.
  public func sealPayload(_ bytes: [UInt8], id: GUID, key: DataKeyID, tenant: GUID, in reader: any RecordReader) throws -> [UInt8] {
    let payloadKey = try dataKey(key, tenant: tenant, in: reader).derived(forPayload: id)
    return try SealedBytes.seal(bytes, using: payloadKey, context: id.bytes, random: random)
  }

  /// Decrypts what `sealPayload` gave. Throws `KeyringError.corrupt` when the bytes, the id or the key are not those, `KeyringError.noSuchKey` when
  /// the key was destroyed.
  public func openPayload(_ sealed: [UInt8], id: GUID, key: DataKeyID, tenant: GUID, in reader: any RecordReader) throws -> [UInt8] {
    let payloadKey = try dataKey(key, tenant: tenant, in: reader).derived(forPayload: id)
    return Array(try SealedBytes.open(sealed, using: payloadKey, context: id.bytes))
  }

  /// The same where the data key is in memory since its last use, without a read; nil when it is not there, which says nothing about whether it exists.
  public func openPayloadFromMemory(_ sealed: [UInt8], id: GUID, key: DataKeyID, tenant: GUID) throws -> [UInt8]? {
    guard let dataKey = cachedDataKey(key, tenant: tenant) else { return nil }
    return Array(try SealedBytes.open(sealed, using: dataKey.derived(forPayload: id), context: id.bytes))
  }
}

extension SymmetricKey {
  fileprivate func derived(forPayload id: GUID) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(inputKeyMaterial: self, info: Array("cocagne payload".utf8) + id.bytes, outputByteCount: 32)
  }
}
