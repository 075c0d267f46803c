import Base
import Crypto
import Keyring
import Simulation
import Synchronization

/// A module that holds a root key, without hardware; it can be away, and counts what it is asked.
final class ModuleTwin: RootKeyModule {
  let id = SystemRandom().guid()
  private let key = SymmetricKey(size: .bits256)
  private let state = Mutex((isAway: false, calls: 0))

  var isAway: Bool {
    get { state.withLock { $0.isAway } }
    set { state.withLock { $0.isAway = newValue } }
  }

  var calls: Int { state.withLock { $0.calls } }

  func wrap(_ plaintext: [UInt8], nonce: [UInt8], context: [UInt8]) throws -> [UInt8] {
    try answer()
    let box = try AES.GCM.seal(plaintext, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: context)
    return Array(box.ciphertext + box.tag)
  }

  func unwrap(_ wrapped: [UInt8], nonce: [UInt8], context: [UInt8]) throws -> [UInt8] {
    try answer()
    guard let box = try? AES.GCM.SealedBox(combined: nonce + wrapped), let key = try? AES.GCM.open(box, using: key, authenticating: context) else {
      throw KeyringError.corrupt
    }
    return Array(key)
  }

  func derive(_ purpose: String) throws -> [UInt8] {
    try answer()
    return Array(HMAC<SHA256>.authenticationCode(for: Array(purpose.utf8), using: key))
  }

  private func answer() throws {
    let isAway = state.withLock { state in
      state.calls += 1
      return state.isAway
    }
    if isAway { throw KeyringError.rootKeyUnavailable("away") }
  }
}
