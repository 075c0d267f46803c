internal import Base
internal import Crypto
internal import FoundationEssentials
internal import Ledger
internal import SwiftASN1
internal import Wire
internal import X509

/// What a witness keeps: its key, the certificate of its endpoint, and for each log the newest checkpoint and what contradicts it.
struct WitnessFolder: ReferenceWitness.Store {
  struct EndpointCertificate {
    var certificate: String
    var privateKey: String
  }

  /// Of one log.
  private static let maximumContradictions = 100
  /// Of one log. They may be anybody's doing, and never take the place of contradictions.
  private static let maximumUnproven = 100
  private static let unproven = ".unproven"
  /// A witness's operator makes a new one by deleting the file.
  private static let certificateLifetime: Duration = .seconds(825 * 86400)
  /// Clocks of clients may be a little behind.
  private static let backdating: Duration = .seconds(-3600)

  let path: String

  var certificateFile: String { path + "/certificate.pem" }
  private var certificateKeyFile: String { path + "/certificate.key" }
  private var keyFile: String { path + "/witness.key" }

  /// The key and the certificate, made at the first start.
  func ready(name: String, address: String, now: Timestamp) throws -> (key: NoteKey, certificate: EndpointCertificate) {
    _ = try PosixDisk(path: path)
    _ = try PosixDisk(path: path + "/contradictions")
    let key: NoteKey
    if let bytes = try DataDirectory.read(keyFile) {
      let json = try JSON(parsing: bytes)
      guard let name = json["name"]?.string, let secret = json["key"]?.string.flatMap({ Base64.decode($0) }) else {
        throw OperatorError("\(keyFile) n'est pas utilisable.", "\(keyFile) cannot be used.")
      }
      key = try NoteKey(name: name, bytes: secret)
    } else {
      key = NoteKey(name: name)
      try DataDirectory.write((["name": .string(name), "key": .string(Base64.encode(key.bytes))] as JSON).bytes, to: keyFile)
    }
    if let certificate = try DataDirectory.read(certificateFile), let privateKey = try DataDirectory.read(certificateKeyFile) {
      let (certificate, privateKey) = (String(decoding: certificate, as: UTF8.self), String(decoding: privateKey, as: UTF8.self))
      return (key, EndpointCertificate(certificate: certificate, privateKey: privateKey))
    }
    let made = try Self.certificate(address, now: now)
    try DataDirectory.write(made.privateKey.utf8, to: certificateKeyFile)
    try DataDirectory.write(made.certificate.utf8, to: certificateFile, mode: 0o644)
    return (key, made)
  }

  private static func certificate(_ address: String, now: Timestamp) throws -> EndpointCertificate {
    let key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName(address) }
    let publicKey = Certificate.PublicKey(key.publicKey)
    let numbers = address.split(separator: ".").compactMap { UInt8($0) }
    let subject: GeneralName = numbers.count == 4 ? .ipAddress(ASN1OctetString(contentBytes: numbers[...])) : .dnsName(address)
    func date(_ time: Timestamp) -> Date { Date(timeIntervalSince1970: Double(time.seconds)) }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: date(now.advanced(by: backdating)),
      notValidAfter: date(now.advanced(by: certificateLifetime)), issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames([subject])
        SubjectKeyIdentifier(hash: publicKey)
      },
      issuerPrivateKey: Certificate.PrivateKey(key))
    return EndpointCertificate(certificate: try certificate.serializeAsPEM().pemString, privateKey: key.pemRepresentation)
  }

  // MARK: Checkpoints

  /// The file of a log's newest checkpoint: what `cocagne ledger verify --witness` takes.
  private func file(_ origin: String) -> String { "\(path)/\(Self.fileName(origin)).checkpoint" }

  /// Of letters, digits, dots and hyphens; any other byte by its number, so that two origins never share a file.
  private static func fileName(_ origin: String) -> String {
    origin.utf8.map { byte in
      let isPlain = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
      return isPlain ? String(UnicodeScalar(byte)) : "_\([byte].hexadecimal)"
    }.joined()
  }

  func newest(of origin: String) throws -> SignedNote? {
    guard let bytes = try DataDirectory.read(file(origin)) else { return nil }
    guard let note = SignedNote(String(decoding: bytes, as: UTF8.self)) else { throw LedgerError.invalid(file(origin)) }
    return note
  }

  func keep(_ note: SignedNote, of origin: String) throws { try DataDirectory.write(note.description.utf8, to: file(origin), mode: 0o644) }

  func keepContradiction(_ note: SignedNote, _ checkpoint: Checkpoint) throws {
    try keep(note, checkpoint, suffix: "", maximum: Self.maximumContradictions)
  }

  func keepUnproven(_ note: SignedNote, _ checkpoint: Checkpoint) throws {
    try keep(note, checkpoint, suffix: Self.unproven, maximum: Self.maximumUnproven)
  }

  /// One file for a size and a root, in a folder of the log's own.
  private func keep(_ note: SignedNote, _ checkpoint: Checkpoint, suffix: String, maximum: Int) throws {
    let folder = "\(path)/contradictions/\(Self.fileName(checkpoint.origin))"
    let names = try PosixDisk(path: folder).list()
    let name = "\(checkpoint.size)-\(checkpoint.root.hexadecimal)\(suffix)"
    let count = names.count { $0.hasSuffix(Self.unproven) == (suffix == Self.unproven) }
    guard !names.contains(name), count < maximum else { return }
    try DataDirectory.write(note.description.utf8, to: "\(folder)/\(name)", mode: 0o644)
  }
}
