internal import Base
internal import Extents
internal import NIOCore
internal import Records

/// Bytes of a blob that are to be sealed again under another key, found but not read yet.
struct ContentOriginal: Sendable {
  let source: BlobContents.Source
  let size: Int
  /// What they are cut into; nil for a blob that was put as a whole.
  let blocks: [CommittedBlock]?

  /// The whole of a blob that has no pages.
  init(_ blob: Blob, account: StorageAccount, contents: BlobContents, in reader: any RecordReader) throws {
    source = try contents.source(blob, range: 0..<blob.size, account: account, in: reader)
    size = blob.size
    if case .blocks(let summary) = blob.content { blocks = try contents.blocks(summary, tenant: blob.tenant, in: reader) } else { blocks = nil }
  }

  /// Some of a blob's blocks, of which the first begins at `offset` of the blob.
  init(
    _ blocks: [CommittedBlock], at offset: Int, of blob: Blob, account: StorageAccount, contents: BlobContents, in reader: any RecordReader
  ) throws {
    self.blocks = blocks
    size = blocks.reduce(0) { $0 + $1.size }
    source = try contents.source(blob, range: offset..<offset + size, account: account, in: reader)
  }
}

/// The same bytes under the other key, which nothing refers to yet.
enum ContentCopy: Sendable {
  case inline([UInt8])
  case extent(SealedExtent)
  case blocks([(id: [UInt8], extent: SealedExtent)])
}

/// The bytes to copy are not there, are damaged, or are not the ones that were meant.
struct UnreadableOriginal: Error {
  let cause: any Error

  /// Nil for an error that says nothing of the bytes, and may pass.
  init?(_ cause: any Error) {
    guard cause is CloudError || cause is ExtentError || cause is BlobDamage else { return nil }
    self.cause = cause
  }
}

extension BlobContents {
  /// Extents that are written before they are synced together.
  private static let copiesPerSync = 64
  private static let copiedPieceBytes = 256 << 10

  /// Reads the original and seals it again. Throws `UnreadableOriginal` where that is the original's fault.
  func copy(_ original: ContentOriginal, tenant: GUID, key: BlobKey, inlineBytes: Int) async throws -> ContentCopy {
    let reader = CopiedBytes(original.source)
    guard let blocks = original.blocks else {
      guard original.size > inlineBytes else { return .inline(Array(try await reader.collect(original.size).readableBytesView)) }
      return .extent(try await copy([original.size], reader, tenant: tenant, key: key)[0])
    }
    let extents = try await copy(blocks.map(\.size), reader, tenant: tenant, key: key)
    return .blocks(zip(blocks, extents).map { ($0.id, $1) })
  }

  /// One extent for each of the sizes, in their order.
  func copy(_ sizes: [Int], _ reader: CopiedBytes, tenant: GUID, key: BlobKey) async throws -> [SealedExtent] {
    var sealed: [SealedExtent] = []
    sealed.reserveCapacity(sizes.count)
    for start in stride(from: 0, to: sizes.count, by: Self.copiesPerSync) {
      var writers: [ExtentWriter] = []
      do {
        for size in sizes[start..<min(start + Self.copiesPerSync, sizes.count)] {
          let writer = try await extents.write(length: size, tenant: tenant, key: key.dataKey, callerKey: key.customerKey?.key)
          writers.append(writer)
          var rest = size
          while rest > 0 {
            try Task.checkCancellation()
            let piece = try await reader.next(upTo: min(rest, Self.copiedPieceBytes))
            rest -= piece.readableBytes
            try await writer.append(piece)
          }
        }
        sealed += try await Self.finish(writers)
      } catch {
        for writer in writers { writer.cancel() }
        throw error
      }
    }
    return sealed
  }

  /// Makes copied bytes a blob's.
  func save(_ copy: ContentCopy, id: GUID, account: StorageAccount, key: BlobKey, in transaction: RecordTransaction) throws -> BlobContent {
    switch copy {
    case .inline(let bytes):
      if bytes.isEmpty { return .empty }
      try save(inline: bytes, id: id, account: account, key: key, in: transaction)
      return .inline(id)
    case .extent(let extent):
      try extents.commit(extent, in: transaction)
      return .extent(extent.id)
    case .blocks(let blocks):
      return .blocks(try save(blocks: try commit(blocks, in: transaction), id: id, tenant: account.tenant, in: transaction))
    }
  }

  func commit(_ blocks: [(id: [UInt8], extent: SealedExtent)], in transaction: RecordTransaction) throws -> [CommittedBlock] {
    try blocks.map { block in
      try extents.commit(block.extent, in: transaction)
      return CommittedBlock(id: block.id, extent: block.extent.id, size: block.extent.length, ownsExtent: true)
    }
  }
}

/// Gives an original's bytes in the pieces that are asked for.
final class CopiedBytes: Sendable {
  private let reader: any BlobByteReader

  init(_ source: BlobContents.Source) {
    switch source {
    case .bytes(let buffer): reader = BufferReader(buffer)
    case .extents(let extents): reader = extents
    }
  }

  init(_ reader: any BlobByteReader) {
    self.reader = reader
  }

  /// At least one byte. Throws `UnreadableOriginal`, also where there is none left.
  func next(upTo maximumBytes: Int) async throws -> ByteBuffer {
    do {
      guard let piece = try await reader.next(upTo: maximumBytes), piece.readableBytes > 0 else { throw BlobDamage.wrongLength }
      return piece
    } catch {
      throw UnreadableOriginal(error) ?? error
    }
  }

  /// So many bytes, which must be few.
  func collect(_ count: Int) async throws -> ByteBuffer {
    var whole = ByteBuffer()
    while whole.readableBytes < count {
      var piece = try await next(upTo: count - whole.readableBytes)
      whole.writeBuffer(&piece)
    }
    return whole
  }
}
