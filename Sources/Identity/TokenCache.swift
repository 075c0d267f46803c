internal import Base
internal import Crypto
internal import Synchronization

/// The claims of tokens whose signature was found good, by the SHA-256 of the token. What can change after a token was signed (its principal, its
/// tenant) is not here.
final class TokenCache: Sendable {
  private let claims = Mutex<[SHA256.Digest: TokenClaims]>([:])

  subscript(digest: SHA256.Digest) -> TokenClaims? {
    claims.withLock { $0[digest] }
  }

  func insert(_ token: TokenClaims, _ digest: SHA256.Digest, now: Timestamp) {
    claims.withLock { claims in
      if claims.count >= IdentityLimits.maximumCachedTokens {
        claims = claims.filter { $0.value.expires > now }
        // All still good: any half will do, for each costs one signature check to have again.
        if claims.count >= IdentityLimits.maximumCachedTokens {
          claims = Dictionary(uniqueKeysWithValues: claims.prefix(IdentityLimits.maximumCachedTokens / 2).map { ($0.key, $0.value) })
        }
      }
      claims[digest] = token
    }
  }

  func remove(_ digest: SHA256.Digest) {
    claims.withLock { _ = $0.removeValue(forKey: digest) }
  }
}
