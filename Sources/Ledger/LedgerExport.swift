internal import Base
public import Wire

/// A copy of the log that a stranger can verify: four files.
///
/// - `ledger.json`: the log's name, its size, the key of its checkpoints, the certificate of its service and those of its node by their SHA-256;
/// - `entries.ndjson`: the write set of each entry, one a line, in the order of the log;
/// - `leaves`: the leaf of each entry, in hexadecimal, one a line;
/// - `heads.ndjson`: the signed heads up to the size, one a line.
public enum LedgerExport {
  public static let format = "cocagne-ledger-1"
  public static let header = "ledger.json"
  public static let entries = "entries.ndjson"
  public static let leaves = "leaves"
  public static let heads = "heads.ndjson"

  public static func header(of ledger: Ledger, head: LedgerHead) async throws -> JSON {
    let certificates = try await ledger.nodeCertificates().sorted { $0.key < $1.key }
    return [
      "format": .string(format), "origin": .string(ledger.origin), "size": .integer(Int64(head.size)), "time": .string(head.time.iso8601Fractional),
      "verifierKey": .string(ledger.verifier.description), "serviceCertificate": .string(try await ledger.serviceCertificate()),
      "nodeCertificates": .object(JSON.Object(certificates.map { (name: $0.key, value: .string($0.value)) })),
    ]
  }
}
