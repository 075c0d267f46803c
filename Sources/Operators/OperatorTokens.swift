internal import Access
internal import Base
public import Identity
internal import Keyring
internal import Ledger
public import Logging
internal import Records
internal import Wire

/// Gives operators their tokens, and knows them again: an issuer of its own, with keys of its own, whose tokens no tenant's endpoint takes, as it takes
/// none of theirs.
public struct OperatorTokens: Sendable {
  public let address: OperatorAddress
  let records: any RecordStore
  let clock: any WallClock
  private let random: any RandomSource
  let ring: SigningKeyRing
  private let assertions: ClientAssertions
  private let logger: Logger

  /// `identity` keeps the keys.
  public init(address: OperatorAddress, identity: IdentityService, logger: Logger) {
    self.address = address
    self.logger = logger
    records = identity.records
    clock = identity.clock
    random = identity.random
    ring = identity.keyRing(of: .operators, bits: OperatorLimits.signingKeyBits)
    assertions = ClientAssertions(
      records: identity.records, clock: identity.clock, algorithms: [.ps256, .rs256, .es256, .es384],
      maximumSeconds: OperatorLimits.maximumAssertionSeconds)
  }

  /// Rotates the signing key when it is due, until the task is cancelled.
  public func run() async throws {
    while !Task.isCancelled {
      do {
        try await ring.ready()
        try await ring.maintain()
      } catch {
        logger.error("the operators' signing key could not be kept", metadata: ["error": "\(error)"])
      }
      try await Task.sleep(for: .seconds(OperatorLimits.maintenanceSeconds))
    }
  }

  // MARK: Signing in

  /// A token for the operator whose certificate has signed an assertion. The sign-in is in the ledger in the transaction that uses the assertion up.
  ///
  /// Throws the token service's `CloudError`s.
  func signIn(client text: String, assertion: String, resource: String, request: GUID, remoteAddress: String) async throws -> String {
    try await ring.ready()
    guard let id = GUID(text), let person = try await records.read({ try $0.fetch(Operator.self, Operator.key(id)) }) else {
      throw OAuthErrors.noApplication(text, "operators")
    }
    guard person.disabled == nil else { throw OAuthErrors.disabledApplication(id) }
    guard TokenResource.comparable(resource) == TokenResource.comparable(address.operations) else {
      throw OAuthErrors.noResource(resource, "operators")
    }
    let entry = LedgerEntry(
      id: random.guid(), time: clock.now(), tenant: .zero, kind: .operatorAction, subject: "/operators/\(id)", outcome: .succeeded, request: request,
      facts: ["operation": "operator sign-in"], personal: person.principal.personal.merging(["address": remoteAddress]) { $1 })
    let audiences = [address.tokenEndpoint, address.issuer]
    try await assertions.redeem(
      assertion, keys: [person.credential], client: id, tenant: .zero, resource: resource, isAudience: { audiences.contains($0) },
      { transaction in
        // Again here: the register may have changed since.
        guard try OperatorRegister.active(id, in: transaction)?.credential == person.credential else { throw OAuthErrors.disabledApplication(id) }
        try entry.append(in: transaction)
      })
    return try token(for: person)
  }

  private func token(for person: Operator) throws -> String {
    guard let key = ring.keys.current(at: clock.now()) else { throw CloudError.serverBusy("No signing key is ready.") }
    let now = clock.now().seconds
    let id = JSON.string(person.id.description)
    return try JSONWebToken.sign(
      [
        "aud": .string(address.operations), "iss": .string(address.issuer), "iat": .integer(now), "nbf": .integer(now),
        "exp": .integer(now + OperatorLimits.tokenSeconds), "sub": id, "oid": id, "appid": id, "azp": id, "idtyp": "operator",
        "certificate": .string(Base64URL.encode(person.thumbprint)), "disablings": .integer(Int64(person.disablings)),
        "uti": .string(Base64URL.encode(random.bytes(16))), "ver": "2.0",
      ], key: key.privateKey, keyID: key.record.id)
  }

  func keySet() async throws -> JSON {
    try await ring.ready()
    return ring.keys.keySet(at: clock.now(), issuer: address.issuer)
  }

  // MARK: Knowing a token again

  /// The operator whom a token speaks for, as the register has the person now: whoever was removed or disabled, or has another certificate meanwhile, is
  /// none from that moment on. Throws `TokenError`.
  public func principal(bearer token: String) async throws -> OperatorPrincipal {
    let parsed = try JSONWebToken(parsing: token)
    try await ring.ready()
    let now = clock.now()
    guard parsed.header["alg"]?.string == JSONWebToken.Algorithm.rs256.rawValue else { throw TokenError.wrongAlgorithm }
    guard let keyID = parsed.header["kid"]?.string, let key = ring.keys.publicKey(keyID, at: now) else { throw TokenError.unknownKey }
    guard parsed.isSigned(by: key, .rs256) else { throw TokenError.badSignature }
    guard parsed.payload["iss"]?.string == address.issuer else { throw TokenError.wrongIssuer }
    guard parsed.payload["aud"]?.string == address.operations else { throw TokenError.wrongAudience }
    guard let id = parsed.payload["oid"]?.string.flatMap({ GUID($0) }), let expires = parsed.date("exp"), let begins = parsed.date("nbf"),
      let certificate = parsed.payload["certificate"]?.string, let disablings = parsed.payload["disablings"]?.integer
    else { throw TokenError.malformed }
    // The one clock gives it and reads it: nothing is added.
    guard now < expires else { throw TokenError.expired }
    guard begins <= now else { throw TokenError.notYetValid }
    guard let person = try await records.read({ try OperatorRegister.active(id, in: $0) }), Base64URL.encode(person.thumbprint) == certificate,
      disablings == Int64(person.disablings), now < person.notAfter
    else { throw TokenError.unknownPrincipal }
    return person.principal
  }
}
