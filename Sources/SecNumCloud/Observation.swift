public import Base
public import Catalogue
internal import Records
internal import Wire

/// What one control said of some of its items at one moment, signed.
///
/// `statement` is the text that the signature is over and that an auditor takes away; the other members say the same. Its digest
/// is what is entered in the ledger, in the transaction that stores the observation (`Observatory.record`).
public struct Observation: Sendable, Codable, Hashable {
  public var control: String
  public var items: [ItemID]
  public var verdict: Verdict
  public var subject: Text
  public var reason: Text?
  public var figures: [Finding.Figure]
  public var time: Timestamp
  /// From then on it says nothing any more.
  public var validUntil: Timestamp
  /// Since when each item has this verdict without interruption, by item.
  public var since: [String: Timestamp]
  /// The version of the code that looked.
  public var version: String
  public var statement: String
  /// ECDSA on P-256 over SHA-256, in DER.
  public var signature: [UInt8]

  /// The SHA-256 of the statement, in hexadecimal.
  public var digest: String { sha256Hexadecimal(statement.utf8) }

  init(_ finding: Finding, control: String, time: Timestamp, validUntil: Timestamp, since: [String: Timestamp], version: String, key: EvidenceKey)
    throws
  {
    self.control = control
    items = finding.items
    verdict = finding.verdict
    subject = finding.subject
    reason = finding.reason
    figures = finding.figures
    self.time = time
    self.validUntil = validUntil
    self.since = since
    self.version = version
    statement = Self.statement(of: finding, control: control, time: time, validUntil: validUntil, since: since, version: version).text
    signature = try key.sign(statement.utf8)
  }

  private static func statement(
    of finding: Finding, control: String, time: Timestamp, validUntil: Timestamp, since: [String: Timestamp], version: String
  ) -> JSON {
    .object([
      "control": .string(control), "items": .array(finding.items.map { .string($0.description) }), "verdict": .string(finding.verdict.rawValue),
      "subject": finding.subject.json, "reason": finding.reason?.json,
      "figures": .array(
        finding.figures.map { .object(["name": $0.name.json, "value": .number($0.value), "unit": .string($0.unit)]) }),
      "time": .string(time.iso8601), "validUntil": .string(validUntil.iso8601),
      "since": .object(JSON.Object(since.sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value.iso8601)) })),
      "version": .string(version), "evidence": finding.evidence,
    ])
  }
}

extension Text {
  var json: JSON { ["fr": .string(french), "en": .string(english)] }
}

/// The latest look at one control.
struct LatestLook: Record, Codable {
  static let kind = "secnumcloud.latest"

  var control: String
  var time: Timestamp
  var duration: Double
  var observations: [Observation]
  /// When a look at it was last entered in the ledger.
  var entered: Timestamp?

  static func key(_ control: String) -> RecordKey { RecordKey(tenant: .zero, control) }
  var key: RecordKey { Self.key(control) }
}

/// A look at which some item's verdict changed: what tells how long a gap was open.
struct PastLook: Record, Codable {
  static let kind = "secnumcloud.past"

  var control: String
  var time: Timestamp
  var observations: [Observation]

  /// In the order of time.
  var key: RecordKey {
    let digits = String(time.microseconds)
    return RecordKey(tenant: .zero, control, String(repeating: "0", count: max(0, 20 - digits.count)) + digits)
  }
}
