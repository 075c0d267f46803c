internal import Base
internal import Edge
internal import Ledger
internal import Records

extension IdentityService {
  /// Entra's numbers of what means that somebody was not who they said, or showed what is no longer good. What lacks a credential, or waits for a person, is
  /// none.
  private static let failures: Set<Int> = [
    50020, 50027, 50034, 50053, 50057, 50126, 50173, 50196, 54005, 70000, 70008, 501_481, 700_016, 700_021, 700_023, 700_024, 700_027, 700_082,
    7_000_112, 7_000_215, 7_000_222, 7_000_229,
  ]

  /// Notes a sign-in that failed. Of what the form held only a user's name is kept, and that only in a domain of this cloud: people type passwords there.
  func noteFailure(_ error: CloudError, form: TokenForm, tenant: Tenant?, request: EdgeRequest) async {
    let isBadRefreshToken = error.aadstsNumber == OAuthErrors.badRefreshToken.aadstsNumber && error.code == OAuthErrors.badRefreshToken.code
    guard let notes, isBadRefreshToken || Self.failures.contains(error.aadstsNumber) else { return }
    let name = form["username"].flatMap { DirectoryNames.halves(ofUserPrincipalName: $0) == nil ? nil : $0 }
    let client = form["client_id"].flatMap { GUID($0) }
    let (home, owner) = await owners(ofName: name, client: client)
    let whose = tenant?.id ?? home ?? owner ?? .zero
    var facts = ["service": "login", "code": "AADSTS\(error.aadstsNumber)", "correlation": request.identifiers.correlation.description]
    if let client { facts["client"] = client.description }
    if let grant = form["grant_type"], Self.grants.contains(grant) { facts["grant"] = grant }
    notes.note(
      .authenticationFailure, tenant: whose, subject: "/tenants/\(whose)/signIns", request: request.identifiers.request, facts: facts,
      personal: ["caller": home == nil ? "" : name ?? "", "address": request.remoteAddress])
  }

  private static let grants: Set<String> = [
    "client_credentials", "password", "refresh_token", "authorization_code", "device_code", "urn:ietf:params:oauth:grant-type:device_code",
  ]

  /// The tenant of a user name's domain, and that of an application.
  private func owners(ofName name: String?, client: GUID?) async -> (home: GUID?, owner: GUID?) {
    let found = try? await records.read { reader in
      let domain = name.flatMap { DirectoryNames.halves(ofUserPrincipalName: $0)?.domain }
      let home = try domain.flatMap { try self.tenant(domain: $0.lowercased(), in: reader)?.id }
      return (home, try client.flatMap { try self.application(appID: $0, in: reader)?.tenant })
    }
    return found ?? (nil, nil)
  }
}
