/// What a user may do in a ledger: each role what those before it may, and more.
///
/// Source: Microsoft, "Manage Microsoft Entra token-based users in Azure confidential ledger".
package enum LedgerRole: String, Codable, Sendable, CaseIterable, Comparable {
  /// Reads.
  case reader = "Reader"
  /// Reads and writes entries.
  case contributor = "Contributor"
  /// Reads and writes entries, and manages users.
  case administrator = "Administrator"

  package static func < (left: LedgerRole, right: LedgerRole) -> Bool { left.rank < right.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// The role of a name, in any case; nil for others.
  init?(ignoringCase name: String) {
    guard let role = Self.allCases.first(where: { $0.rawValue.lowercased() == name.lowercased() }) else { return nil }
    self = role
  }
}
