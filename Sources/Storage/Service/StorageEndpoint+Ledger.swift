internal import Access
internal import Base
internal import Edge
internal import Ledger
internal import NIOHTTP1

/// What of a refusal belongs in the ledger: whoever shows a bad credential, and whoever may not. Not who shows none, for so a challenge begins.
struct StorageRefusal {
  var kind: LedgerEntry.Kind

  private static let refusals: Set<String> = [
    "KeyBasedAuthenticationNotPermitted", "UnauthorizedBlobOverwrite", "AccountRequiresHttps", "TlsVersionNotPermitted",
  ]

  init?(_ error: CloudError) {
    switch error.code {
    case "AuthenticationFailed", "InvalidAuthenticationInfo": kind = .authenticationFailure
    case let code where code.hasPrefix("Authorization") || Self.refusals.contains(code): kind = .refusal
    default: return nil
    }
  }
}

extension LedgerNotes {
  /// Notes a refusal of the data plane. What is below the account stays out of it, for clients choose those names; so does what the error says of a
  /// signature.
  func note(_ error: CloudError, _ request: EdgeRequest, account: OpenAccount, service: StorageService, operation: String?, principal: Principal?) {
    guard request.method != .OPTIONS, let refusal = StorageRefusal(error) else { return }
    var personal = ["address": request.remoteAddress]
    if let principal, principal.objectID != .zero {
      personal["caller"] = principal.name
      personal["principal"] = principal.objectID.description
    }
    var facts = [
      "service": service.rawValue, "code": error.code, "method": request.method.rawValue, "correlation": request.identifiers.correlation.description,
    ]
    if let operation { facts["operation"] = operation }
    note(
      refusal.kind, tenant: account.account.tenant, subject: account.path, request: request.identifiers.request, facts: facts, personal: personal)
  }
}
