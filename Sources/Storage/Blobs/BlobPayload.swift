internal import Base
internal import Crypto
internal import Records

/// The bytes of a small blob, sealed under the account's data key.
struct BlobPayload: Record, Sendable {
  static let kind = "storage.payload"

  var tenant: GUID
  var id: GUID
  var sealed: [UInt8]

  var key: RecordKey { Self.key(tenant: tenant, id) }

  static func key(tenant: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, id.description)
  }
}

extension BlobPayload {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(id)
    writer.blob(sealed)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    id = try reader.guid()
    sealed = try reader.blob()
  }
}

extension BlobPayload {
  /// Seals bytes with AES-256-GCM. Every payload has a key of its own (HKDF-SHA256 of the account's data key and the payload's id): no
  /// count of blobs wears a key out, and one payload cannot stand in for another. Where the customer brought a key, the payload's is made of both.
  init(sealing bytes: [UInt8], tenant: GUID, id: GUID, dataKey: SymmetricKey, customerKey: SymmetricKey? = nil) throws {
    let box = try AES.GCM.seal(bytes, using: Self.payloadKey(dataKey, customerKey, id))
    self.init(tenant: tenant, id: id, sealed: Array(box.nonce) + box.ciphertext + box.tag)
  }

  func open(dataKey: SymmetricKey, customerKey: SymmetricKey? = nil) throws -> [UInt8] {
    Array(try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: Self.payloadKey(dataKey, customerKey, id)))
  }

  private static func payloadKey(_ dataKey: SymmetricKey, _ customerKey: SymmetricKey?, _ id: GUID) -> SymmetricKey {
    var (material, purpose) = (dataKey, "cocagne payload")
    if let customerKey {
      material = SymmetricKey(data: dataKey.withUnsafeBytes { Array($0) } + customerKey.withUnsafeBytes { Array($0) })
      purpose = "cocagne payload, two keys"
    }
    return HKDF<SHA256>.deriveKey(inputKeyMaterial: material, info: Array(purpose.utf8) + id.bytes, outputByteCount: 32)
  }
}
