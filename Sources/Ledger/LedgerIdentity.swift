public import Base
internal import Crypto
public import Keyring
public import Records
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Who signs a ledger: a service whose certificate clients trust, and a node whose certificate the service has signed. The node's key signs roots. ECDSA on
/// P-384, as CCF has it; the keys rest sealed in the records.
public struct LedgerIdentity: Sendable {
  /// In PEM; stays the same for as long as the ledger is there.
  public let serviceCertificate: String
  /// In PEM; made anew, for the same key, before it ends.
  public let nodeCertificate: String
  /// The SHA-256 of the node's public key (SubjectPublicKeyInfo in DER), in hexadecimal.
  public let nodeID: String
  private let nodeKey: P384.Signing.PrivateKey

  private static let serviceLifetime: Duration = .seconds(10 * 365 * 86400)
  private static let nodeLifetime: Duration = .seconds(365 * 86400)
  /// A node's certificate with less than this left is made anew.
  private static let renewalMargin: Duration = .seconds(122 * 86400)
  /// Clocks of clients may be a little behind.
  private static let backdating: Duration = .seconds(-3600)
  private static let context = "ledger.identity"

  private struct Stored: Record, Codable {
    static let kind = "ledger.identity"

    var log: GUID
    var tenant: GUID
    var serviceCertificate: String
    var sealedServiceKey: [UInt8]
    var nodeCertificate: String
    var sealedNodeKey: [UInt8]
    var nodeExpiry: Timestamp

    var key: RecordKey { Self.key(log: log, tenant: tenant) }

    static func key(log: GUID, tenant: GUID) -> RecordKey { RecordKey(tenant: tenant, log.description) }
  }

  /// The identity of a log, made where there is none yet. `name` stands in the certificates. Keys are sealed under the key of `owner`, a tenant or
  /// `GUID.zero`.
  public static func ready(
    _ log: MerkleLog, owner: GUID, name: String, keyring: Keyring, now: Timestamp, in transaction: RecordTransaction
  ) throws -> LedgerIdentity {
    if var stored = try transaction.fetch(Stored.self, Stored.key(log: log.id, tenant: log.tenant)) {
      let nodeKey = try open(stored.sealedNodeKey, owner: owner, keyring: keyring, in: transaction)
      if stored.nodeExpiry <= now.advanced(by: renewalMargin) {
        let serviceKey = try open(stored.sealedServiceKey, owner: owner, keyring: keyring, in: transaction)
        let service = try Certificate(pemEncoded: stored.serviceCertificate)
        stored.nodeCertificate = try nodeCertificate(nodeKey, name: name, issuer: service, issuerKey: serviceKey, now: now)
        stored.nodeExpiry = now.advanced(by: nodeLifetime)
        try transaction.save(stored)
      }
      return LedgerIdentity(stored, nodeKey)
    }
    let (serviceKey, nodeKey) = (P384.Signing.PrivateKey(), P384.Signing.PrivateKey())
    let service = try serviceCertificate(serviceKey, name: name, now: now)
    func seal(_ key: P384.Signing.PrivateKey) throws -> [UInt8] {
      try keyring.seal(key.rawRepresentation, context: context, tenant: owner, in: transaction)
    }
    let stored = Stored(
      log: log.id, tenant: log.tenant, serviceCertificate: try service.serializeAsPEM().pemString, sealedServiceKey: try seal(serviceKey),
      nodeCertificate: try nodeCertificate(nodeKey, name: name, issuer: service, issuerKey: serviceKey, now: now), sealedNodeKey: try seal(nodeKey),
      nodeExpiry: now.advanced(by: nodeLifetime))
    try transaction.save(stored)
    return LedgerIdentity(stored, nodeKey)
  }

  /// The service's certificate, in PEM, of a log that has an identity; nil where it has none.
  public static func serviceCertificate(of log: MerkleLog, in reader: any RecordReader) throws -> String? {
    try reader.fetch(Stored.self, Stored.key(log: log.id, tenant: log.tenant))?.serviceCertificate
  }

  /// Removes the identity of a log, with its keys.
  public static func remove(of log: MerkleLog, in transaction: RecordTransaction) throws {
    try transaction.remove(Stored.self, Stored.key(log: log.id, tenant: log.tenant))
  }

