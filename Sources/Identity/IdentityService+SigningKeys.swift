extension IdentityService {
  /// The keys in memory.
  var signingKeys: SigningKeys { keyRing.keys }

  /// Makes a new signing key, which signs after `leadSeconds`.
  public func rotateSigningKey(leadSeconds: Int64 = IdentityLimits.signingKeyLeadSeconds) async throws {
    try await keyRing.rotate(leadSeconds: leadSeconds)
  }

  /// The keys of another issuer, kept by the same means.
  package func keyRing(of owner: SigningKey.Owner, bits: Int) -> SigningKeyRing {
    SigningKeyRing(owner: owner, bits: bits, records: records, keyring: keyring, clock: clock, hasher: hasher, logger: logger)
  }
}
