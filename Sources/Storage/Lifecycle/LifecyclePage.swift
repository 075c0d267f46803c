internal import Base
internal import Records

/// A bounded part of an account's blobs as the rules see it, read in one snapshot.
struct LifecyclePage: Sendable {
  struct Candidate: Sendable {
    var container: String
    var blob: Blob
  }

  /// Those for which something is to be done.
  private(set) var candidates: [Candidate] = []
  /// Where to go on; nil at the end of the account.
  private(set) var next: LifecycleRun.Position?

  /// Looks at up to `limit` containers, blobs and generations behind a position.
  init(
    after position: LifecycleRun.Position?, _ policy: ManagementPolicy, _ account: StorageAccount, at now: Timestamp, limit: Int,
    in reader: any RecordReader
  ) throws {
    let accessesSince = try BlobServiceProperties.of(account, in: reader).lastAccessTrackingSince
    let parent = RecordKey(tenant: account.tenant, account.partition)
    let start = position.map { Container.key(account, name: $0.container) }
    let isDone = position?.part == .end
    let containers = try reader.list(
      Container.self, under: parent, from: isDone ? nil : start, after: isDone ? start : nil, limit: limit)
    var rest = limit
    for container in containers {
      let resumed = position?.container == container.name ? position : nil
      rest -= 1
      if policy.reaches(container.name) {
        // A blob that is to be deleted waits for what was there before it.
        for part in [LifecycleRun.Part.generations, .blobs] {
          guard resumed?.part != .blobs || part == .blobs, part == .blobs ? policy.concernsBlobs : policy.concernsGenerations else {
            continue
          }
          let after = resumed?.part == part ? resumed?.after : nil
          let blobs = try Self.list(part, of: container, after: after, limit: max(rest, 1), in: reader)
          candidates += blobs.filter { blob in
            policy.action(on: blob, in: container.name, of: account, accessesSince: accessesSince, at: now) != nil
          }.map { Candidate(container: container.name, blob: $0) }
          rest -= blobs.count
          if rest <= 0 {
            next = LifecycleRun.Position(container: container.name, part: part, after: blobs.last.map(Self.place) ?? after)
            return
          }
        }
      }
      next = LifecycleRun.Position(container: container.name, part: .end)
      if rest <= 0 { return }
    }
    if containers.count < limit { next = nil }
  }

  private static func list(
    _ part: LifecycleRun.Part, of container: Container, after: [String]?, limit: Int, in reader: any RecordReader
  ) throws -> [Blob] {
    let parent = RecordKey(tenant: container.tenant, container.id.description)
    // The same name may stand for a container that was made since: its blobs are filed elsewhere.
    let position = after.map { RecordKey(tenant: container.tenant, components: parent.components + $0) }
    guard part == .generations else { return try reader.list(Blob.self, under: parent, after: position, limit: limit) }
    return try reader.list(BlobGeneration.self, under: parent, after: position, limit: limit).map(\.blob)
  }

  /// What follows the container in a record's key.
  private static func place(_ blob: Blob) -> [String] {
    blob.isCurrent ? [blob.name] : [blob.name, BlobGeneration.timeKey(BlobGeneration(blob: blob).time)]
  }
}
