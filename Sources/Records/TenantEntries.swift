public import Base

/// An entry of the store as its key tells of it: for who counts or removes what a tenant has without knowing the kinds that there are.
public struct TenantEntry: Hashable, Sendable {
  public var key: KeyBytes
  /// The record's kind; of an index entry, the kind of the record that it leads to.
  public var kind: String
  public var isIndexEntry: Bool

  init(_ key: [UInt8]) {
    let parsed = KeyEncoding.parse(key)
    self.key = KeyBytes(key)
    kind = parsed?.kind ?? ""
    isIndexEntry = parsed?.isIndexEntry ?? false
  }
}

extension RecordReader {
  /// What is filed under a tenant, records and index entries of every kind, in key order, beginning after `after` (exclusive; nil for the start).
  public func entries(of tenant: GUID, after: KeyBytes? = nil, limit: Int) throws -> [TenantEntry] {
    let range = KeyEncoding.everything(of: tenant).starting(after: after)
    return try entries(in: range, limit: limit, reversed: false).map { TenantEntry($0.key) }
  }
}

extension RecordTransaction {
  /// Removes what is filed under a tenant, at most `limit` entries, and gives their count. Some may be left when that is `limit`.
  ///
  /// Index entries that the platform files for the tenant's records must be gone before (`TenantSearch`): they would lead nowhere.
  public func removeEntries(of tenant: GUID, limit: Int) throws -> Int {
    precondition(tenant != .zero, "the platform is no tenant")
    let found = try entries(of: tenant, limit: limit)
    try remove(found)
    return found.count
  }

  /// Removes entries, as they were found.
  public func remove(_ entries: [TenantEntry]) throws {
    for entry in entries { try remove(key: entry.key.bytes) }
  }
}

/// Looks for tenants in what is filed under the platform, whatever its kind: records that name one, and index entries that lead to one's records.
public struct TenantSearch: Sendable {
  private let tenants: Set<GUID>
  /// Which pairs of bytes one of the tenants begins with.
  private let beginnings: [Bool]

  /// What part of the platform's entries was looked at, and what was found there.
  public struct Page: Sendable {
    public var found: [(entry: TenantEntry, tenant: GUID)] = []
    public var looked = 0
    /// Where to go on; nil at the end.
    public var next: KeyBytes?
  }

  public init(_ tenants: Set<GUID>) {
    precondition(!tenants.contains(.zero), "the platform is no tenant")
    self.tenants = tenants
    var beginnings = [Bool](repeating: false, count: 1 << 16)
    for tenant in tenants { beginnings[Int(tenant.high >> 48)] = true }
    self.beginnings = beginnings
  }

  /// Looks through up to `limit` of the platform's records, beginning after `after` (nil for the start).
  public func records(after: KeyBytes? = nil, limit: Int, in reader: any RecordReader) throws -> Page {
    try page(KeyEncoding.records(of: .zero), after: after, limit: limit, in: reader) { key, value in first(in: key) ?? first(in: value) }
  }

  /// Looks through up to `limit` of the platform's index entries, beginning after `after` (nil for the start).
  public func indexEntries(after: KeyBytes? = nil, limit: Int, in reader: any RecordReader) throws -> Page {
    try page(KeyEncoding.indexEntries(of: .zero), after: after, limit: limit, in: reader) { _, value in
      guard value.count > 16 else { return nil }
      return value.withUnsafeBufferPointer { binary(at: 0, $0) }
    }
  }

  private func page(
    _ range: Range<KeyBytes>, after: KeyBytes?, limit: Int, in reader: any RecordReader, _ tenant: (_ key: [UInt8], _ value: [UInt8]) -> GUID?
  ) throws -> Page {
    var page = Page()
    let entries = try reader.entries(in: range.starting(after: after), limit: limit, reversed: false)
    page.looked = entries.count
    for (key, value) in entries {
      if let tenant = tenant(key, value) { page.found.append((TenantEntry(key), tenant)) }
    }
    if entries.count == limit { page.next = entries.last.map { KeyBytes($0.key) } }
    return page
  }

  /// The first of the tenants that stands in some bytes, as text or as its 16 bytes.
  private func first(in bytes: [UInt8]) -> GUID? {
    bytes.withUnsafeBufferPointer { bytes in
      guard bytes.count >= 16 else { return nil }
      for index in 0...(bytes.count - 16) {
        if let tenant = binary(at: index, bytes) ?? text(at: index, bytes) { return tenant }
      }
      return nil
    }
  }

  private func binary(at index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> GUID? {
    guard beginnings[Int(bytes[index]) << 8 | Int(bytes[index + 1])] else { return nil }
    func word(_ start: Int) -> UInt64 { (start..<start + 8).reduce(0) { $0 << 8 | UInt64(bytes[$1]) } }
    let guid = GUID(high: word(index), low: word(index + 8))
    return tenants.contains(guid) ? guid : nil
  }

  private static let textBytes = 36
  /// What names of resources are made of, besides letters and digits.
  private static let nameSigns = Set("-_.()".utf8)

  /// Whether bytes lie in a segment of a path. A client chooses names in its resources' ids: one that is another tenant's id tells nothing of it.
  private func isInSegment(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let before = bytes[..<index].last { byte in
      let lowercase = byte | 0x20
      return !(0x30...0x39).contains(byte) && !(0x61...0x7A).contains(lowercase) && !Self.nameSigns.contains(byte)
    }
    return before == UInt8(ascii: "/")
  }

  private func text(at index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> GUID? {
    let hyphen = UInt8(ascii: "-")
    guard index + Self.textBytes <= bytes.count, bytes[index + 8] == hyphen, bytes[index + 13] == hyphen, bytes[index + 18] == hyphen,
      let guid = GUID(String(decoding: bytes[index..<index + Self.textBytes], as: UTF8.self)),
      tenants.contains(guid), !isInSegment(index, bytes)
    else { return nil }
    return guid
  }
}

extension Range<KeyBytes> {
  fileprivate func starting(after key: KeyBytes?) -> Self {
    guard let key else { return self }
    return clamped(to: key.next..<Swift.max(key.next, upperBound))
  }
}
