internal import Base
internal import Keyring
internal import Records
internal import Wire

/// A message in a queue. All its times are those of `QueueClock`.
struct QueueMessage: Record, Sendable {
  static let kind = "storage.message"

  var tenant: GUID
  /// `Queue.messages`.
  var messages: GUID
  var id: GUID
  /// Grows with every message that is put; decides among those that become visible at the same time.
  var order: Int64
  var inserted: Timestamp
  /// From when on it can be taken.
  var visible: Timestamp
  /// Nil: it stays until it is deleted.
  var expires: Timestamp?
  /// Who knows it may change or delete the message. Everybody who takes or changes the message gets another one.
  var receipt: GUID
  var dequeueCount: Int
  /// The text, sealed under the account's data key.
  var sealed: [UInt8]

  /// Bytes of a message's text, and of the document that brings it.
  static let maximumTextBytes = 64 << 10
  static let maximumDocumentBytes = 2 * maximumTextBytes + 512

  var key: RecordKey { Self.key(tenant: tenant, messages: messages, id) }

  static func key(tenant: GUID, messages: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, messages.description, id.description)
  }

  /// In the order in which they can be taken; and, across all tenants, in the order in which they expire.
  var indexes: [RecordIndex] {
    var indexes = [RecordIndex(Self.visibleIndex, components: place.components)]
    if let expires { indexes.append(RecordIndex(Self.expiryIndex, Self.sortable(expires.microseconds), tenant: .zero)) }
    return indexes
  }

  static let visibleIndex = "visible"
  static let expiryIndex = "expiry"

  /// Where it stands among those of its queue.
  var place: RecordIndexPosition {
    RecordIndexPosition(components: [messages.description, Self.sortable(visible.microseconds), Self.sortable(order)], key: key)
  }

  /// Digits that sort as the number does.
  private static func sortable(_ number: Int64) -> String {
    let number = UInt64(max(0, number))
    return stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }.hexadecimal
  }

  func isExpired(at now: Timestamp) -> Bool {
    expires.map { $0 <= now } ?? false
  }

  /// Bytes of a pop receipt, which clients know in base64.
  static let receiptBytes = 16

  var receiptText: String { Base64.encode(receipt.bytes) }

  /// The message that a request names and whose pop receipt it has. Throws `MessageNotFound`, as well where the receipt is not the latest one.
  ///
  /// Source: Microsoft, "Delete Message", REST reference, remarks.
  static func require(_ call: StorageCall, receipt: String, in queue: Queue, at now: Timestamp, _ reader: any RecordReader) throws -> QueueMessage {
    guard let id = GUID(call.blob), let message = try reader.fetch(QueueMessage.self, key(tenant: queue.tenant, messages: queue.messages, id)),
      !message.isExpired(at: now), message.receiptText == receipt
    else { throw StorageError.messageNotFound }
    return message
  }
}

extension QueueMessage {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(messages)
    writer.guid(id)
    writer.signed(order)
    writer.timestamp(inserted)
    writer.timestamp(visible)
    writer.optional(expires) { $0.timestamp($1) }
    writer.guid(receipt)
    writer.integer(dequeueCount)
    writer.blob(sealed)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    messages = try reader.guid()
    id = try reader.guid()
    order = try reader.signed()
    inserted = try reader.timestamp()
    visible = try reader.timestamp()
    expires = try reader.optional { try $0.timestamp() }
    receipt = try reader.guid()
    dequeueCount = try reader.integer()
    sealed = try reader.blob()
  }
}
