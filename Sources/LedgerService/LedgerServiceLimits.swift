/// The bounds of the ledger service.
public enum LedgerServiceLimits {
  /// Bytes of one entry's contents.
  public static let maximumContentBytes = 1 << 20
  /// Bytes of a request's body: an entry whose contents are all escaped. What is longer than an entry is refused after it is parsed.
  static let maximumBodyBytes = 2 << 20
  /// Nesting of a request's JSON.
  static let maximumBodyDepth = 16
  /// Bytes of the name of a collection.
  static let maximumCollectionBytes = 256
  /// Tags of one entry, and bytes of a tag.
  static let maximumTags = 5
  static let maximumTagBytes = 256
  /// Users of one ledger.
  static let maximumUsers = 1024
  /// Ledgers of one subscription.
  static let maximumLedgers = 1000
  /// Entries of one page, and bytes of contents after which a page takes no further entry.
  static let maximumPageEntries = 100
  static let maximumPageBytes = 4 << 20
  /// Entries of a page that are read at once: each may have a megabyte, and how many fit is known only then.
  static let pageStep = 4
  /// Collections of one page.
  static let maximumPageCollections = 1000
  /// Entries that share one commit, and bytes of contents after which a commit takes no further entry.
  static let maximumEntriesPerCommit = 256
  static let maximumBytesPerCommit = 8 << 20
  /// Entries that may wait for their commit, of all ledgers together, and the bytes of their contents; further ones get 503.
  static let maximumWaitingEntries = 4096
  static let maximumWaitingBytes = 64 << 20
  /// Records of a deleted ledger that one transaction removes.
  static let maximumRemovals = 256
}
