internal import Base
internal import Identity
internal import Wire

extension OperatorTokens {
  /// A token that says what one of a tenant's says, but for its issuer, which is this one, with its own signature: to be shown to tenants' front door,
  /// which must refuse it. It speaks for nobody at the operators' own.
  package func token(like foreign: String) async throws -> String {
    try await ring.ready()
    guard let key = ring.keys.current(at: clock.now()) else { throw CloudError.serverBusy("No signing key is ready.") }
    var payload = try JSONWebToken(parsing: foreign).payload.object ?? JSON.Object()
    payload["iss"] = .string(address.issuer)
    return try JSONWebToken.sign(.object(payload), key: key.privateKey, keyID: key.record.id)
  }
}
