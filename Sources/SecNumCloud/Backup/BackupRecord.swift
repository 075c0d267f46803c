public import Base
public import Records

/// A backup that the platform made, as its catalogue keeps it.
public struct BackupRecord: Record, Codable, Sendable {
  public static let kind = "secnumcloud.backup"
  /// Backups that the catalogue remembers.
  public static let maximumRemembered = 1000

  public var id: GUID
  public var time: Timestamp
  public var folder: String
  /// The SHA-256 of `SHA256SUMS`, in hexadecimal.
  public var sums: String
  public var files: Int
  public var bytes: Int

  /// In the order of time.
  public var key: RecordKey {
    let digits = String(time.microseconds)
    return RecordKey(tenant: .zero, String(repeating: "0", count: max(0, 20 - digits.count)) + digits, id.description)
  }

  /// Every one that is remembered, the oldest first.
  public static func all(in reader: any RecordReader) throws -> [BackupRecord] {
    try reader.list(BackupRecord.self, under: RecordKey(tenant: .zero), limit: maximumRemembered + 1)
  }
}

/// A backup that was restored beside the platform and looked at, as its catalogue keeps it.
public struct RestoreRecord: Record, Codable, Sendable {
  public static let kind = "secnumcloud.restore"

  public var id: GUID
  public var backup: GUID
  public var time: Timestamp
  /// Why it failed; nil where it succeeded.
  public var failure: String?
  public var records: Int
  public var extents: Int

  public var key: RecordKey {
    let digits = String(time.microseconds)
    return RecordKey(tenant: .zero, String(repeating: "0", count: max(0, 20 - digits.count)) + digits, id.description)
  }

  public static func all(in reader: any RecordReader) throws -> [RestoreRecord] {
    try reader.list(RestoreRecord.self, under: RecordKey(tenant: .zero), limit: BackupRecord.maximumRemembered + 1)
  }
}
