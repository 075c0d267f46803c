internal import Crypto
internal import Synchronization
internal import Wire

/// Shared access signatures of one account that were read before and that its keys were found to have made: programs send the same one with
/// thousands of requests. Whether one holds at this time, from here and for this, is asked anew each time.
///
/// It belongs to an account with its keys (`OpenAccount`), and is gone with the first change of either.
final class KnownSignatures: Sendable {
  /// Signatures kept in memory.
  static let maximumCount = 256

  private struct Known {
    var query: Query
    var signature: SharedAccessSignature
    /// What it was found to be for.
    var place: Place
  }

  /// What of a request's target goes into the string that was signed; empty where nothing does.
  private struct Place: Equatable {
    var container = ""
    var blob = ""

    /// Nil where more of the request goes into it.
    init?(_ signature: SharedAccessSignature, container: String, blob: String) {
      guard signature.kind != .userDelegation, signature["srh"] == nil, signature["srq"] == nil else { return nil }
      if signature.kind == .account { return }
      self.container = container
      guard signature.service == .blob, signature["sr"] != "c" else { return }
      guard signature["sr"] == "b" else { return nil }
      self.blob = blob
    }
  }

  /// By a digest of the signature: no comparison takes longer, the more of a guessed one is right.
  private let known = Mutex<[SHA256Digest: Known]>([:])

  /// The signature of a query; nil where it has none. Throws `SharedAccessSignature.Malformed`.
  func signature(
    of query: Query, service: SharedAccessSignature.Service
  ) throws(SharedAccessSignature.Malformed) -> SharedAccessSignature? {
    if let found = find(query), found.signature.service == service { return found.signature }
    return try SharedAccessSignature(parsing: query, service: service)
  }

  /// Whether a signature, read from this query, is known to be one for this place.
  func contains(_ signature: SharedAccessSignature, _ query: Query, container: String, blob: String) -> Bool {
    guard let found = find(query), found.signature.service == signature.service else { return false }
    return found.place == Place(signature, container: container, blob: blob)
  }

  /// Keeps one that a key of the account has made.
  func insert(_ signature: SharedAccessSignature, _ query: Query, container: String, blob: String) {
    guard let place = Place(signature, container: container, blob: blob), let digest = Self.digest(of: query),
      query.items.allSatisfy({ SharedAccessSignature.parameters.contains($0.name.lowercased()) })
    else { return }
    known.withLock { known in
      if known.count >= Self.maximumCount { known.removeAll() }
      known[digest] = Known(query: query, signature: signature, place: place)
    }
  }

  private func find(_ query: Query) -> Known? {
    guard let digest = Self.digest(of: query), let found = known.withLock({ $0[digest] }), found.query == query else { return nil }
    return found
  }

  private static func digest(of query: Query) -> SHA256Digest? {
    guard var signature = query["sig"] else { return nil }
    var hasher = SHA256()
    signature.withUTF8 { hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    return hasher.finalize()
  }
}
