internal import Base

/// The byte form of keys: 16 bytes of tenant, one byte that parts records from index entries, then components.
///
/// A component is its UTF-8 bytes and a terminator. The three bytes below `firstPlainByte` are escaped by two bytes each, so that the order of keys is the
/// order of their components, a key's bytes begin with its parent's, and any byte may stand in a component, NUL too.
enum KeyEncoding {
  /// Ends an index entry's components; it sorts before everything that could follow there.
  private static let end: UInt8 = 0
  private static let terminator: UInt8 = 1
  private static let escape: UInt8 = 2
  private static let firstPlainByte: UInt8 = 3

  private static let recordSpace: UInt8 = 1
  private static let indexSpace: UInt8 = 2

  /// The key of a record.
  static func record(kind: String, _ key: RecordKey) -> [UInt8] {
    var bytes = space(recordSpace, tenant: key.tenant, kind: kind)
    for component in key.components { append(component, to: &bytes) }
    return bytes
  }

  /// What the keys of all records under `parent` begin with whose next component has `namePrefix`.
  static func records(kind: String, under parent: RecordKey, namePrefix: String) -> [UInt8] {
    var bytes = record(kind: kind, parent)
    appendEscaped(namePrefix, to: &bytes)
    return bytes
  }

  /// What the entries of an index begin with that are filed under these components.
  static func index(kind: String, name: String, _ components: [String], tenant: GUID) -> [UInt8] {
    var bytes = space(indexSpace, tenant: tenant, kind: kind)
    append(name, to: &bytes)
    for component in components { append(component, to: &bytes) }
    return bytes
  }

  /// The key of an index entry. `record` is the record's encoded key, which tells apart the records that share the components.
  static func indexEntry(kind: String, name: String, _ components: [String], tenant: GUID, record: [UInt8]) -> [UInt8] {
    var bytes = index(kind: kind, name: name, components, tenant: tenant)
    bytes.append(end)
    bytes.append(contentsOf: record)
    return bytes
  }

  /// The keys of everything that is filed under a tenant, of whatever kind.
  static func everything(of tenant: GUID) -> Range<KeyBytes> { KeyBytes.prefixed(by: tenant.bytes) }

  /// The keys of all records that are filed under a tenant.
  static func records(of tenant: GUID) -> Range<KeyBytes> { KeyBytes.prefixed(by: tenant.bytes + [recordSpace]) }

  /// The keys of all index entries that are filed under a tenant.
  static func indexEntries(of tenant: GUID) -> Range<KeyBytes> { KeyBytes.prefixed(by: tenant.bytes + [indexSpace]) }

  /// What a key says of itself; nil for one that is neither a record's nor an index entry's.
  static func parse(_ key: [UInt8]) -> (kind: String, isIndexEntry: Bool)? {
    guard key.count > 17, key[16] == recordSpace || key[16] == indexSpace, let end = key[17...].firstIndex(of: terminator) else { return nil }
    // No kind has a byte that is escaped.
    return (String(decoding: key[17..<end], as: UTF8.self), key[16] == indexSpace)
  }

  private static func space(_ space: UInt8, tenant: GUID, kind: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(96)
    tenant.withBytes { bytes.append(contentsOf: $0) }
    bytes.append(space)
    append(kind, to: &bytes)
    return bytes
  }

  private static func append(_ component: String, to bytes: inout [UInt8]) {
    appendEscaped(component, to: &bytes)
    bytes.append(terminator)
  }

  private static func appendEscaped(_ component: String, to bytes: inout [UInt8]) {
    var component = component
    component.withUTF8 { text in
      guard text.contains(where: { $0 < firstPlainByte }) else { return bytes.append(contentsOf: text) }
      for byte in text {
        if byte < firstPlainByte {
          bytes.append(escape)
          bytes.append(byte + 1)
        } else {
          bytes.append(byte)
        }
      }
    }
  }
}
