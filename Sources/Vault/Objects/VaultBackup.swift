internal import Base
internal import Records

/// A thing with all of its versions, or several that belong together (a certificate, its key and its secret), as a backup holds them.
struct VaultBackup: Sendable {
  /// Another subscription's vaults do not take it back.
  var subscription: GUID
  /// The one that was backed up comes first.
  var things: [Thing]

  struct Thing: Sendable {
    var object: VaultObject
    var versions: [Version]
  }

  struct Version: Sendable {
    /// Without what is sealed.
    var version: VaultObjectVersion
    /// What was sealed, opened.
    var content: [UInt8]?
    /// The key that a security module keeps, wrapped by the module.
    var wrappedModuleKey: [UInt8]?
  }

  private static let format: UInt8 = 1

  init(subscription: GUID, things: [Thing]) {
    self.subscription = subscription
    self.things = things
  }

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.byte(Self.format)
    writer.guid(subscription)
    writer.list(things) { writer, thing in
      writer.byte(VaultObject.format)
      thing.object.encode(to: &writer)
      writer.list(thing.versions) { writer, version in
        writer.byte(VaultObjectVersion.format)
        version.version.encode(to: &writer)
        writer.optional(version.content) { $0.blob($1) }
        writer.optional(version.wrappedModuleKey) { $0.blob($1) }
      }
    }
    return writer.bytes
  }

  /// Throws `ByteReader.Malformed` for anything else, and for what a later version of the program wrote.
  init(_ bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    guard try reader.byte() == Self.format else { throw ByteReader.Malformed() }
    subscription = try reader.guid()
    things = try reader.list { reader in
      let format = try Self.format(of: VaultObject.self, &reader)
      let object = try VaultObject(from: &reader, format: format)
      return Thing(
        object: object,
        versions: try reader.list { reader in
          let format = try Self.format(of: VaultObjectVersion.self, &reader)
          return Version(
            version: try VaultObjectVersion(from: &reader, format: format), content: try reader.optional { try $0.blob() },
            wrappedModuleKey: try reader.optional { try $0.blob() })
        })
    }
    guard reader.isAtEnd, !things.isEmpty else { throw ByteReader.Malformed() }
  }

  private static func format<R: Record>(of type: R.Type, _ reader: inout ByteReader) throws -> UInt8 {
    let format = try reader.byte()
    guard format <= R.format else { throw ByteReader.Malformed() }
    return format
  }
}

extension VaultBackup: CustomStringConvertible, CustomReflectable {
  var description: String { "a backup of \(things.count) things" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

extension VaultBackup.Version: CustomStringConvertible, CustomReflectable {
  var description: String { "a backup of a version" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
