/// A key that somebody brings to a module. It is in this process only until the module has it.
public enum ModuleKeyMaterial: Sendable {
  /// Integers of an RSA key, big-endian, as RFC 8017 names them.
  public struct RSA: Sendable {
    public var modulus: [UInt8]
    public var publicExponent: [UInt8]
    public var privateExponent: [UInt8]
    public var prime1: [UInt8]
    public var prime2: [UInt8]
    public var exponent1: [UInt8]
    public var exponent2: [UInt8]
    public var coefficient: [UInt8]

    public init(
      modulus: [UInt8], publicExponent: [UInt8], privateExponent: [UInt8], prime1: [UInt8], prime2: [UInt8], exponent1: [UInt8], exponent2: [UInt8],
      coefficient: [UInt8]
    ) {
      self.modulus = modulus
      self.publicExponent = publicExponent
      self.privateExponent = privateExponent
      self.prime1 = prime1
      self.prime2 = prime2
      self.exponent1 = exponent1
      self.exponent2 = exponent2
      self.coefficient = coefficient
    }
  }

  case rsa(RSA)
  /// A private scalar with its public point, each of the curve's length.
  case ec(ModuleCurve, scalar: [UInt8], x: [UInt8], y: [UInt8])
  /// 16, 24 or 32 bytes.
  case aes([UInt8])
}

extension ModuleKeyMaterial: CustomStringConvertible, CustomReflectable {
  public var description: String { "key material" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension ModuleKeyMaterial.RSA: CustomStringConvertible, CustomReflectable {
  public var description: String { "key material" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
