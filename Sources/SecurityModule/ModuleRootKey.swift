public import Base
internal import CPKCS11
public import Keyring

/// The platform's root key inside of a module: a key of AES-256 that wraps tenants' keys, and one for HMAC-SHA-256 that others are derived from. Neither
/// can be exported.
///
/// Calls block for as long as the token takes.
public struct ModuleRootKey: RootKeyModule {
  public let id: GUID
  private let module: SecurityModule

  private static let label = "cocagne root key"

  public init(_ id: GUID, in module: SecurityModule) {
    self.id = id
    self.module = module
  }

  /// The name of the key for derivations, beside that of the root key.
  private var derivationID: GUID { GUID(high: id.high, low: id.low ^ 1) }

  /// Makes the key where it is not there yet, and looks whether it works. To be called again after a crash.
  public func make() throws {
    try calling { session in
      if try session.kindIfThere(id) == nil { try session.generate(.aes(bits: 256), id: id, label: Self.label, canBeExported: false) }
      if try session.kindIfThere(derivationID) == nil {
        try session.generate(.hmac, id: derivationID, label: Self.label, canBeExported: false)
      }
    }
    try check()
  }

  /// Looks whether the key is there and works. Throws `KeyringError.rootKeyUnavailable`.
  public func check() throws {
    let (key, nonce) = ([UInt8](repeating: 0, count: 32), SystemRandom().bytes(12))
    let wrapped = try wrap(key, nonce: nonce, context: Array("check".utf8))
    guard try unwrap(wrapped, nonce: nonce, context: Array("check".utf8)) == key, try derive("check").count == 32 else {
      throw KeyringError.rootKeyUnavailable("the key \(id) does not open what it wrapped")
    }
  }

  public func wrap(_ key: [UInt8], nonce: [UInt8], context: [UInt8]) throws -> [UInt8] {
    try calling { try $0.encrypt(key, key: id, .gcm(initializationVector: nonce, authenticatedData: context)) }
  }

  public func unwrap(_ wrapped: [UInt8], nonce: [UInt8], context: [UInt8]) throws -> [UInt8] {
    try calling { try $0.decrypt(wrapped, key: id, .gcm(initializationVector: nonce, authenticatedData: context)) }
  }

  public func derive(_ purpose: String) throws -> [UInt8] {
    try calling { try $0.authenticate(Array(purpose.utf8), key: derivationID) }
  }

  private func calling<Value>(_ body: (ModuleSession) throws -> Value) throws -> Value {
    do {
      return try module.sessions.withSession(body)
    } catch SecurityModuleError.invalidData {
      throw KeyringError.corrupt
    } catch SecurityModuleError.noSuchKey {
      throw KeyringError.rootKeyUnavailable("the token has no key \(id)")
    } catch let error as SecurityModuleError {
      throw KeyringError.rootKeyUnavailable("\(error)")
    }
  }
}
