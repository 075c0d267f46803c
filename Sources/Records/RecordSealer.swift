public import Base
internal import Synchronization

/// Seals what records say, so that at rest only what finds them can be read. A record decides what of it is sealed (`Record.seal`, `Record.open`).
public protocol RecordSealer: Sendable {
  /// Seals a part of a record under a key of `owner`: a tenant or, as `GUID.zero`, the platform. `context` says which record it is of; it is authenticated,
  /// and must be given again.
  func seal(_ content: [UInt8], context: [UInt8], owner: GUID, in transaction: RecordTransaction) throws -> [UInt8]

  /// Opens what `seal` gave; nil while its key is closed, and once its key was destroyed. Throws for what is not what was sealed.
  func open(_ sealed: [UInt8], context: [UInt8], owner: GUID, in reader: any RecordReader) throws -> [UInt8]?
}

/// What seals the records of a store: nothing, until something is given that does.
final class CurrentSealer: Sendable {
  private let sealer = Mutex<(any RecordSealer)?>(nil)

  var current: (any RecordSealer)? { sealer.withLock { $0 } }

  func use(_ sealer: any RecordSealer) { self.sealer.withLock { $0 = sealer } }
}
