public import Base
public import Declarations
internal import Keyring
public import Records
internal import Wire

/// The end of a tenant's contract, from the notice to the erasure. It goes with the tenant; `ErasureCertificate` stays.
public struct ContractEnd: Record, Codable, Sendable {
  public static let kind = "secnumcloud.contractEnd"
  /// Calendar days between the notice and the first day on which anything may be erased. Source: SecNumCloud 3.2, 19.4 a).
  public static let noticeDays = 21

  public var tenant: GUID
  /// As the operator names the tenant.
  public var name: String
  public var notified: Timestamp
  /// The last day of the notice: nothing is erased before it is over.
  public var lastDay: CalendarDate
  /// Of a tenant that the platform made itself to try its erasure with: no contract, so no notice.
  var isProbe = false
  /// What is under way; nil while the notice runs.
  public var erasure: Erasure?

  public struct Erasure: Codable, Sendable {
    public var begun: Timestamp
    var keys: [Keyring.DestroyedKey]
    var tenantKeyCount: Int
    var dataKeyCount: Int
    /// Records that there were, by kind.
    var found: [String: Int]
    /// Paths of the tenant's disks on this host.
    var diskFiles: [String]
    /// What it waits for, or failed at last.
    public var waitsFor: Text?
  }

  static func key(_ tenant: GUID) -> RecordKey { RecordKey(tenant: .zero, tenant.description) }
  public var key: RecordKey { Self.key(tenant) }

  static func all(in reader: any RecordReader) throws -> [ContractEnd] {
    try reader.list(ContractEnd.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed)
  }

  /// Whether a notice until this day is long enough, given now.
  static func isLongEnough(_ lastDay: CalendarDate, from now: Timestamp) -> Bool { CalendarDate(now).days(to: lastDay) >= noticeDays }

  /// Whether the notice is over.
  func isOver(at now: Timestamp) -> Bool { lastDay < CalendarDate(now) }
}

/// What is kept of a tenant that was erased: that it was, when, and which keys were destroyed. Nothing tells who it was but its id.
public struct ErasureCertificate: Record, Codable, Sendable {
  public static let kind = "secnumcloud.erasureCertificate"

  public var tenant: GUID
  public var notified: Timestamp
  public var lastDay: CalendarDate
  public var begun: Timestamp
  public var completed: Timestamp
  /// Paths of disks that were on this host, for who looks whether they are back.
  var diskFiles: [String]
  /// The text that the signature is over, and that the client is given.
  public var statement: String
  /// ECDSA on P-256 over SHA-256, in DER.
  public var signature: [UInt8]

  static func key(_ tenant: GUID) -> RecordKey { RecordKey(tenant: .zero, tenant.description) }
  public var key: RecordKey { Self.key(tenant) }

  static func all(in reader: any RecordReader) throws -> [ErasureCertificate] {
    try reader.list(ErasureCertificate.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed)
  }

  init(_ end: ContractEnd, _ erasure: ContractEnd.Erasure, completed: Timestamp, site: Site, key: EvidenceKey) throws {
    tenant = end.tenant
    notified = end.notified
    lastDay = end.lastDay
    begun = erasure.begun
    self.completed = completed
    diskFiles = erasure.diskFiles
    statement = Self.statement(end, erasure, completed: completed, site: site, key: key).text
    signature = try key.sign(statement.utf8)
  }

  private static func statement(
    _ end: ContractEnd, _ erasure: ContractEnd.Erasure, completed: Timestamp, site: Site, key: EvidenceKey
  ) -> JSON {
    .object([
      "document": Text("certificat d'effacement", "certificate of erasure").json, "platform": .string(site.address.domain),
      "tenant": .string(end.tenant.description), "notified": .string(end.notified.iso8601), "noticeLastDay": .string(end.lastDay.description),
      "begun": .string(erasure.begun.iso8601), "completed": .string(completed.iso8601),
      "method": Text(
        "destruction des clés du client, puis suppression des ressources, des fichiers de disques et de tous les enregistrements",
        "destruction of the client's keys, then removal of the resources, the disks' files and all records"
      ).json,
      "tenantKeys": .integer(Int64(erasure.tenantKeyCount)), "dataKeys": .integer(Int64(erasure.dataKeyCount)),
      "destroyedKeys": .array(erasure.keys.map { .object(["name": .string($0.name), "fingerprint": $0.fingerprint.map { .string($0) }]) }),
      "erased": .object(JSON.Object(erasure.found.sorted { $0.key < $1.key }.map { (name: $0.key, value: .integer(Int64($0.value))) })),
      "diskFiles": .integer(Int64(erasure.diskFiles.count)),
      "verified": Text(
        "aucun enregistrement, entrée d'index, identité, domaine, nom de compte de stockage ni fichier de disque du client ne subsiste",
        "no record, index entry, identity, domain, storage account name or disk file of the client is left"
      ).json,
      "version": .string(site.version), "evidenceKey": .string(key.fingerprint),
    ])
  }

  /// Whether it is the platform's own statement on this tenant.
  func isValid(_ key: EvidenceKey) -> Bool {
    guard key.isValid(signature, over: statement.utf8), let said = try? JSON(parsing: Array(statement.utf8)) else { return false }
    return said["tenant"]?.string == tenant.description && said["notified"]?.string == notified.iso8601
      && said["noticeLastDay"]?.string == lastDay.description && said["begun"]?.string == begun.iso8601
  }

  /// The statement, its signature in base64, and the key that checks it.
  func document(_ key: EvidenceKey) -> JSON {
    ["statement": .string(statement), "signature": .string(Base64.encode(signature)), "publicKey": .string(key.publicKeyPEM)]
  }
}
