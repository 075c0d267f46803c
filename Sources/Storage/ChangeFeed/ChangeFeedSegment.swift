internal import Base
internal import Records
internal import Wire

/// An hour of an account's change feed that has chunks.
struct ChangeFeedSegment: Record, Codable, Sendable {
  static let kind = "storage.changeSegment"

  var tenant: GUID
  /// The account's (`StorageAccount.partition`).
  var partition: String
  /// When the hour begins.
  var hour: Timestamp
  var chunks: Int
  var events: Int

  var key: RecordKey { Self.key(tenant: tenant, partition, hour) }

  static func key(tenant: GUID, _ partition: String, _ hour: Timestamp) -> RecordKey {
    RecordKey(tenant: tenant, partition, BlobGeneration.timeKey(hour))
  }

  static let hourSeconds: Int64 = 3600

  /// The hour in which a time lies.
  static func hour(of time: Timestamp) -> Timestamp {
    Timestamp(seconds: time.seconds - ((time.seconds % hourSeconds) + hourSeconds) % hourSeconds)
  }

  /// `2026/11/25/1300`.
  private var path: String {
    let text = hour.iso8601Fractional
    return "\(text.prefix(4))/\(text.dropFirst(5).prefix(2))/\(text.dropFirst(8).prefix(2))/\(text.dropFirst(11).prefix(2))00"
  }

  var metadataName: String { "idx/segments/\(path)/meta.json" }

  var logPath: String { "log/00/\(path)/" }

  func chunkName(_ number: Int) -> String {
    "\(logPath)\(number.zeroPadded(5)).avro"
  }

  /// The document of the segment.
  func document(isFinal: Bool) -> JSON {
    [
      "version": 0, "begin": .string(hour.iso8601Fractional), "intervalSecs": .integer(Self.hourSeconds),
      "status": .string(isFinal ? "Finalized" : "Publishing"),
      "config": [
        "version": 0, "numShards": 1, "recordsFormat": "avro", "formatSchemaVersion": 5, "shardDistFnVersion": 1,
      ],
      "chunkFilePaths": [.string("\(ChangeFeedPublisher.container)/\(logPath)")],
    ]
  }
}
