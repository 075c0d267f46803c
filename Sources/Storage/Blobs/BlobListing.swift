internal import Base
internal import Records
internal import Wire

/// A list of a container's blobs in the order of their names' UTF-8 bytes, each behind its generations from the oldest on, with the names
/// that share a part up to the delimiter drawn together into one prefix each.
///
/// A list that asks for no generations reads none.
struct BlobListing {
  var container: Container
  var prefix = ""
  var delimiter: String?
  var include: BlobListInclude = []
  /// The first name that may be listed.
  var startFrom: String?
  /// The first name behind it that may not.
  var endBefore: String?
  var now: Timestamp

  enum Item: Sendable {
    /// A blob or one of its generations.
    case blob(Blob)
    /// A version of a blob that is no longer there itself.
    case versionOnly(Blob)
    case uncommitted(UncommittedBlob)
    case prefix(String)
  }

  /// Generations that a page passes over without showing them, at most; then it ends early, as pages may.
  static let maximumPassed = 20_000

  private enum Candidate {
    case generation(BlobGeneration, hasCurrent: Bool)
    case blob(Blob)
    case uncommitted(UncommittedBlob)

    var name: String {
      switch self {
      case .generation(let generation, _): generation.blob.name
      case .blob(let blob): blob.name
      case .uncommitted(let blob): blob.name
      }
    }

    var marker: ListMarker {
      switch self {
      case .generation(let generation, _): .afterGeneration(generation.blob.name, generation.time)
      case .blob, .uncommitted: .after(name)
      }
    }
  }

  /// The three kinds of records that a list is merged from.
  private struct Cursors {
    var blobs: NameCursor<Blob>
    var generations: NameCursor<BlobGeneration>?
    var uncommitted: NameCursor<UncommittedBlob>?

    mutating func peek(in reader: any RecordReader) throws -> Candidate? {
      let blob = try blobs.peek(in: reader)
      var first = blob.map { Candidate.blob($0) }
      if let other = try uncommitted?.peek(in: reader) {
        if let blob, blob.name.utf8.elementsEqual(other.name.utf8) {
          // Uncommitted blocks of a blob that is there are no blob of their own.
          uncommitted?.advance()
        } else if blob.map({ other.name.utf8.lexicographicallyPrecedes($0.name.utf8) }) ?? true {
          first = .uncommitted(other)
        }
      }
      guard let generation = try generations?.peek(in: reader) else { return first }
      let name = generation.blob.name.utf8
      if let first, first.name.utf8.lexicographicallyPrecedes(name) { return first }
      return .generation(generation, hasCurrent: blob.map { $0.name.utf8.elementsEqual(name) } ?? false)
    }

    mutating func advance(past candidate: Candidate) {
      switch candidate {
      case .generation: generations?.advance()
      case .blob: blobs.advance()
      case .uncommitted: uncommitted?.advance()
      }
    }

    mutating func skip(prefix: String) {
      blobs.skip(prefix: prefix)
      generations?.skip(prefix: prefix)
      uncommitted?.skip(prefix: prefix)
    }
  }

  /// Up to `limit` items, and where to go on if there are more.
  func page(after marker: ListMarker?, limit: Int, in reader: any RecordReader) throws -> (items: [Item], next: ListMarker?) {
    var cursors = cursors(after: marker, limit: limit)
    var items: [Item] = []
    var last = marker
    var passed = 0
    while let candidate = try cursors.peek(in: reader) {
      let name = candidate.name
      if let endBefore, !name.utf8.lexicographicallyPrecedes(endBefore.utf8) { break }
      guard let item = try item(candidate, in: reader) else {
        cursors.advance(past: candidate)
        passed += 1
        if passed >= Self.maximumPassed { return (items, candidate.marker) }
        continue
      }
      if items.count == limit { return (items, last) }
      if let common = commonPrefix(of: name) {
        items.append(.prefix(common))
        last = .afterPrefix(common)
        cursors.skip(prefix: common)
      } else if case .versionOnly(let blob) = item, !include.contains(.versions) {
        items.append(item)
        last = .after(name)
        cursors.generations?.skip(name: name, end: BlobGeneration.end(container, name: blob.name))
      } else {
        items.append(item)
        last = candidate.marker
        cursors.advance(past: candidate)
      }
    }
    return (items, nil)
  }

