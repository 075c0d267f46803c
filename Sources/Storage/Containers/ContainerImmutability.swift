internal import Base

/// What keeps all blobs of a container from being changed: a retention policy, legal holds; and whether each version may have a policy of its own.
///
/// Source: Microsoft, "Container-level WORM policies for immutable blob data" and "Blob Containers", REST reference of the storage resource provider.
struct ContainerImmutability: Sendable, Equatable {
  var policy: RetentionTerms?
  /// Legal holds, each by its tag: the container is held as long as there is one.
  var holds: [LegalHold] = []
  /// Whether append blobs, or block and append blobs, may be appended to under a legal hold.
  var holdAllowsAppend = false
  /// Whether versions may have policies and legal holds of their own.
  var isVersionLevel = false

  /// Legal holds of one container.
  static let maximumHolds = 10

  struct LegalHold: Sendable, Equatable {
    /// 3 to 23 letters and digits.
    var tag: String
    var set: Timestamp
    var setter: GUID
  }

  var isEmpty: Bool { policy == nil && holds.isEmpty && !isVersionLevel }
}

/// A container's time-based retention policy.
struct RetentionTerms: Sendable, Equatable {
  var etag: GUID
  /// Days for which each blob is kept from its creation on.
  var days: Int
  var isLocked: Bool
  /// Whether blocks may be added to append blobs, whose time then counts from the last one on.
  var allowsAppend: Bool
  /// Likewise for block blobs.
  var allowsAllAppend: Bool
  /// How it came to be what it is, oldest first.
  var history: [Update]

  static let dayRange = 1...146_000
  /// Extensions of a locked policy.
  static let maximumExtensions = 5

  struct Update: Sendable, Equatable {
    enum Kind: String, Sendable {
      case put
      case lock
      case extend
    }

    var kind: Kind
    var days: Int
    var time: Timestamp
    var principal: GUID
  }
}

extension ContainerImmutability {
  func encode(to writer: inout ByteWriter) {
    writer.optional(policy) { writer, policy in policy.encode(to: &writer) }
    writer.list(holds) { writer, hold in
      writer.string(hold.tag)
      writer.timestamp(hold.set)
      writer.guid(hold.setter)
    }
    writer.flag(holdAllowsAppend)
    writer.flag(isVersionLevel)
  }

  init(from reader: inout ByteReader) throws {
    policy = try reader.optional { try RetentionTerms(from: &$0) }
    holds = try reader.list { reader in LegalHold(tag: try reader.string(), set: try reader.timestamp(), setter: try reader.guid()) }
    holdAllowsAppend = try reader.flag()
    isVersionLevel = try reader.flag()
  }
}

extension RetentionTerms {
  func encode(to writer: inout ByteWriter) {
    writer.guid(etag)
    writer.integer(days)
    writer.flag(isLocked)
    writer.flag(allowsAppend)
    writer.flag(allowsAllAppend)
    writer.list(history) { writer, update in
      writer.string(update.kind.rawValue)
      writer.integer(update.days)
      writer.timestamp(update.time)
      writer.guid(update.principal)
    }
  }

  init(from reader: inout ByteReader) throws {
    etag = try reader.guid()
    days = try reader.integer()
    isLocked = try reader.flag()
    allowsAppend = try reader.flag()
    allowsAllAppend = try reader.flag()
    history = try reader.list { reader in
      guard let kind = Update.Kind(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
      return Update(kind: kind, days: try reader.integer(), time: try reader.timestamp(), principal: try reader.guid())
    }
  }
}
