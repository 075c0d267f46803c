internal import Base

/// A sealed secret's byte form: a format, the version of the tenant's key that sealed it, then nonce, ciphertext and tag.
struct SealedSecret {
  private static let format: UInt8 = 1

  var version: UInt32
  var sealed: ArraySlice<UInt8>

  init(version: UInt32, sealed: [UInt8]) {
    self.version = version
    self.sealed = sealed[...]
  }

  /// Throws `KeyringError.corrupt` for anything else.
  init(_ bytes: some Collection<UInt8>) throws(KeyringError) {
    let bytes = Array(bytes)
    guard bytes.count > 5, bytes[0] == Self.format else { throw .corrupt }
    version = bytes[1..<5].reduce(0) { $0 << 8 | UInt32($1) }
    sealed = bytes[5...]
  }

  var bytes: [UInt8] {
    var bytes = [Self.format]
    for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: version >> shift)) }
    return bytes + sealed
  }

  /// What is authenticated with a secret.
  static func context(_ context: String, tenant: GUID, version: UInt32) -> [UInt8] {
    var writer = ByteWriter()
    writer.string("keyring.secret")
    writer.guid(tenant)
    writer.unsigned(UInt64(version))
    writer.string(context)
    return writer.bytes
  }
}
