public import Base
public import Records

/// Where an extent's frames lie on the disk, for who looks at the raw bytes.
public struct ExtentPlace: Hashable, Sendable {
  /// The segment's file.
  public var file: String
  /// Bytes of the file from the first frame to the end of the last.
  public var range: Range<Int>
}

/// The form of segments' files, for who looks at them from outside.
public enum SegmentForm {
  public static let headerBytes = Segment.headerBytes
  /// What stands around a frame's ciphertext: a header before it, a tag behind it.
  public static let frameHeaderBytes = FrameCipher.headerBytes
  public static let frameTagBytes = FrameCipher.tagBytes
  /// What a frame's header begins with.
  public static let frameMagic = Array("CFR1".utf8)

  /// Whether a file of this name is a segment.
  public static func isSegment(file: String) -> Bool { Segment.number(ofFile: file) != nil }

  /// The store that a segment's first bytes name; nil where they are no segment's.
  public static func store(inHeader header: [UInt8]) -> GUID? { Segment.store(inHeader: header) }
}

extension ExtentStore {
  /// Where an extent lies now; compaction may move it later. Nil where there is no such extent.
  public func place(of id: ExtentID, tenant: GUID, in reader: any RecordReader) throws -> ExtentPlace? {
    guard let record = try reader.fetch(ExtentRecord.self, ExtentRecord.key(tenant: tenant, id)) else { return nil }
    return ExtentPlace(file: Segment.name(record.segment), range: record.offset..<record.offset + record.layout.storedBytes)
  }

  /// The store's identity, which every segment names.
  public func identity(in reader: any RecordReader) throws -> GUID? { try reader.fetch(StoreIdentity.self, StoreIdentity.key)?.id }

  /// The files of the segments in which something is alive.
  public static func segmentsInUse(in reader: any RecordReader) throws -> Set<String> {
    var files: Set<String> = []
    var after: RecordIndexPosition?
    while true {
      let page = try reader.list(ExtentRecord.self, index: ExtentRecord.segmentIndex, [], tenant: .zero, after: after, limit: pageRecords)
      for record in page { files.insert(Segment.name(record.segment)) }
      guard page.count == pageRecords, let last = page.last else { return files }
      after = last.indexPosition
    }
  }

  private static let pageRecords = 10_000
}

extension ExtentStore {
  /// An extent, without what is in it.
  public struct Description: Hashable, Sendable {
    public var id: ExtentID
    /// Bytes of plain content.
    public var length: Int
    /// Whether they can be read only with a key that is kept nowhere here.
    public var hasCallerKey: Bool
  }

  /// A tenant's extents behind an id, in the order of ids, up to `limit`.
  public static func extents(tenant: GUID, after id: ExtentID, limit: Int, in reader: any RecordReader) throws -> [Description] {
    try reader.list(ExtentRecord.self, under: RecordKey(tenant: tenant), after: ExtentRecord.key(tenant: tenant, id), limit: limit).map {
      Description(id: $0.id, length: $0.layout.length, hasCallerKey: $0.hasCallerKey)
    }
  }
}