  private func cursors(after marker: ListMarker?, limit: Int) -> Cursors {
    let parent = RecordKey(tenant: container.tenant, container.id.description)
    func start<R: Record>(_ type: R.Type, behind name: (String) -> RecordKey, at time: ((String, Timestamp) -> RecordKey)?) -> NameCursor<R>.Start {
      switch marker {
      case .after(let text): .after(name(text))
      case .afterPrefix(let text): .afterPrefix(text)
      case .afterGeneration(let text, let instant): time.map { .after($0(text, instant)) } ?? .from(parent.appending(text))
      case nil: startFrom.map { .from(parent.appending($0)) } ?? .beginning
      }
    }
    let batch = delimiter == nil ? min(limit + 1, NameCursor<Blob>.maximumBatch) : NameCursor<Blob>.minimumBatch
    var cursors = Cursors(
      blobs: NameCursor(
        parent: parent, prefix: prefix, start: start(Blob.self, behind: { parent.appending($0) }, at: nil), batch: batch, name: { $0.name }))
    if include.contains(.uncommitted) {
      let start = start(UncommittedBlob.self, behind: { parent.appending($0) }, at: nil)
      cursors.uncommitted = NameCursor(parent: parent, prefix: prefix, start: start, batch: batch, name: { $0.name })
    }
    if !include.isDisjoint(with: .history) {
      let start = start(
        BlobGeneration.self, behind: { BlobGeneration.end(container, name: $0) },
        at: { BlobGeneration.key(container, name: $0, time: $1) })
      cursors.generations = NameCursor(parent: parent, prefix: prefix, start: start, batch: batch, name: { $0.blob.name })
    }
    return cursors
  }

  /// What a list shows of a candidate; nil when it does not show it.
  private func item(_ candidate: Candidate, in reader: any RecordReader) throws -> Item? {
    switch candidate {
    case .blob(let blob): .blob(blob)
    case .uncommitted(let blob): .uncommitted(blob)
    case .generation(let generation, let hasCurrent): try item(generation, hasCurrent: hasCurrent, in: reader)
    }
  }

  private func item(_ generation: BlobGeneration, hasCurrent: Bool, in reader: any RecordReader) throws -> Item? {
    var blob = generation.blob
    guard blob.deletion.map({ $0.expires > now }) ?? true else { return nil }
    if blob.snapshot == nil && blob.version != nil && !hasCurrent && include.contains(.deletedWithVersions) {
      if include.contains(.versions) { return blob.deletion == nil || include.contains(.deleted) ? .versionOnly(blob) : nil }
      return try newestVersion(generation, in: reader).map { .versionOnly($0) }
    }
    if blob.deletion != nil && !include.contains(.deleted) { return nil }
    if blob.snapshot != nil { return include.contains(.snapshots) ? .blob(blob) : nil }
    if blob.version != nil { return include.contains(.versions) ? .blob(blob) : nil }
    guard hasCurrent else { return .blob(blob) }
    // A blob that was deleted and then made again is a snapshot of the new one.
    blob.snapshot = generation.time
    return include.contains(.snapshots) ? .blob(blob) : nil
  }

  /// What stands for a blob of which only versions are left. Where other generations are listed too, it stands at the end of them.
  private func newestVersion(_ generation: BlobGeneration, in reader: any RecordReader) throws -> Blob? {
    guard let last = try reader.last(BlobGeneration.self, under: BlobGeneration.parent(container, name: generation.blob.name)) else { return nil }
    guard include.isDisjoint(with: [.snapshots, .deleted]) else { return last.time == generation.time ? generation.blob : nil }
    return last.blob.version == nil || last.blob.snapshot != nil ? generation.blob : last.blob
  }

  /// The part of a name up to and with the first delimiter behind the prefix; nil when there is none.
  private func commonPrefix(of name: String) -> String? {
    guard let delimiter else { return nil }
    let bytes = Array(name.utf8)
    let mark = Array(delimiter.utf8)
    var position = prefix.utf8.count
    while position + mark.count <= bytes.count {
      if bytes[position..<position + mark.count].elementsEqual(mark) { return String(decoding: bytes[..<(position + mark.count)], as: UTF8.self) }
      position += 1
    }
    return nil
  }
}

extension RecordKey {
  fileprivate func appending(_ component: String) -> RecordKey {
    RecordKey(tenant: tenant, components: components + [component])
  }
}
