internal import Base
internal import SecurityModule
internal import Wire

/// What may be shown of a version of a key: `VaultObjectVersion.publicPart` of keys.
struct KeyDescription: Sendable, Equatable {
  var kind: ModuleKeyKind
  /// Whether a hardware security module keeps it.
  var isHardware: Bool
  var operations: [KeyOperation]
  /// Nil for a symmetric key.
  var publicKey: PublicKey?
  /// Whether its private part may leave the vault, in the secret of a certificate. It belongs to the key for as long as there is one, whatever later
  /// policies say.
  var isExportable: Bool
  /// The key's name at the customer's external key manager; nil for a key of this platform.
  var externalID: String?

  init(_ key: MadeKey, operations: [KeyOperation], isExportable: Bool = false) {
    kind = key.kind
    isHardware = key.moduleKey != nil
    self.operations = operations
    publicKey = key.publicKey
    self.isExportable = isExportable
  }

  /// A key that is not here.
  init(kind: ModuleKeyKind, operations: [KeyOperation], publicKey: PublicKey?, externalID: String) {
    self.kind = kind
    isHardware = false
    self.operations = operations
    self.publicKey = publicKey
    isExportable = false
    self.externalID = externalID
  }

  /// `RSA`, `RSA-HSM`, `EC`, … An external key is of the types that Azure gives them: those of its managed HSMs.
  var typeName: String { kind.family + (isHardware || externalID != nil ? "-HSM" : "") }

  /// What the key can do at all.
  var possibleOperations: [KeyOperation] { externalID == nil ? kind.possibleOperations : Self.externalOperations }

  /// The JSON Web Key without what is secret.
  ///
  /// Source: Microsoft, "JsonWebKey", Key Vault REST reference.
  func json(url: String) -> JSON {
    var members = JSON.Object()
    members["kid"] = .string(url)
    members["kty"] = .string(typeName)
    members["key_ops"] = .array(operations.map { .string($0.rawValue) })
    for (name, value) in publicMembers { members[name] = value }
    return .object(members)
  }

  private var publicMembers: [(name: String, value: JSON)] {
    switch publicKey?.parts {
    case .rsa(let modulus, let exponent): [("n", .binary(modulus)), ("e", .binary(exponent))]
    case .ec(let curve, let x, let y): [("crv", .string(curve.rawValue)), ("x", .binary(x)), ("y", .binary(y))]
    case nil: []
    }
  }

  // MARK: At rest

  var text: String {
    var members = JSON.Object()
    members["hardware"] = .boolean(isHardware)
    members["operations"] = .array(operations.map { .string($0.rawValue) })
    members["exportable"] = .boolean(isExportable)
    if let externalID { members["external"] = .string(externalID) }
    for (name, value) in publicMembers { members[name] = value }
    switch kind {
    case .aes(let bits): members["bits"] = .integer(Int64(bits))
    case .hmac: members["bits"] = 0
    case .rsa, .ec: break
    }
    return JSON.object(members).text
  }

  /// Reads what `text` gave; nil for anything else.
  init?(_ text: String?) {
    guard let text, let json = try? JSON(parsing: text.utf8), let isHardware = json["hardware"]?.boolean, let operations = json["operations"]?.array
    else { return nil }
    self.isHardware = isHardware
    isExportable = json["exportable"]?.boolean ?? false
    externalID = json["external"]?.string
    self.operations = operations.compactMap { $0.string.flatMap { KeyOperation(rawValue: $0) } }
    if let modulus = json["n"]?.binary, let exponent = json["e"]?.binary {
      guard let first = modulus.first else { return nil }
      kind = .rsa(bits: modulus.count * 8 - first.leadingZeroBitCount)
      publicKey = PublicKey(.rsa(modulus: modulus, exponent: exponent))
    } else if let curve = json["crv"]?.string.flatMap({ ModuleCurve(rawValue: $0) }), let x = json["x"]?.binary, let y = json["y"]?.binary {
      kind = .ec(curve)
      publicKey = PublicKey(.ec(curve, x: x, y: y))
    } else if let bits = json["bits"]?.integer, let bits = Int(exactly: bits) {
      kind = bits == 0 ? .hmac : .aes(bits: bits)
    } else {
      return nil
    }
  }
}

extension ModuleKeyKind {
  /// `kty` without `-HSM`.
  var family: String {
    switch self {
    case .rsa: "RSA"
    case .ec: "EC"
    case .aes, .hmac: "oct"
    }
  }

  /// What keys of the kind can do at all.
  var possibleOperations: [KeyOperation] {
    switch self {
    case .rsa: [.encrypt, .decrypt, .sign, .verify, .wrapKey, .unwrapKey]
    case .ec: [.sign, .verify]
    case .aes: [.encrypt, .decrypt, .wrapKey, .unwrapKey]
    case .hmac: [.sign, .verify]
    }
  }
}

extension JSON {
  /// Bytes in base64url, as Key Vault writes them.
  static func binary(_ bytes: some Sequence<UInt8>) -> JSON { .string(Base64URL.encode(bytes)) }

  /// The bytes that base64url stands for, with or without padding.
  var binary: [UInt8]? {
    guard let string else { return nil }
    guard let last = string.utf8.last, last == UInt8(ascii: "=") else { return Base64URL.decode(string) }
    let unpadded = string.dropLast(string.hasSuffix("==") ? 2 : 1)
    return Base64URL.decode(unpadded)
  }
}
