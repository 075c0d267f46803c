extension LedgerEntry {
  /// The same entry within the ledger's bounds: an entry that is too long may not be why the thing itself fails.
  var bounded: LedgerEntry {
    var entry = self
    entry.subject = Self.cut(subject)
    entry.facts = Self.bounded(facts)
    entry.personal = Self.bounded(personal)
    return entry
  }

  private static func bounded(_ values: [String: String]) -> [String: String] {
    let kept = values.sorted { $0.key < $1.key }.prefix(LedgerLimits.maximumTexts)
    return Dictionary(kept.map { (cut($0.key), cut($0.value)) }) { $1 }
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > LedgerLimits.maximumTextBytes else { return text }
    var (kept, bytes) = ("", 0)
    for scalar in text.unicodeScalars {
      bytes += String(scalar).utf8.count
      guard bytes <= LedgerLimits.maximumTextBytes - "…".utf8.count else { break }
      kept.unicodeScalars.append(scalar)
    }
    return kept + "…"
  }
}
