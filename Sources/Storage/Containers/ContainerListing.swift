internal import Base
internal import Records
internal import Wire

/// A list of an account's containers in the order of their names, each behind those that were deleted under its name and can still be
/// restored.
struct ContainerListing {
  var account: StorageAccount
  var prefix = ""
  var withDeleted = false
  /// Whether the service's own containers are listed too.
  var withSystem = false
  var now: Timestamp

  enum Item: Sendable {
    case container(Container)
    case deleted(DeletedContainer)

    var name: String {
      switch self {
      case .container(let container): container.name
      case .deleted(let deleted): deleted.container.name
      }
    }

    fileprivate var marker: ListMarker {
      switch self {
      case .container(let container): .after(container.name)
      case .deleted(let deleted): .afterGeneration(deleted.container.name, deleted.deletedTime)
      }
    }
  }

  /// Where the service keeps its logs; every account has it.
  static let logs = "$logs"
  private static let system = [logs, "$blobchangefeed"]

  /// Up to `limit` containers, and where to go on if there are more.
  func page(after marker: ListMarker?, limit: Int, in reader: any RecordReader) throws -> (items: [Item], next: ListMarker?) {
    var (present, deleted) = cursors(after: marker, limit: limit)
    var items: [Item] = []
    var last = marker
    if marker == nil, withSystem, let logs = try logs(in: reader) {
      items.append(.container(logs))
      last = .after(logs.name)
    }
    while true {
      let container = try present.peek(in: reader)
      let other = withDeleted ? try deleted.peek(in: reader) : nil
      let item: Item
      switch (container, other) {
      case (nil, nil): return (items, nil)
      case (let container?, nil): item = .container(container)
      case (nil, let other?): item = .deleted(other)
      case (let container?, let other?):
        let isFirst = container.name.utf8.lexicographicallyPrecedes(other.container.name.utf8)
        item = isFirst ? .container(container) : .deleted(other)
      }
      if shows(item) {
        if items.count == limit { return (items, last) }
        items.append(item)
        last = item.marker
      }
      if case .container = item { present.advance() } else { deleted.advance() }
    }
  }

  private func shows(_ item: Item) -> Bool {
    switch item {
    case .container(let container): withSystem || !Self.system.contains(container.name)
    case .deleted(let deleted): deleted.deletion.expires > now
    }
  }

  /// Until something is written there it is shown without being stored.
  private func logs(in reader: any RecordReader) throws -> Container? {
    guard Self.logs.utf8.starts(with: prefix.utf8), try !reader.exists(Container.self, Container.key(account, name: Self.logs)) else { return nil }
    return Container(
      tenant: account.tenant, partition: account.partition, name: Self.logs, id: .zero, etag: ETag(at: account.createdTime),
      lastModified: account.createdTime, createdTime: account.createdTime, metadata: Metadata(), publicAccess: .none, policies: [])
  }

  private func cursors(after marker: ListMarker?, limit: Int) -> (NameCursor<Container>, NameCursor<DeletedContainer>) {
    let parent = RecordKey(tenant: account.tenant, account.partition)
    let batch = min(limit + 1, NameCursor<Container>.maximumBatch)
    var present = NameCursor<Container>.Start.beginning
    var deleted = NameCursor<DeletedContainer>.Start.beginning
    switch marker {
    case .after(let name):
      present = .after(Container.key(account, name: name))
      // No version begins so late.
      deleted = .after(DeletedContainer.key(account, name: name, version: "~"))
    case .afterGeneration(let name, let time):
      present = .from(Container.key(account, name: name))
      deleted = .after(DeletedContainer.key(account, name: name, version: DeletedContainer.version(time)))
    case .afterPrefix, nil: break
    }
    return (
      NameCursor(parent: parent, prefix: prefix, start: present, batch: batch, name: { $0.name }),
      NameCursor(parent: parent, prefix: prefix, start: deleted, batch: batch, name: { $0.container.name })
    )
  }
}
