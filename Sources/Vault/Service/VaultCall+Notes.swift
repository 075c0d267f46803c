internal import Base
internal import Edge
internal import Ledger
internal import NIOHTTP1
internal import Wire

extension LedgerNotes {
  /// Notes that a vault let somebody not in, or not do something. Who shows no token begins a challenge, and is none of these.
  func note(_ error: CloudError, _ request: EdgeRequest, _ vault: Vault, operation: String?, principal: Principal?) {
    let isAuthentication = error.status == 401
    guard error.status == 403 || isAuthentication && request.headers.contains(name: "authorization") else { return }
    var personal = ["address": request.remoteAddress]
    if let principal {
      personal["caller"] = principal.name
      personal["principal"] = principal.objectID.description
    }
    var facts = ["service": "vault", "code": error.members.first { $0.name == VaultError.innerMember }?.value ?? error.code]
    facts["operation"] = operation
    note(
      isAuthentication ? .authenticationFailure : .refusal, tenant: vault.tenant, subject: vault.id.description,
      request: request.identifiers.request, facts: facts, personal: personal)
  }
}
