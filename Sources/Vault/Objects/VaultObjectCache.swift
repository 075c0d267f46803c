internal import Base
internal import Records
internal import Synchronization

/// Things of vaults that were looked at, with the versions that were, so that the next look needs no read. What is sealed stays sealed.
final class VaultObjectCache: Sendable {
  struct Place: Hashable, Sendable {
    var partition: String
    var collection: VaultCollection
    /// In lower case.
    var name: String

    init(_ partition: String, _ collection: VaultCollection, _ name: String) {
      self.partition = partition
      self.collection = collection
      self.name = name.lowercased()
    }
  }

  private struct Things {
    var objects: [Place: (object: VaultObject, versions: [String: VaultObjectVersion])] = [:]
    var bytes = 0
    /// Grows with every change, so that what was read before one is not kept after it.
    var generation = 0
  }

  private let things = Mutex(Things())

  /// What is known of a version (nil: the current one), and the number to give to `insert` with what is read instead.
  func find(_ place: Place, _ version: String?) -> (found: (object: VaultObject, version: VaultObjectVersion)?, generation: Int) {
    things.withLock { things in
      guard let known = things.objects[place], let version = known.versions[version ?? known.object.currentVersion] else {
        return (nil, things.generation)
      }
      return ((known.object, version), things.generation)
    }
  }

  func insert(_ object: VaultObject, _ version: VaultObjectVersion, at place: Place, generation: Int) {
    let texts = [version.publicPart, version.contentType, version.keyURL, object.policy].reduce(0) { $0 + ($1?.utf8.count ?? 0) }
    let tags = version.tags?.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + VaultLimits.cachedTagOverheadBytes } ?? 0
    let bytes = (version.sealed?.count ?? 0) + texts + tags + VaultLimits.cachedVersionOverheadBytes
    guard bytes <= VaultLimits.maximumCachedBytes else { return }
    things.withLock { things in
      guard things.generation == generation else { return }
      if things.bytes + bytes > VaultLimits.maximumCachedBytes {
        things.objects.removeAll()
        things.bytes = 0
      }
      if things.objects[place, default: (object, [:])].versions.updateValue(version, forKey: version.version) == nil { things.bytes += bytes }
    }
  }

  /// Forgets a thing once the transaction that changes it is durable.
  func invalidate(_ place: Place, after transaction: RecordTransaction) {
    transaction.afterCommit { [self] in
      things.withLock { things in
        things.objects[place] = nil
        things.generation += 1
        // What it took is not taken off: the sum is an upper bound, and begins anew with the next clearing.
      }
    }
  }
}
