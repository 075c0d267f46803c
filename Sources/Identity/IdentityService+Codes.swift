internal import Base
internal import Crypto
internal import Records
internal import Wire

extension IdentityService {
  /// A code for a client whose user has signed in.
  func makeAuthorizationCode(for request: AuthorizationRequest, _ signIn: SignIn) async throws -> String {
    let code = Base64URL.encode(random.bytes(32))
    let record = AuthorizationCode(
      digest: AuthorizationCode.digest(of: code), client: request.client.appID, redirectURI: request.redirectURI, challenge: request.challenge,
      nonce: request.nonce, scope: request.scope, signIn: signIn, isRedeemed: false, refreshTokenDigest: nil,
      expires: clock.now().advanced(by: .seconds(IdentityLimits.authorizationCodeSeconds)))
    try await records.write { try $0.save(record) }
    return code
  }

  /// Takes what a code stands for, once. A second use revokes the refresh token that the first one gave (RFC 6749, section 10.5).
  func redeemAuthorizationCode(_ code: String, client: GUID, redirectURI: String, verifier: String?) async throws -> AuthorizationCode {
    let now = clock.now()
    let outcome: Result<AuthorizationCode, CloudError> = try await records.write { transaction in
      guard var record = try transaction.fetch(AuthorizationCode.self, AuthorizationCode.key(code: code)), record.client == client else {
        return .failure(OAuthErrors.badCode)
      }
      if record.isRedeemed {
        if let digest = record.refreshTokenDigest {
          let home = record.signIn.home
          try transaction.remove(RefreshToken.self, RefreshToken.key(tenant: home.tenant, user: home.user, digest: digest))
        }
        return .failure(OAuthErrors.codeRedeemed)
      }
      guard record.expires > now else { return .failure(OAuthErrors.codeExpired) }
      guard record.redirectURI == redirectURI else { return .failure(OAuthErrors.redirectMismatch(client)) }
      if let challenge = record.challenge {
        let answer = Base64URL.encode(SHA256.hash(data: Array((verifier ?? "").utf8)))
        guard let verifier, (43...128).contains(verifier.utf8.count), constantTimeEqual(Array(answer.utf8), Array(challenge.utf8)) else {
          return .failure(OAuthErrors.badVerifier)
        }
      }
      record.isRedeemed = true
      try transaction.save(record)
      return .success(record)
    }
    return try outcome.get()
  }

  /// Remembers which refresh token a code gave.
  func noteRefreshToken(_ token: RefreshTokenText, of code: String) async throws {
    try await records.write { transaction in
      guard var record = try transaction.fetch(AuthorizationCode.self, AuthorizationCode.key(code: code)) else { return }
      record.refreshTokenDigest = token.digest
      try transaction.save(record)
    }
  }
}
