package import Records

extension LedgerEntry {
  /// Entries that have no place in the log yet, in the order of time.
  package static func waiting(limit: Int = LedgerLimits.maximumPageEntries, in reader: any RecordReader) throws -> [LedgerEntry] {
    try reader.list(LedgerDraft.self, under: LedgerDraft.all, limit: limit).map(\.entry)
  }
}
