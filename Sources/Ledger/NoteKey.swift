public import Base
internal import Crypto
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A key that signs notes: Ed25519.
public struct NoteKey: Sendable {
  public let name: String
  private let key: Curve25519.Signing.PrivateKey

  /// A new key. A name has neither spaces nor `+`.
  public init(name: String) {
    self.name = name
    key = Curve25519.Signing.PrivateKey()
  }

  /// The key that `bytes` gave.
  public init(name: String, bytes: [UInt8]) throws {
    self.name = name
    key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
  }

  /// The private key itself.
  public var bytes: [UInt8] { Array(key.rawRepresentation) }

  /// Who checks notes of this key.
  public var verifier: NoteVerifier { NoteVerifier(name: name, kind: .note, key: Array(key.publicKey.rawRepresentation)) }

  /// Who checks cosignatures of this key.
  public var cosignatureVerifier: NoteVerifier { NoteVerifier(name: name, kind: .cosignature, key: Array(key.publicKey.rawRepresentation)) }

  /// A signature over a note's text.
  public func sign(_ text: String) throws -> SignedNote.Signature {
    SignedNote.Signature(name: name, keyID: verifier.keyID, bytes: Array(try key.signature(for: Array(text.utf8))))
  }

  /// A witness's signature over a checkpoint's text: at this time, this was the greatest tree that it had seen.
  ///
  /// Source: C2SP, "Transparency Log Cosignatures".
  public func cosign(_ text: String, at time: Timestamp) throws -> SignedNote.Signature {
    let seconds = UInt64(max(0, time.seconds))
    let signature = try key.signature(for: Array(NoteVerifier.cosigned(text, seconds: seconds).utf8))
    let stamp = (0..<8).map { UInt8(truncatingIfNeeded: seconds >> UInt64(56 - 8 * $0)) }
    return SignedNote.Signature(name: name, keyID: cosignatureVerifier.keyID, bytes: stamp + signature)
  }
}

/// The public part of a key that signs notes.
public struct NoteVerifier: Sendable, Hashable, LosslessStringConvertible {
  public enum Kind: UInt8, Sendable, Hashable {
    case note = 1
    case cosignature = 4
  }

  public let name: String
  public let kind: Kind
  /// Ed25519, 32 bytes.
  public let key: [UInt8]

  public init(name: String, kind: Kind, key: [UInt8]) {
    self.name = name
    self.kind = kind
    self.key = key
  }

  /// Reads `name+id+base64`. Source: C2SP, "Note", verifier keys.
  public init?(_ text: String) {
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, let bytes = Base64.decode(String(parts[2])), bytes.count == 33, let kind = Kind(rawValue: bytes[0])
    else { return nil }
    self.init(name: String(parts[0]), kind: kind, key: Array(bytes[1...]))
    guard keyID.hexadecimal == parts[1] else { return nil }
  }

  public var description: String { "\(name)+\(keyID.hexadecimal)+\(Base64.encode([kind.rawValue] + key))" }

  /// The beginning of SHA-256(name ‖ newline ‖ kind ‖ key).
  public var keyID: [UInt8] { Array(MerkleHash(of: Array(name.utf8) + [0x0A, kind.rawValue] + key).bytes[..<4]) }

  /// Whether a note bears a good signature by this key. One of a time to come is good too: clocks differ.
  public func hasSigned(_ note: SignedNote) -> Bool { note.signatures.contains { isGood($0, over: note.text) } }

  /// Whether a signature is this key's over a note's text.
  public func isGood(_ signature: SignedNote.Signature, over text: String) -> Bool {
    guard signature.name == name, signature.keyID == keyID, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
    switch kind {
    case .note: return key.isValidSignature(signature.bytes, for: Array(text.utf8))
    case .cosignature:
      guard signature.bytes.count == 72 else { return false }
      let seconds = signature.bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return key.isValidSignature(Array(signature.bytes[8...]), for: Array(Self.cosigned(text, seconds: seconds).utf8))
    }
  }

  static func cosigned(_ text: String, seconds: UInt64) -> String { "cosignature/v1\ntime \(seconds)\n" + text }
}
