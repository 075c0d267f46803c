internal import Base

/// A key outside of its module: its public half, and the rest wrapped by the module's backup key.
struct WrappedModuleKey: Sendable {
  private static let format: UInt8 = 1

  enum Form: Sendable {
    case aes
    case pair(ModulePublicKey)
  }

  var backupKey: GUID
  var form: Form
  var wrapped: [UInt8]

  init(backupKey: GUID, form: Form, wrapped: [UInt8]) {
    self.backupKey = backupKey
    self.form = form
    self.wrapped = wrapped
  }

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.byte(Self.format)
    writer.guid(backupKey)
    switch form {
    case .aes: writer.byte(0)
    case .pair(.rsa(let modulus, let exponent)):
      writer.byte(1)
      writer.blob(modulus)
      writer.blob(exponent)
    case .pair(.ec(let curve, let x, let y)):
      writer.byte(2)
      writer.string(curve.rawValue)
      writer.blob(x)
      writer.blob(y)
    }
    writer.blob(wrapped)
    return writer.bytes
  }

  /// Throws `SecurityModuleError.invalidData`.
  init(_ bytes: [UInt8]) throws {
    do {
      guard bytes.count <= 2 * ModuleLimits.maximumWrappedKeyBytes else { throw ByteReader.Malformed() }
      var reader = ByteReader(bytes)
      guard try reader.byte() == Self.format else { throw ByteReader.Malformed() }
      backupKey = try reader.guid()
      switch try reader.byte() {
      case 0: form = .aes
      case 1: form = .pair(.rsa(modulus: try reader.blob(), exponent: try reader.blob()))
      case 2:
        guard let curve = ModuleCurve(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
        form = .pair(.ec(curve, x: try reader.blob(), y: try reader.blob()))
      default: throw ByteReader.Malformed()
      }
      wrapped = try reader.blob()
      guard reader.isAtEnd, wrapped.count % 8 == 0, !wrapped.isEmpty, wrapped.count <= ModuleLimits.maximumWrappedKeyBytes else {
        throw ByteReader.Malformed()
      }
    } catch {
      throw SecurityModuleError.invalidData
    }
  }
}
