internal import Wire

/// The services of a storage account. Each has host names of its own: `<account>.<service>.core.<domain>`.
package enum StorageService: String, Sendable, CaseIterable {
  case blob
  case queue
  case table
  /// The static website, which anybody may read.
  case web

  /// The letter by which an account SAS (`ss`) and a user delegation key (`sks`) name it; nil where no signature reaches.
  var letter: Character? {
    switch self {
    case .blob: "b"
    case .queue: "q"
    case .table: "t"
    case .web: nil
    }
  }

  /// How it reads the signatures that are presented to it; nil where none can be.
  var signatures: SharedAccessSignature.Service? {
    SharedAccessSignature.Service(rawValue: rawValue)
  }
}
