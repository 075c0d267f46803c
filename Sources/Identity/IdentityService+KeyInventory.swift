public import Base
public import Records
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

extension IdentityService {
  /// A key that signs tokens, without its private half.
  public struct SigningKeyDescription: Hashable, Sendable {
    /// `kid`.
    public var id: String
    /// Of the modulus.
    public var bits: Int
    public var created: Timestamp
    /// It signs from here on until a later key does.
    public var signsFrom: Timestamp
  }

  /// Every key of every issuer that signs tokens, will sign, or has signed some that may still be good.
  public static func signingKeys(in reader: any RecordReader) throws -> [SigningKeyDescription] {
    try SigningKeyRing.stored(in: reader).map { record in
      let modulus = (Base64URL.decode(record.modulus) ?? []).drop { $0 == 0 }
      let bits = modulus.first.map { modulus.count * 8 - $0.leadingZeroBitCount } ?? 0
      return SigningKeyDescription(id: record.id, bits: bits, created: record.created, signsFrom: record.signsFrom)
    }
  }
}
