internal import Base

/// The id of a transaction of a ledger, `2.17`: its view, and its place among all transactions, from 1.
///
/// Source: Microsoft, CCF, "Transaction IDs" and "Resource verification of transactions".
package struct TransactionID: Hashable, Sendable, CustomStringConvertible {
  /// The view that a service of CCF opens in. It would change with the primary of several nodes; here one process writes.
  package static let view = 2

  package let sequence: Int

  package init(_ sequence: Int) {
    self.sequence = sequence
  }

  package var description: String { "\(Self.view).\(sequence)" }

  /// Throws 400 for what is no id, and 404 `InvalidTransactionId` for one that no transaction of this ledger can ever have.
  init(parsing text: String) throws {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let view = Self.number(parts[0]), let sequence = Self.number(parts[1]) else {
      throw LedgerServiceError.malformedTransactionID(text)
    }
    guard view == Self.view, sequence > 0 else { throw LedgerServiceError.invalidTransactionID(text) }
    self.sequence = sequence
  }

  private static func number(_ digits: Substring) -> Int? {
    guard (1...19).contains(digits.utf8.count), digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return Int(digits)
  }

  /// Digits whose order is that of the numbers, for keys.
  static func sortable(_ sequence: Int) -> String {
    let digits = String(max(0, sequence))
    return String(repeating: "0", count: max(0, 19 - digits.utf8.count)) + digits
  }
}
