/// What a record store cannot do, and no caller of the cloud is to blame for.
public enum RecordStoreError: Error, Sendable {
  /// Another process, or another store of this one, has the data open. `path` is the store's.
  case inUse(path: String)
  /// A file cannot be opened or made: the operating system's error number and its path.
  case cannotOpen(path: String, errno: Int32)
  /// The file is not a record store, or was written by a later version of the program (`found` above `supported`).
  case unsupportedStore(path: String, found: Int, supported: Int)
  /// The file is damaged or no database at all.
  case unreadable(path: String, cause: any Error)
  /// The engine did not take a setting on which durability rests.
  case settingRefused(name: String, value: String)
  /// The store is closed.
  case closed
  /// A record was written by a later version of the program.
  case newerFormat(kind: String, found: UInt8, supported: UInt8)
  /// A record's bytes do not decode.
  case malformed(kind: String, cause: any Error)
  /// An index entry points to no record.
  case danglingIndex(kind: String, index: String)
}

extension RecordStoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .inUse(let path): "\(path) is in use by another process"
    case .cannotOpen(let path, let errno): "\(path) cannot be opened (errno \(errno))"
    case .unsupportedStore(let path, let found, let supported): "\(path) has store format \(found); this program reads \(supported)"
    case .unreadable(let path, let cause): "\(path) cannot be read: \(cause)"
    case .settingRefused(let name, let value): "the database engine answered \(name) = \(value)"
    case .closed: "the record store is closed"
    case .newerFormat(let kind, let found, let supported): "a record of kind \(kind) has format \(found); this program reads up to \(supported)"
    case .malformed(let kind, let cause): "a record of kind \(kind) does not decode: \(cause)"
    case .danglingIndex(let kind, let index): "index \(index) of kind \(kind) points to a record that is not there"
    }
  }
}
