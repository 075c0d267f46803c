internal import Base
internal import Records

/// The root key that is taking over. Whoever makes a tenant key reads this record, so that no key can slip in between unseen by the rotation.
struct RootKeyRotation: Record, Equatable {
  static let kind = "keyring.rootRotation"
  static let key = RecordKey(tenant: .zero)

  /// Identifier of the root key that takes over.
  var next: GUID

  var key: RecordKey { Self.key }

  func encode(to writer: inout ByteWriter) {
    writer.guid(next)
  }

  init(next: GUID) {
    self.next = next
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    next = try reader.guid()
  }
}
