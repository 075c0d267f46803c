internal import Base
internal import CPKCS11
internal import SwiftASN1

/// Public keys and curves, as PKCS#11 has them.
extension ModulePublicKey {
  /// What makes the public object of a pair.
  var attributes: ModuleAttributes {
    get throws {
      let publicKey = ModuleAttributes().adding(CKA_CLASS, CKO_PUBLIC_KEY)
      switch self {
      case .rsa(let modulus, let exponent):
        return publicKey.adding(CKA_KEY_TYPE, CKK_RSA).adding(CKA_MODULUS, modulus).adding(CKA_PUBLIC_EXPONENT, exponent)
      case .ec(let curve, let x, let y):
        var point = DER.Serializer()
        try point.serialize(ASN1OctetString(contentBytes: ([0x04] + x + y)[...]))
        return publicKey.adding(CKA_KEY_TYPE, CKK_EC).adding(CKA_EC_PARAMS, try curve.parameters).adding(CKA_EC_POINT, point.serializedBytes)
      }
    }
  }

  /// What the public half may do.
  var uses: ModuleAttributes {
    switch self {
    case .rsa: ModuleAttributes().adding(CKA_ENCRYPT, true).adding(CKA_VERIFY, true)
    case .ec: ModuleAttributes().adding(CKA_VERIFY, true)
    }
  }

  /// What the private half may do.
  var privateUses: ModuleAttributes {
    switch self {
    case .rsa: ModuleAttributes().adding(CKA_DECRYPT, true).adding(CKA_SIGN, true)
    case .ec: ModuleAttributes().adding(CKA_SIGN, true)
    }
  }

  var kind: ModuleKeyKind {
    switch self {
    case .rsa(let modulus, _): .rsa(bits: modulus.count * 8)
    case .ec(let curve, _, _): .ec(curve)
    }
  }
}

extension ModuleCurve {
  /// Source: RFC 5480 and SEC 2.
  private var identifier: ASN1ObjectIdentifier {
    switch self {
    case .p256: [1, 2, 840, 10045, 3, 1, 7]
    case .p384: [1, 3, 132, 0, 34]
    case .p521: [1, 3, 132, 0, 35]
    case .secp256k1: [1, 3, 132, 0, 10]
    }
  }

  /// DER of the curve's name.
  var parameters: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(identifier)
      return serializer.serializedBytes
    }
  }
}

extension ModuleSession {
  /// The public key in an object, be it public or, of RSA, private.
  func publicKey(_ object: UInt) throws -> ModulePublicKey {
    switch try number(CKA_KEY_TYPE, of: object) {
    case CKK_RSA:
      let modulus = try attribute(CKA_MODULUS, of: object)
      return .rsa(modulus: Array(modulus.drop { $0 == 0 }), exponent: Array(try attribute(CKA_PUBLIC_EXPONENT, of: object).drop { $0 == 0 }))
    case CKK_EC:
      let curve = try curve(object)
      let encoded = try attribute(CKA_EC_POINT, of: object)
      // Some libraries give the point as it is, most inside of an octet string, as the standard says.
      let point = (try? ASN1OctetString(derEncoded: encoded)).map { Array($0.bytes) } ?? encoded
      let length = curve.coordinateBytes
      guard point.count == 1 + 2 * length, point[0] == 0x04 else { throw SecurityModuleError.unsupported("a compressed point") }
      return .ec(curve, x: Array(point[1...length]), y: Array(point[(length + 1)...]))
    default: throw SecurityModuleError.noSuchKey
    }
  }

  private func curve(_ object: UInt) throws -> ModuleCurve {
    let parameters = try attribute(CKA_EC_PARAMS, of: object)
    guard let curve = try ModuleCurve.allCases.first(where: { try $0.parameters == parameters }) else {
      throw SecurityModuleError.unsupported("another curve")
    }
    return curve
  }

  /// What the key of an identifier is; nil where there is none.
  func kindIfThere(_ id: GUID) throws -> ModuleKeyKind? {
    do {
      let object = try key(id, CKO_PRIVATE_KEY)
      return try number(CKA_KEY_TYPE, of: object) == CKK_EC ? .ec(curve(object)) : publicKey(object).kind
    } catch SecurityModuleError.noSuchKey {
      do {
        let object = try key(id, CKO_SECRET_KEY)
        return try number(CKA_KEY_TYPE, of: object) == CKK_AES ? .aes(bits: Int(number(CKA_VALUE_LEN, of: object)) * 8) : .hmac
      } catch SecurityModuleError.noSuchKey {
        return nil
      }
    }
  }
}
