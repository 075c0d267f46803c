public import Base

/// What holds a root key that never enters this process: a hardware security module.
///
/// Calls block for as long as the module takes, which is rare: what they open stays in memory. A module that is away makes them throw
/// `KeyringError.rootKeyUnavailable`, and work again when it is back.
public protocol RootKeyModule: Sendable {
  /// The name of the root key in the module.
  var id: GUID { get }

  /// Encrypts a key of 32 bytes with AES-256-GCM under a nonce of 12 bytes; the tag of 16 bytes comes last. `context` is authenticated with it.
  func wrap(_ key: [UInt8], nonce: [UInt8], context: [UInt8]) throws -> [UInt8]

  /// Decrypts what `wrap` gave. Throws `KeyringError.corrupt` where it does not authenticate.
  func unwrap(_ wrapped: [UInt8], nonce: [UInt8], context: [UInt8]) throws -> [UInt8]

  /// 32 bytes for one purpose, always the same: HMAC-SHA-256 of the purpose under a key that is made with the root key and lies beside it.
  func derive(_ purpose: String) throws -> [UInt8]
}
