internal import Base
internal import SecurityModule
internal import Wire

/// What a body says of a key that is to be made or taken.
struct KeyRequest: Sendable {
  enum Source: Sendable {
    case make(ModuleKeyKind)
    case take(ModuleKeyMaterial)
  }

  var source: Source
  var isHardware: Bool
  var operations: [KeyOperation]

  /// The body of "Create Key". Throws 400.
  init(creating body: JSON) throws {
    let (family, isHardware) = try Self.type(body)
    let operations = try Self.operations(body)
    let size = try body.member("key_size").map { value in
      guard let size = value.integer.flatMap({ Int(exactly: $0) }) else { throw KeyError.invalid("key_size") }
      return size
    }
    let kind: ModuleKeyKind
    switch family {
    case "RSA":
      guard [nil, 2048, 3072, 4096].contains(size) else { throw KeyError.invalid("key_size") }
      if let exponent = body.member("public_exponent")?.integer, exponent != 65_537 { throw KeyError.invalid("public_exponent") }
      kind = .rsa(bits: size ?? 2048)
    case "EC":
      let name = body.member("crv")?.string ?? "P-256"
      let curve = try Self.curve(name)
      kind = .ec(curve)
    default:
      guard [nil, 128, 192, 256].contains(size) else { throw KeyError.invalid("key_size") }
      // A token's key serves either a cipher or a message authentication code.
      let isForMessages = operations.map { !$0.isEmpty && Set($0).isSubset(of: [.sign, .verify]) } ?? false
      kind = isForMessages ? .hmac : .aes(bits: size ?? 256)
      if isForMessages, let size, size != 256 { throw KeyError.invalid("key_size") }
    }
    try self.init(.make(kind), kind, isHardware, operations)
  }

  /// The body of "Import Key". Throws 400.
  init(importing body: JSON) throws {
    guard let key = body.member("key"), key.object != nil else { throw KeyError.missing("key") }
    let (family, isNamedHardware) = try Self.type(key)
    let isHardware = isNamedHardware || body.member("hsm")?.boolean == true
    guard key.member("key_hsm") == nil else { throw VaultError.badParameter("A key that is wrapped for another module cannot be imported.") }
    let material: ModuleKeyMaterial
    switch family {
    case "RSA":
      material = .rsa(
        ModuleKeyMaterial.RSA(
          modulus: try Self.integer(key, "n"), publicExponent: try Self.integer(key, "e"), privateExponent: try Self.integer(key, "d"),
          prime1: try Self.integer(key, "p"), prime2: try Self.integer(key, "q"), exponent1: try Self.integer(key, "dp"),
          exponent2: try Self.integer(key, "dq"), coefficient: try Self.integer(key, "qi")))
    case "EC":
      let name = key.member("crv")?.string ?? ""
      let curve = try Self.curve(name)
      material = .ec(
        curve, scalar: try Self.coordinate(key, "d", curve), x: try Self.coordinate(key, "x", curve), y: try Self.coordinate(key, "y", curve))
    default:
      guard isHardware else { throw KeyError.unsupportedType("oct") }
      guard let bytes = key.member("k")?.binary, [16, 24, 32].contains(bytes.count) else { throw KeyError.invalid("k") }
      material = .aes(bytes)
    }
    let kind = try material.kind
    if case .rsa(let bits) = kind, ![2048, 3072, 4096].contains(bits) { throw KeyError.invalid("n") }
    try self.init(.take(material), kind, isHardware, try Self.operations(key) ?? Self.operations(body))
  }

  var kind: ModuleKeyKind {
    get throws {
      switch source {
      case .make(let kind): kind
      case .take(let material): try material.kind
      }
    }
  }

  /// For the next version of a key.
  init(following key: KeyDescription) {
    source = .make(key.kind)
    isHardware = key.isHardware
    operations = key.operations
  }

  private init(_ source: Source, _ kind: ModuleKeyKind, _ isHardware: Bool, _ operations: [KeyOperation]?) throws {
    self.source = source
    self.isHardware = isHardware
    self.operations = operations ?? kind.possibleOperations
    guard Set(self.operations).isSubset(of: kind.possibleOperations) else { throw KeyError.invalid("key_ops") }
  }

  // MARK: Members

  /// `kty`: the family and whether a module is to keep the key. `oct` keys are in modules alone, as in Azure.
  private static func type(_ json: JSON) throws -> (family: String, isHardware: Bool) {
    guard let name = json.member("kty")?.string else { throw KeyError.missing("kty") }
    for family in ["RSA", "EC", "oct"] {
      if name.equalsIgnoringASCIICase(family + "-HSM") { return (family, true) }
      if name.equalsIgnoringASCIICase(family), family != "oct" || json.member("k") != nil { return (family, false) }
    }
    throw KeyError.unsupportedType(name)
  }

  private static func curve(_ name: String) throws -> ModuleCurve {
    guard let curve = ModuleCurve.allCases.first(where: { $0.rawValue.equalsIgnoringASCIICase(name) }) else { throw KeyError.unsupportedCurve(name) }
    return curve
  }

  /// Nil where the body names none.
  static func operations(_ json: JSON) throws -> [KeyOperation]? {
    guard let value = json.member("key_ops") else { return nil }
    guard let names = value.array, names.count <= 16 else { throw KeyError.invalid("key_ops") }
    var operations: [KeyOperation] = []
    for name in names {
      guard let name = name.string else { throw KeyError.invalid("key_ops") }
      guard let operation = KeyOperation.allCases.first(where: { $0.rawValue.equalsIgnoringASCIICase(name) }) else {
        throw VaultError.badParameter("Property 'key_ops' has invalid value: '\(name.prefix(32))'\r\n")
      }
      if !operations.contains(operation) { operations.append(operation) }
    }
    return operations
  }

  private static func integer(_ json: JSON, _ name: String) throws -> [UInt8] {
    guard let value = json.member(name) else { throw KeyError.missing(name) }
    guard let bytes = value.binary, bytes.count <= 1024 else { throw KeyError.invalid(name) }
    let significant = Array(bytes.drop { $0 == 0 })
    guard !significant.isEmpty else { throw KeyError.invalid(name) }
    return significant
  }

  /// A coordinate has the curve's length; some writers leave out zeros at its beginning.
  private static func coordinate(_ json: JSON, _ name: String, _ curve: ModuleCurve) throws -> [UInt8] {
    let significant = try integer(json, name)
    guard significant.count <= curve.coordinateBytes else { throw KeyError.invalid(name) }
    return [UInt8](repeating: 0, count: curve.coordinateBytes - significant.count) + significant
  }
}