  /// The SHA-256 of the service's public key (SubjectPublicKeyInfo in DER), in hexadecimal.
  public var serviceKeyFingerprint: String? { Self.fingerprint(ofCertificate: serviceCertificate) }

  /// The SHA-256 of the public key of a certificate in PEM; nil for what is none on P-384.
  static func fingerprint(ofCertificate pem: String) -> String? {
    guard let certificate = try? Certificate(pemEncoded: pem), let key = P384.Signing.PublicKey(certificate.publicKey) else { return nil }
    return SHA256.hash(data: key.derRepresentation).hexadecimal
  }

  /// Whether a node's certificate is signed by the service's. Times are not looked at: a signature outlives its certificate.
  static func isEndorsed(_ node: String, by service: String) -> Bool {
    guard let node = try? Certificate(pemEncoded: node), let service = try? Certificate(pemEncoded: service) else { return false }
    return service.publicKey.isValidSignature(node.signature, for: node)
  }

  /// Whether a signature in DER over a root is the key's of a certificate.
  static func isGood(_ signature: [UInt8], over root: MerkleHash, by certificate: String) -> Bool {
    guard let key = (try? Certificate(pemEncoded: certificate)).flatMap({ P384.Signing.PublicKey($0.publicKey) }),
      let signature = try? P384.Signing.ECDSASignature(derRepresentation: signature)
    else { return false }
    return key.isValidSignature(signature, for: RootDigest(root: root))
  }

  /// A signature over a root, in DER (ECDSA-Sig-Value).
  public func sign(_ root: MerkleHash) throws -> [UInt8] {
    Array(try nodeKey.signature(for: RootDigest(root: root)).derRepresentation)
  }

  /// A receipt for an entry under a root that this identity has signed.
  public func receipt(_ leaf: LedgerLeaf, proof: [MerkleLog.Sibling], signature: [UInt8]) -> LedgerReceipt {
    LedgerReceipt(certificate: nodeCertificate, nodeID: nodeID, leaf: leaf, proof: proof, signature: signature)
  }

  private init(_ stored: Stored, _ nodeKey: P384.Signing.PrivateKey) {
    serviceCertificate = stored.serviceCertificate
    nodeCertificate = stored.nodeCertificate
    nodeID = SHA256.hash(data: nodeKey.publicKey.derRepresentation).hexadecimal
    self.nodeKey = nodeKey
  }

  private static func open(_ sealed: [UInt8], owner: GUID, keyring: Keyring, in reader: any RecordReader) throws -> P384.Signing.PrivateKey {
    try P384.Signing.PrivateKey(rawRepresentation: try keyring.open(sealed, context: context, tenant: owner, in: reader))
  }

  private static func serviceCertificate(_ key: P384.Signing.PrivateKey, name: String, now: Timestamp) throws -> Certificate {
    let subject = try DistinguishedName { CommonName(name) }
    let publicKey = Certificate.PublicKey(key.publicKey)
    return try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: date(now.advanced(by: backdating)),
      notValidAfter: date(now.advanced(by: serviceLifetime)), issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA384,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true))
        SubjectKeyIdentifier(hash: publicKey)
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
  }

  private static func nodeCertificate(
    _ key: P384.Signing.PrivateKey, name: String, issuer: Certificate, issuerKey: P384.Signing.PrivateKey, now: Timestamp
  ) throws -> String {
    let publicKey = Certificate.PublicKey(key.publicKey)
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: date(now.advanced(by: backdating)),
      notValidAfter: date(now.advanced(by: nodeLifetime)), issuer: issuer.subject, subject: try DistinguishedName { CommonName("\(name) node") },
      signatureAlgorithm: .ecdsaWithSHA384,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        SubjectKeyIdentifier(hash: publicKey)
        AuthorityKeyIdentifier(keyIdentifier: try issuer.extensions.subjectKeyIdentifier?.keyIdentifier)
      },
      issuerPrivateKey: Certificate.PrivateKey(issuerKey))
    return try certificate.serializeAsPEM().pemString
  }

  private static func date(_ timestamp: Timestamp) -> Date { Date(timeIntervalSince1970: Double(timestamp.seconds)) }
}
