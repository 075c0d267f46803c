public import Base
internal import CPKCS11
internal import Dispatch
public import Logging

/// A hardware security module behind any PKCS#11 library: keys are made in it or brought into it, work in it, and their private parts never leave it but
/// wrapped by another key of the module.
///
/// Keys are named by the caller's GUIDs (`CKA_ID`). Calls run on threads of their own, a bounded number at one time. Every call throws
/// `SecurityModuleError`; a token that goes away costs the calls that are under way and nothing else, and the next call opens it again.
public final class SecurityModule: Sendable {
  let sessions: SessionPool
  private let gate = CallGate()
  private let threads = DispatchQueue(label: "security module", attributes: .concurrent)

  /// Loads the library; the token is opened by the first call. `pin` is asked at each opening, so that a changed PIN needs no restart.
  ///
  /// Throws `SecurityModuleError.unavailable` where the library cannot be loaded.
  public init(library: String, token: String, logger: Logger, pin: @escaping @Sendable () throws -> [UInt8]) throws {
    sessions = SessionPool(cryptoki: try Cryptoki(library: library), label: token, logger: logger, pin: pin)
  }

  /// Opens the token where it is not open, and sees that it is there.
  public func open() async throws {
    // A key that is not there makes the pool look whether the token is.
    _ = try await exists(.zero)
  }

  /// Runs a call away from the threads that serve requests.
  func call<Value: Sendable>(_ body: @escaping @Sendable (ModuleSession) throws -> Value) async throws -> Value {
    try await gate.pass {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
        threads.async { [sessions] in
          continuation.resume(with: Result { try sessions.withSession(body) })
        }
      }
    }
  }

  /// Whether there is a key of the identifier.
  public func exists(_ id: GUID) async throws -> Bool {
    do {
      _ = try await kind(of: id)
      return true
    } catch SecurityModuleError.noSuchKey {
      return false
    }
  }

  /// What a key is. Throws `SecurityModuleError.noSuchKey`.
  public func kind(of id: GUID) async throws -> ModuleKeyKind {
    try await call { session in
      guard let kind = try session.kindIfThere(id) else { throw SecurityModuleError.noSuchKey }
      return kind
    }
  }

  /// The public half of a pair. Throws `SecurityModuleError.noSuchKey`, also for a symmetric key.
  public func publicKey(_ id: GUID) async throws -> ModulePublicKey {
    try await call { try $0.publicKey($0.key(id, CKO_PUBLIC_KEY)) }
  }

  /// Destroys a key, of a pair both halves, for good. Throws `SecurityModuleError.noSuchKey` where there is none.
  public func destroy(_ id: GUID) async throws {
    try await call { session in
      var isThere = false
      // The half that is worth something first.
      for kind in [CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY] {
        for object in try session.find(ModuleSession.name(id, kind), limit: ModuleLimits.maximumSlots) {
          try session.destroy(object)
          isThere = true
        }
      }
      session.handles.forgetAll()
      guard isThere else { throw SecurityModuleError.noSuchKey }
    }
  }

  /// Identifiers of the keys that bear a label, up to a limit: what a crash left behind between the module and the records is found by it.
  public func keys(labelled label: String, limit: Int = ModuleLimits.maximumListedKeys) async throws -> [GUID] {
    do {
      return try await listed(label, limit)
    } catch SecurityModuleError.noSuchKey {
      return []
    }
  }

  /// Throws `SecurityModuleError.noSuchKey` for none, so that the pool looks whether the token is there.
  private func listed(_ label: String, _ limit: Int) async throws -> [GUID] {
    try await call { session in
      var found: Set<GUID> = []
      for kind in [CKO_PRIVATE_KEY, CKO_SECRET_KEY] {
        let name = ModuleAttributes().adding(CKA_CLASS, kind).adding(CKA_TOKEN, true).adding(CKA_LABEL, label)
        for object in try session.find(name, limit: limit) {
          var reader = ByteReader(try session.attribute(CKA_ID, of: object))
          if let id = try? reader.guid(), reader.isAtEnd { found.insert(id) }
        }
      }
      guard !found.isEmpty else { throw SecurityModuleError.noSuchKey }
      return found.sorted()
    }
  }

  /// An attribute of a private or secret key, by its number in PKCS#11: what a token says to whoever asks for what it must keep.
  package func rawAttribute(_ type: UInt, of id: GUID) async throws -> [UInt8] {
    try await call { session in
      let object = try (try? session.key(id, CKO_PRIVATE_KEY)) ?? session.key(id, CKO_SECRET_KEY)
      return try session.attribute(type, of: object)
    }
  }
}
