internal import Base
internal import Extents
internal import Records

/// Bounded steps by which what no client can reach any longer is removed and its space given back. Each is one transaction, so that a
/// crash between them loses nothing and repeats nothing.
enum BlobPurge {
  /// Containers, blobs or blocks of one step.
  static let maximumRecordsPerStep = 64

  /// Takes one step of a task and removes the task with the last one. True when it was.
  static func step(_ task: PurgeTask, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    guard var task = try transaction.fetch(PurgeTask.self, task.key) else { return true }
    let isDone =
      switch task.subject {
      case .account(let partition): try purge(account: partition, tenant: task.tenant, contents: contents, in: transaction)
      case .container(let id): try purge(container: id, tenant: task.tenant, contents: contents, in: transaction)
      case .blockList(let id): try purge(blockList: id, tenant: task.tenant, contents: contents, in: transaction)
      case .stage(let id, let releasesExtents):
        try purge(stage: id, releasesExtents: releasesExtents, tenant: task.tenant, contents: contents, in: transaction)
      case .pages(let map, let first): try purge(pages: map, from: first, &task, contents: contents, in: transaction)
      case .messages(let id): try QueuePurge.purge(messages: id, tenant: task.tenant, in: transaction)
      case .entities(let id): try TablePurge.purge(entities: id, tenant: task.tenant, in: transaction)
      }
    if isDone { try transaction.remove(PurgeTask.self, task.key) }
    return isDone
  }

  private static func purge(
    pages map: GUID, from first: Int, _ task: inout PurgeTask, contents: BlobContents, in transaction: RecordTransaction
  ) throws -> Bool {
    guard let next = try contents.purge(pages: map, from: first, tenant: task.tenant, in: transaction) else { return true }
    task.subject = .pages(map, fromWindow: next)
    try transaction.save(task)
    return false
  }

  /// The blobs of each container become a task of their own.
  private static func purge(account partition: String, tenant: GUID, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    let containers = try transaction.list(Container.self, under: RecordKey(tenant: tenant, partition), limit: maximumRecordsPerStep)
    for container in containers {
      try transaction.remove(Container.self, container.key)
      try contents.schedule(.container(container.id), tenant: tenant, in: transaction)
    }
    guard containers.count < maximumRecordsPerStep else { return false }
    let deleted = try transaction.list(DeletedContainer.self, under: RecordKey(tenant: tenant, partition), limit: maximumRecordsPerStep)
    for container in deleted {
      try transaction.remove(DeletedContainer.self, container.key)
      try contents.schedule(.container(container.container.id), tenant: tenant, in: transaction)
    }
    guard deleted.count < maximumRecordsPerStep else { return false }
    guard try QueuePurge.purge(account: partition, tenant: tenant, contents: contents, in: transaction) else { return false }
    guard try TablePurge.purge(account: partition, tenant: tenant, contents: contents, in: transaction) else { return false }
    return try ChangeFeedPublisher.purge(account: partition, tenant: tenant, in: transaction)
  }

  private static func purge(container: GUID, tenant: GUID, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    let parent = RecordKey(tenant: tenant, container.description)
    var released = 0
    let blobs = try transaction.list(Blob.self, under: parent, limit: maximumRecordsPerStep)
    for blob in blobs {
      try transaction.remove(Blob.self, blob.key)
      released += try contents.release(blob.content, tenant: tenant, in: transaction)
      if released >= BlobContents.maximumReleasesPerTransaction { return false }
    }
    guard blobs.count < maximumRecordsPerStep else { return false }
    let generations = try transaction.list(BlobGeneration.self, under: parent, limit: maximumRecordsPerStep)
    for generation in generations {
      try transaction.remove(BlobGeneration.self, generation.key)
      released += try contents.release(generation.blob.content, tenant: tenant, in: transaction)
      if released >= BlobContents.maximumReleasesPerTransaction { return false }
    }
    guard generations.count < maximumRecordsPerStep else { return false }
    let uncommitted = try transaction.list(UncommittedBlob.self, under: parent, limit: maximumRecordsPerStep)
    for blob in uncommitted {
      try transaction.remove(UncommittedBlob.self, blob.key)
      try contents.schedule(.stage(blob.stage, releasesExtents: true), tenant: tenant, in: transaction)
    }
    return uncommitted.count < maximumRecordsPerStep
  }

  /// One chunk a step.
  private static func purge(blockList: GUID, tenant: GUID, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    let chunks = try transaction.list(BlockListChunk.self, under: RecordKey(tenant: tenant, blockList.description), limit: 2)
    guard let chunk = chunks.first else {
      try contents.repay(loanOf: blockList, tenant: tenant, in: transaction)
      return true
    }
    for block in chunk.blocks where block.ownsExtent { try contents.extents.release(block.extent, tenant: tenant, in: transaction) }
    try transaction.remove(BlockListChunk.self, chunk.key)
    return false
  }

  private static func purge(
    stage: GUID, releasesExtents: Bool, tenant: GUID, contents: BlobContents, in transaction: RecordTransaction
  ) throws -> Bool {
    let limit = BlobContents.maximumReleasesPerTransaction
    let blocks = try transaction.list(UncommittedBlock.self, under: RecordKey(tenant: tenant, stage.description), limit: limit)
    for block in blocks {
      try transaction.remove(UncommittedBlock.self, block.key)
      if releasesExtents { try contents.extents.release(block.extent, tenant: tenant, in: transaction) }
    }
    return blocks.count < limit
  }

  /// Drops up to `limit` lists of uncommitted blocks on which nothing was done for as long as `limits` says. True when none is left.
  static func expire(at now: Timestamp, limits: StorageLimits, limit: Int, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    let oldest = try transaction.list(UncommittedBlob.self, index: UncommittedBlob.activityIndex, [], tenant: .zero, limit: limit)
    var count = 0
    for blob in oldest {
      guard now.seconds - blob.lastActivity.seconds >= limits.uncommittedSeconds + UncommittedBlob.activityResolutionSeconds else { break }
      try transaction.remove(UncommittedBlob.self, blob.key)
      try contents.schedule(.stage(blob.stage, releasesExtents: true), tenant: blob.tenant, in: transaction)
      count += 1
    }
    return count < limit
  }

  /// Removes up to `limit` blobs and as many containers that can no longer be restored. True when none is left.
  static func expireDeleted(at now: Timestamp, limit: Int, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    var count = 0
    var released = 0
    for blob in try transaction.list(BlobGeneration.self, index: BlobGeneration.expiryIndex, [], tenant: .zero, limit: limit) {
      guard let deletion = blob.blob.deletion, deletion.expires <= now else { break }
      try transaction.remove(BlobGeneration.self, blob.key)
      released += try contents.release(blob.blob.content, tenant: blob.blob.tenant, in: transaction)
      count += 1
      if released >= BlobContents.maximumReleasesPerTransaction { return false }
    }
    var containers = 0
    for deleted in try transaction.list(DeletedContainer.self, index: DeletedContainer.expiryIndex, [], tenant: .zero, limit: limit) {
      guard deleted.deletion.expires <= now else { break }
      try transaction.remove(DeletedContainer.self, deleted.key)
      try contents.schedule(.container(deleted.container.id), tenant: deleted.container.tenant, in: transaction)
      containers += 1
    }
    return count < limit && containers < limit
  }
}
