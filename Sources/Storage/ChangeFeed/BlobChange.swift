internal import Base
internal import Edge
internal import Records
internal import Wire

/// Something that happened to a blob, until it stands in the change feed of its account.
///
/// Source: Microsoft, "Change feed support in Azure Blob Storage".
struct BlobChange: Record, Sendable {
  static let kind = "storage.change"

  enum Event: String, CaseIterable, Sendable {
    case unspecified = "UnspecifiedEventType"
    case created = "BlobCreated"
    case deleted = "BlobDeleted"
    case propertiesUpdated = "BlobPropertiesUpdated"
    case snapshotCreated = "BlobSnapshotCreated"
    case control = "Control"
    case tierChanged = "BlobTierChanged"
    case asyncOperationInitiated = "BlobAsyncOperationInitiated"
  }

  var tenant: GUID
  /// `StorageAccount.name`: who publishes it finds the account by it.
  var account: String
  /// The account's (`StorageAccount.partition`).
  var partition: String
  var time: Timestamp
  var id: GUID
  /// The event as the feed has it: one Avro record.
  var event: [UInt8]

  var key: RecordKey { RecordKey(tenant: tenant, partition, BlobGeneration.timeKey(time), id.description) }

  /// Finds what was noted first, of all accounts.
  static let timeIndex = "time"

  var indexes: [RecordIndex] { [RecordIndex(Self.timeIndex, BlobGeneration.timeKey(time), tenant: .zero)] }

  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.string(account)
    writer.string(partition)
    writer.timestamp(time)
    writer.guid(id)
    writer.blob(event)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    account = try reader.string()
    partition = try reader.string()
    time = try reader.timestamp()
    id = try reader.guid()
    event = try reader.blob()
  }
}

extension BlobChange {
  /// Notes what a call does to a blob in the transaction that does it, where the account keeps a feed.
  static func note(_ event: Event, of blob: Blob, _ call: StorageCall, in transaction: RecordTransaction) throws {
    guard call.properties.changeFeed != nil else { return }
    try transaction.save(BlobChange(event, of: blob, call))
  }

  private init(_ event: Event, of blob: Blob, _ call: StorageCall) {
    (tenant, account, partition) = (call.account.tenant, call.account.name, call.account.partition)
    time = call.now
    let number = Event.allCases.firstIndex(of: event) ?? 0
    id = Self.id(of: blob, number, call)
    var encoder = AvroEncoder()
    encoder.long(Self.schemaVersion)
    encoder.string(call.account.id.description)
    encoder.string("/blobServices/default/containers/\(call.container)/blobs/\(call.blob)")
    encoder.branch(number)
    encoder.string(call.now.iso8601Fractional)
    encoder.string(id.description)
    encoder.string(call.operation.filter { $0 != " " })
    encoder.string(call.request.identifiers.client ?? "")
    encoder.string(call.request.identifiers.request.description)
    encoder.string(blob.etag.text)
    encoder.string(blob.properties.contentType ?? BlobProperties.defaultContentType)
    encoder.long(Int64(blob.size))
    encoder.branch(Self.blobTypes.firstIndex(of: blob.type) ?? 0)
    encoder.string(blob.version?.iso8601Fractional ?? "")
    encoder.string("https://\(call.request.host)\(call.request.path)")
    // Grows with each state of a blob, and has one length, so that it sorts as text.
    encoder.string(String(repeating: "0", count: 16) + blob.etag.ticks.zeroPadded(16, radix: 16))
    self.event = encoder.bytes
  }

  /// Made of the request and of what it does: a transaction that is run again notes the same, and one request may change many blobs.
  private static func id(of blob: Blob, _ event: Int, _ call: StorageCall) -> GUID {
    let request = call.request.identifiers.request
    // FNV-1a.
    let name = "\(call.container)/\(blob.name)".utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let generation = UInt64(bitPattern: (blob.snapshot ?? blob.version)?.microseconds ?? 0)
    return GUID(high: request.high ^ name, low: request.low ^ generation << 4 ^ UInt64(event))
  }

  private static let schemaVersion: Int64 = 5
  private static let blobTypes: [BlobType] = [.block, .page, .append]

  /// Of the records of the feed.
  static let schema: String = {
    func field(_ name: String, _ type: JSON = "string") -> JSON { ["name": .string(name), "type": type] }
    func symbols(_ name: String, _ values: [String]) -> JSON {
      ["type": "enum", "name": .string(name), "symbols": .array(values.map { .string($0) })]
    }
    let data: JSON = [
      "type": "record", "name": "BlobChangeEventData",
      "fields": [
        field("api"), field("clientRequestId"), field("requestId"), field("etag"), field("contentType"), field("contentLength", "long"),
        field("blobType", symbols("BlobType", blobTypes.map(\.rawValue))), field("blobVersion"), field("url"), field("sequencer"),
      ],
    ]
    let record: JSON = [
      "type": "record", "name": "BlobChangeEvent", "namespace": "com.microsoft.azure.storage.changefeed",
      "fields": [
        field("schemaVersion", "int"), field("topic"), field("subject"),
        field("eventType", symbols("BlobChangeEventType", Event.allCases.map(\.rawValue))),
        field("eventTime"), field("id"), field("data", data),
      ],
    ]
    return String(decoding: record.bytes, as: UTF8.self)
  }()
}
