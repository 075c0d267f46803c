internal import Base
internal import Catalogue
internal import Crypto
internal import Declarations
internal import Identity
internal import Keyring
internal import Records
internal import Storage
internal import SwiftASN1
internal import Wire
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Every key of the platform, with what it is for, how large and how old it is. No key is opened.
struct KeyInventory {
  struct Entry {
    var kind: CryptoPeriod.Kind
    var name: String
    var measure: CryptographicProfile.Measure
    var bits: Int
    /// When it was made; where `isNotEarlier`, it was made then or later.
    var made: Timestamp
    var isNotEarlier = false
    /// What is public of it: two keys that share it are one.
    var identity: String?

    func isOverdue(at now: Timestamp) -> Bool { ageDays(at: now) > CryptoPeriod.of(kind).days }
    func ageDays(at now: Timestamp) -> Int { Int((now.seconds - made.seconds) / 86400) }
  }

  private(set) var entries: [Entry] = []
  /// Certificates that could not be read.
  private(set) var unread: [Text] = []
  /// Data keys beyond those that were read.
  private(set) var isCut = false

  private static let maximumDataKeys = 5000

  /// The members of the platform's own authority that are public, in the record that the process keeps of it.
  private struct StoredAuthority: Record, Codable {
    static let kind = "platform.authority"
    static let key = RecordKey(tenant: .zero, "authority")
    var serverCertificate: String
    var key: RecordKey { Self.key }
  }

  /// Bits of a root key that a security module holds.
  private static let moduleRootKeyBits = 256

  init(_ platform: ObservedPlatform, rootKey: FileAttributes?) async throws {
    if let rootKey {
      entries.append(
        Entry(
          kind: .root, name: platform.keyring.rootKeyID.description, measure: .symmetricKey,
          bits: platform.keyring.rootKey.isInModule ? Self.moduleRootKeyBits : rootKey.bytes * 8,
          made: Timestamp(seconds: rootKey.modified), identity: platform.keyring.rootKeyID.description))
    }
    let evidence = platform.evidenceKey
    entries.append(
      Entry(
        kind: .evidence, name: evidence.fingerprint, measure: .curveOrder, bits: CryptographicProfile.Curve.secp256r1.orderBits,
        made: evidence.created,
        identity: evidence.fingerprint))
    let created = platform.site.created
    let (stored, serverCertificate, isCut) = try await platform.records.read { reader in
      var entries: [Entry] = []
      for key in try IdentityService.signingKeys(in: reader) {
        entries.append(Entry(kind: .token, name: key.id, measure: .modulus, bits: key.bits, made: key.created, identity: key.id))
      }
      let tenants = Dictionary(
        try reader.list(Tenant.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed).map { ($0.id, $0.created) }
      ) { first, _ in first }
      let accounts = try StorageAccounts.keyHolders(limit: Self.maximumDataKeys, in: reader)
      for account in accounts {
        for (index, made) in account.accessKeys.enumerated() {
          entries.append(
            Entry(kind: .account, name: "\(account.name)/key\(index + 1)", measure: .symmetricKey, bits: StorageAccounts.accessKeyBits, made: made))
        }
      }
      let made = Dictionary(accounts.map { ($0.dataKey, $0.created) }) { first, _ in first }
      let tenantKeys = try Keyring.tenantKeys(limit: ObservationLimits.maximumListed, in: reader)
      var left = Self.maximumDataKeys
      for key in tenantKeys where try Keyring.currentVersion(ofTenant: key.tenant, in: reader) == key.version {
        // The records do not say when a key was made: not before its tenant.
        let bound = tenants[key.tenant] ?? created
        entries.append(
          Entry(kind: .tenant, name: "\(key.tenant)/\(key.version)", measure: .symmetricKey, bits: key.bits, made: bound, isNotEarlier: true))
        for dataKey in try Keyring.dataKeys(ofTenant: key.tenant, limit: left, in: reader) {
          entries.append(
            Entry(
              kind: .data, name: dataKey.id.description, measure: .symmetricKey, bits: dataKey.bits, made: made[dataKey.id] ?? bound,
              isNotEarlier: made[dataKey.id] == nil))
          left -= 1
        }
      }
      return (entries, try reader.fetch(StoredAuthority.self, StoredAuthority.key)?.serverCertificate, left <= 0)
    }
    entries += stored
    self.isCut = isCut
    add(platform.site.authorityCertificate, .authority)
    add(serverCertificate ?? "", .server)
  }

  /// A certificate's key, made with it.
  private mutating func add(_ pem: String, _ kind: CryptoPeriod.Kind) {
    guard !pem.isEmpty else { return }
    guard let certificate = try? Certificate(pemEncoded: pem), let key = P256.Signing.PublicKey(certificate.publicKey) else {
      unread.append(
        Text(
          "le certificat de la \(kind.rawValue) n'a pas de clé P-256 lisible.",
          "the certificate of the \(CryptoPeriod.of(kind).english) has no legible P-256 key."))
      return
    }
    entries.append(
      Entry(
        kind: kind, name: certificate.subject.description, measure: .curveOrder, bits: CryptographicProfile.Curve.secp256r1.orderBits,
        made: Timestamp(seconds: Int64(certificate.notValidBefore.timeIntervalSince1970)), identity: sha256Hexadecimal(key.derRepresentation)))
  }

  /// Keys that serve more than one use.
  var shared: [(Entry, Entry)] {
    var first: [String: Entry] = [:]
    var shared: [(Entry, Entry)] = []
    for entry in entries {
      guard let identity = entry.identity else { continue }
      if let other = first[identity], other.kind != entry.kind { shared.append((other, entry)) }
      first[identity] = first[identity] ?? entry
    }
    return shared
  }

  /// By kind: how many, the smallest, the oldest.
  func table(at now: Timestamp) -> JSON { .array(CryptoPeriod.all.map { row($0, at: now) }) }

  private func row(_ line: CryptoPeriod, at now: Timestamp) -> JSON {
    let own = entries.filter { $0.kind == line.kind }
    let smallest: JSON? = own.map(\.bits).min().map { .integer(Int64($0)) }
    let oldest: JSON? = own.map { $0.ageDays(at: now) }.max().map { .integer(Int64($0)) }
    return .object([
      "cle": .string(line.kind.rawValue), "usage": .string(line.purpose.french), "nombre": .integer(Int64(own.count)), "plus_petite_bits": smallest,
      "age_jours_au_plus": oldest, "cryptoperiode_jours": .integer(Int64(line.days)), "fondement": .string(line.basis.french),
    ])
  }
}
