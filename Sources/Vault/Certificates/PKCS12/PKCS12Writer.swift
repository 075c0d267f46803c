internal import Base
internal import NIOSSL
internal import SwiftASN1

/// Writes PKCS#12 files.
enum PKCS12Writer {
  /// Rounds of the code over a file that has no password to protect.
  private static let rounds = 2048
  private static let saltBytes = 16

  /// A file without a password, as Key Vault gives them out: a key in DER, and its certificates, that of the key first.
  ///
  /// The library wants the key to be that of the first certificate: the caller has made sure. It writes PBES2 with AES-256.
  static func file(key: [UInt8], certificates: [[UInt8]]) throws -> [UInt8] {
    let chain = try certificates.map { try NIOSSLCertificate(bytes: $0, format: .der) }
    precondition(!chain.isEmpty)
    return try NIOSSLPKCS12Bundle(certificateChain: chain, privateKey: try NIOSSLPrivateKey(bytes: key, format: .der)).serialize(
      passphrase: [UInt8]())
  }

  /// A file of certificates without a key. Nothing in it is secret, so nothing is encrypted.
  static func file(certificates: [[UInt8]]) throws -> [UInt8] {
    try file([try content(key: nil, certificates: certificates)], .text(""))
  }

  /// A file of `ContentInfo`s in DER, with a code over them under a password.
  static func file(_ infos: [[UInt8]], _ password: PKCS12Integrity.Password) throws -> [UInt8] {
    var safe = DER.Serializer()
    safe.appendConstructedNode(identifier: .sequence) { coder in
      for info in infos { coder.serializeRawBytes(info) }
    }
    let content = safe.serializedBytes
    let salt = SystemRandom().bytes(saltBytes)
    let code = PKCS12Integrity.code(of: content, password, salt: salt, rounds: rounds)
    var file = DER.Serializer()
    try file.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(3)
      coder.serializeRawBytes(try data(content))
      try coder.appendConstructedNode(identifier: .sequence) { coder in
        try coder.appendConstructedNode(identifier: .sequence) { coder in
          try coder.appendConstructedNode(identifier: .sequence) { coder in
            try coder.serialize(PKCS12Identifiers.sha256)
            try coder.serialize(ASN1Null())
          }
          try coder.serialize(ASN1OctetString(contentBytes: code[...]))
        }
        try coder.serialize(ASN1OctetString(contentBytes: salt[...]))
        try coder.serialize(rounds)
      }
    }
    return file.serializedBytes
  }

  /// A `ContentInfo` with a key (PKCS#8) and certificates in the clear.
  static func content(key: [UInt8]?, certificates: [[UInt8]]) throws -> [UInt8] {
    var bags = DER.Serializer()
    try bags.appendConstructedNode(identifier: .sequence) { coder in
      for certificate in certificates {
        try bag(PKCS12Identifiers.certificateBag, &coder) { coder in
          try coder.appendConstructedNode(identifier: .sequence) { coder in
            try coder.serialize(PKCS12Identifiers.x509Certificate)
            try coder.serialize(ASN1OctetString(contentBytes: certificate[...]), explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific)
          }
        }
      }
      if let key { try bag(PKCS12Identifiers.keyBag, &coder) { $0.serializeRawBytes(key) } }
    }
    return try data(bags.serializedBytes)
  }

  private static func bag(
    _ name: ASN1ObjectIdentifier, _ coder: inout DER.Serializer, _ value: (inout DER.Serializer) throws -> Void
  ) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(name)
      try coder.appendConstructedNode(identifier: ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)) { try value(&$0) }
    }
  }

  private static func data(_ content: [UInt8]) throws -> [UInt8] {
    var info = DER.Serializer()
    try info.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(PKCS12Identifiers.data)
      try coder.serialize(ASN1OctetString(contentBytes: content[...]), explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific)
    }
    return info.serializedBytes
  }
}
