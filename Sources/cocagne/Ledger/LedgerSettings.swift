internal import Base
internal import Ledger
internal import NIOCore
internal import Wire

/// What the operator decides of the ledger: `ledger.json` in the data directory, written without a witness at the first start.
///
///     { "witnesses": [
///         { "name": "archive", "directory": "/mnt/archive/ledger", "history": 1440 },
///         { "name": "notary", "url": "https://witness.example.org", "key": "witness.example.org+7a1b2c3d+BA…", "authority": "/etc/notary.pem" } ] }
struct LedgerSettings {
  struct Witness {
    var name: String
    var place: Place

    enum Place {
      /// A directory that another party keeps; how many earlier checkpoints stay in it.
      case directory(String, history: Int)
      /// An endpoint of C2SP's witness protocol, its key, and the certificate of its authority where that is not one that everybody trusts.
      case endpoint(String, key: NoteVerifier, authority: String?)
    }
  }

  var witnesses: [Witness]

  private static let maximumWitnesses = 16
  /// A day of minutes.
  private static let standardHistory: Int64 = 1440
  private static let history: ClosedRange<Int64> = 0...1_000_000

  static func read(_ directory: DataDirectory) throws -> LedgerSettings {
    guard let bytes = try DataDirectory.read(directory.ledgerSettings) else {
      try DataDirectory.write("{\n  \"witnesses\": []\n}\n".utf8, to: directory.ledgerSettings)
      return LedgerSettings(witnesses: [])
    }
    do {
      let witnesses = try (JSON(parsing: bytes)["witnesses"]?.array ?? []).map { try witness($0) }
      guard witnesses.count <= maximumWitnesses else { throw Invalid(reason: "witnesses: \(maximumWitnesses)") }
      guard Set(witnesses.map(\.name)).count == witnesses.count else { throw Invalid(reason: "witnesses: name") }
      return LedgerSettings(witnesses: witnesses)
    } catch {
      throw OperatorError("\(directory.ledgerSettings) n'est pas utilisable : \(error).", "\(directory.ledgerSettings) cannot be used: \(error).")
    }
  }

  private static func witness(_ json: JSON) throws -> Witness {
    guard let name = json["name"]?.string, !name.isEmpty else { throw Invalid(reason: "witnesses: name") }
    if let path = json["directory"]?.string {
      let kept = json["history"]?.integer ?? standardHistory
      guard path.hasPrefix("/") else { throw Invalid(reason: "\(name): directory: an absolute path is expected") }
      guard history.contains(kept) else { throw Invalid(reason: "\(name): history: \(history)") }
      return Witness(name: name, place: .directory(path, history: Int(kept)))
    }
    guard let url = json["url"]?.string, url.hasPrefix("https://") else {
      throw Invalid(reason: "\(name): directory, or url that begins with https://")
    }
    guard let key = json["key"]?.string.flatMap({ NoteVerifier($0) }), key.kind == .cosignature else {
      throw Invalid(reason: "\(name): key: a verifier key of cosignatures is expected")
    }
    let authority = try json["authority"]?.string.map { path in
      guard let bytes = try DataDirectory.read(path) else { throw Invalid(reason: "\(name): authority: \(path)") }
      return String(decoding: bytes, as: UTF8.self)
    }
    return Witness(name: name, place: .endpoint(url.hasSuffix("/") ? String(url.dropLast()) : url, key: key, authority: authority))
  }

  /// The witnesses themselves.
  func open(group: any EventLoopGroup) -> [any LedgerWitness] {
    witnesses.map { witness in
      switch witness.place {
      case .directory(let path, let history): DirectoryWitness(name: witness.name, path: path, history: history)
      case .endpoint(let url, let key, let authority): WebWitness(name: witness.name, url: url, key: key, authority: authority, group: group)
      }
    }
  }

  private struct Invalid: Error, CustomStringConvertible {
    var reason: String
    var description: String { reason }
  }
}
