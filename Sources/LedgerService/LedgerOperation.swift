internal import Base
internal import Edge
package import NIOHTTP1
internal import Wire

/// One operation of the data plane: how it is recognised, which role it needs, and what runs once that is granted.
package struct LedgerOperation: Sendable {
  /// Microsoft's name of the operation, for example `Create Ledger Entry`.
  package var name: String
  package var method: HTTPMethod
  /// Segments that are literal or `{parameter}`.
  package var pattern: String
  package var role: LedgerRole
  var run: @Sendable (LedgerCall) async throws -> LedgerAnswer

  init(
    _ name: String, _ method: HTTPMethod, _ pattern: String, _ role: LedgerRole, run: @escaping @Sendable (LedgerCall) async throws -> LedgerAnswer
  ) {
    self.name = name
    self.method = method
    self.pattern = pattern
    self.role = role
    self.run = run
  }
}

/// A request of the data plane after authentication and decision.
struct LedgerCall: Sendable {
  var ledger: ConfidentialLedger
  /// The decoded values of the pattern's parameters.
  var parameters: [String: String]
  var path: String
  var query: Query
  /// Empty object where the request has no body.
  var body: JSON
  var now: Timestamp

  /// The transaction in the path.
  func transactionID() throws -> TransactionID { try TransactionID(parsing: parameters["transactionId"] ?? "") }

  /// The collection of the query, or the standard one. Throws 400.
  func collection() throws -> String {
    guard let name = query["collectionId"] else { return LedgerCollection.standard }
    let isValid =
      (1...LedgerServiceLimits.maximumCollectionBytes).contains(name.utf8.count)
      && name.unicodeScalars.allSatisfy { !$0.properties.generalCategory.isControl }
    guard isValid else {
      throw LedgerServiceError.invalidQuery(
        "collectionId", "it has to have 1 to \(LedgerServiceLimits.maximumCollectionBytes) bytes and no control characters.")
    }
    return name
  }

  /// The relative URL of the next page: this request again, with other parameters.
  func nextLink(_ changes: [(name: String, value: String)]) -> JSON {
    let kept = query.items.filter { item in !changes.contains { $0.name.equalsIgnoringASCIICase(item.name) } }
    let text = (kept + changes).map { "\(percentEncoded($0.name, keeping: "$"))=\(percentEncoded($0.value))" }.joined(separator: "&")
    return .string("\(path)?\(text)")
  }
}

/// What an operation answers. Nil body: no content.
struct LedgerAnswer: Sendable {
  var status = 200
  var json: JSON?
  /// The transaction that the answer is about; nil for the ledger's newest.
  var transaction: TransactionID?
}

extension Unicode.GeneralCategory {
  fileprivate var isControl: Bool { self == .control || self == .lineSeparator || self == .paragraphSeparator }
}
