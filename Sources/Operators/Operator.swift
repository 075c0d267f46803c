public import Base
internal import Identity
public import Records

/// A person who works for the operator: one person, one e-mail address, one certificate.
public struct Operator: Record, Codable, Equatable {
  public static let kind = "operator"
  static let all = RecordKey(tenant: .zero)
  static let emailIndex = "email"
  static let keyIndex = "publicKey"

  /// Also the `client_id` that the person signs in with.
  public var id: GUID
  public var name: String
  public var email: String
  public var roles: [OperatorRole]
  /// The certificate, with its thumbprints and validity.
  var credential: KeyCredential
  /// SHA-256 of the certificate's public key, in hexadecimal: no two persons share one.
  public var publicKey: String
  public var added: Timestamp
  /// The account of the host that entered the person.
  public var addedBy: String
  /// Since when the person may not sign in; nil for everybody else.
  public var disabled: Timestamp?
  /// How often the person was disabled. A token of before stays ended when the person may sign in again.
  var disablings = 0

  public var key: RecordKey { Self.key(id) }

  public var indexes: [RecordIndex] {
    [RecordIndex(Self.emailIndex, email.lowercased()), RecordIndex(Self.keyIndex, publicKey)]
  }

  static func key(_ id: GUID) -> RecordKey { RecordKey(tenant: .zero, id.description) }

  /// SHA-256 of the certificate.
  public var thumbprint: [UInt8] { credential.sha256Thumbprint }
  public var certificateDER: [UInt8] { credential.certificateDER }
  /// When the certificate begins and ends to be good.
  public var notBefore: Timestamp { credential.start }
  public var notAfter: Timestamp { credential.end }

  public var principal: OperatorPrincipal { OperatorPrincipal(id: id, name: name, email: email, roles: Set(roles)) }
}
