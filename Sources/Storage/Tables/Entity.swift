internal import Base
internal import Crypto
internal import Keyring
internal import Records
internal import Wire

/// An entity as it rests. Its keys stay readable, for they are its place in order; the properties are sealed under the account's data key.
///
/// Entities stand in the order of their partition keys and row keys by UTF-16 code units, as Azure's do (`String.ordinalComponent`).
struct Entity: Record, Sendable {
  static let kind = "storage.entity"

  var tenant: GUID
  /// `Table.id`.
  var table: GUID
  var entityKey: EntityKey
  /// Of the last change: it is the timestamp too, and grows with every change.
  var etag: ETag
  var sealed: [UInt8]

  var key: RecordKey { Self.key(tenant: tenant, table, entityKey) }

  static func key(tenant: GUID, _ table: GUID, _ key: EntityKey) -> RecordKey {
    RecordKey(tenant: tenant, table.description, key.partition.ordinalComponent, key.row.ordinalComponent)
  }

  var timestamp: EdmDateTime { EdmDateTime(ticks: etag.ticks) }
}

extension Entity {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(table)
    writer.string(entityKey.partition)
    writer.string(entityKey.row)
    writer.unsigned(etag.ticks)
    writer.blob(sealed)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    table = try reader.guid()
    entityKey = EntityKey(partition: try reader.string(), row: try reader.string())
    etag = ETag(ticks: try reader.unsigned())
    sealed = try reader.blob()
  }
}

// MARK: Sealing

extension Entity {
  /// Seals properties with AES-256-GCM. Each state of an entity has a key of its own (HKDF-SHA256 of the account's data key, the table's id and the
  /// tag), so that no number of changes wears a key out; table and keys are authenticated, so that no entity's properties can stand in for another's.
  init(_ key: EntityKey, _ properties: EntityProperties, in table: Table, etag: ETag, dataKey: SymmetricKey) throws {
    self.init(tenant: table.tenant, table: table.id, entityKey: key, etag: etag, sealed: [])
    let box = try AES.GCM.seal(properties.encoded(), using: sealingKey(dataKey), authenticating: sealingContext)
    sealed = Array(box.nonce) + box.ciphertext + box.tag
  }

  /// The properties. Throws where the record is not what was sealed.
  func properties(_ dataKey: SymmetricKey) throws -> EntityProperties {
    let box = try AES.GCM.SealedBox(combined: sealed)
    return try EntityProperties(decoding: Array(try AES.GCM.open(box, using: sealingKey(dataKey), authenticating: sealingContext)))
  }

  private func sealingKey(_ dataKey: SymmetricKey) -> SymmetricKey {
    var info = ByteWriter(reserving: 48)
    info.string("cocagne entity")
    info.guid(table)
    info.unsigned(etag.ticks)
    return HKDF<SHA256>.deriveKey(inputKeyMaterial: dataKey, info: info.bytes, outputByteCount: 32)
  }

  private var sealingContext: [UInt8] {
    var context = ByteWriter(reserving: 128)
    context.guid(table)
    context.string(entityKey.partition)
    context.string(entityKey.row)
    return context.bytes
  }
}

// MARK: The tag on the wire

extension ETag {
  /// As the table service writes it: `W/"datetime'2013-08-22T01%3A12%3A06.2608595Z'"`.
  var weak: String {
    "W/\"datetime'\(percentEncoded(EdmDateTime(ticks: ticks).precise))'\""
  }

  /// Reads what `weak` wrote; nil for anything else.
  init?(weak text: String) {
    let (prefix, suffix) = ("W/\"datetime'", "'\"")
    guard text.hasPrefix(prefix), text.hasSuffix(suffix), text.utf8.count > prefix.utf8.count + suffix.utf8.count else { return nil }
    guard let time = percentDecoded(text.dropFirst(prefix.count).dropLast(suffix.count)).flatMap({ EdmDateTime($0) }) else { return nil }
    self.init(ticks: time.ticks)
  }
}
