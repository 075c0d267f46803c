internal import Base
internal import SecurityModule

/// Where private and secret keys live and work. Public halves work in `PublicKey`, whatever the engine.
///
/// Engines throw `CloudError` with Key Vault's codes; what does not fit the key or does not authenticate is one error for all (`KeyError.wrongData`), so that
/// nobody learns from it what was wrong.
protocol KeyEngine: Sendable {
  /// Whether the engine makes such a key.
  func makes(_ kind: ModuleKeyKind) -> Bool

  /// Makes a key. `id` names it where the engine keeps it.
  func make(_ kind: ModuleKeyKind, id: GUID, for tenant: GUID) async throws -> MadeKey

  /// Takes somebody's own key.
  func take(_ material: ModuleKeyMaterial, id: GUID, for tenant: GUID) async throws -> MadeKey

  /// Signs a digest.
  func sign(_ digest: [UInt8], _ algorithm: ModuleSignature, _ key: StoredKey) async throws -> [UInt8]

  /// Decrypts with the private half of an RSA pair.
  func decrypt(_ ciphertext: [UInt8], _ padding: ModuleRSAPadding, _ key: StoredKey) async throws -> [UInt8]

  /// HMAC with SHA-256.
  func authenticate(_ message: [UInt8], _ key: StoredKey) async throws -> [UInt8]

  /// Encrypts with AES; a tag stands behind the ciphertext.
  func encrypt(_ plaintext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8]

  func decrypt(_ ciphertext: [UInt8], _ cipher: ModuleCipher, _ key: StoredKey) async throws -> [UInt8]

  /// Wraps with AES.
  ///
  /// Source: RFC 3394.
  func wrap(_ content: [UInt8], _ key: StoredKey) async throws -> [UInt8]

  func unwrap(_ wrapped: [UInt8], _ key: StoredKey) async throws -> [UInt8]
}

/// A key that an engine has made or taken, before there is a record of it.
struct MadeKey: Sendable {
  var kind: ModuleKeyKind
  /// Nil for a symmetric key.
  var publicKey: PublicKey?
  /// The private key in DER (PKCS#8), to be sealed; nil where a module keeps it.
  var content: [UInt8]?
  /// Its name in the module.
  var moduleKey: GUID?
}

/// A key that is to be used.
struct StoredKey: Sendable {
  enum Place: Sendable {
    /// Open in this process since an earlier use.
    case open(SoftwareKey)
    /// The private key in DER.
    case content([UInt8])
    case module(GUID)
    /// It lives with the customer.
    case external(ExternalKeyReference)
  }

  var kind: ModuleKeyKind
  var tenant: GUID
  /// `VaultObject.incarnation`.
  var incarnation: GUID
  /// `VaultObjectVersion.payloadID`.
  var id: GUID
  var place: Place
  /// What for; an external key is used for nothing else.
  var purpose: KeyPurpose?
}

extension MadeKey: CustomStringConvertible, CustomReflectable {
  var description: String { "a key" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

extension StoredKey: CustomStringConvertible, CustomReflectable {
  var description: String { "a key" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
