internal import Base
internal import Edge
internal import ExternalKeys
internal import Keyring

/// Who uses a key, what for, and under which request: what the customer's side hears of a use of an external key.
struct KeyPurpose: Sendable {
  /// One that a caller of the vault gives by calling it. The others are `CustomerKeyUse.Reason`.
  static let vaultOperation = "vaultOperation"

  var reason: String
  var subject: String
  var tenant: GUID
  var caller: GUID?
  var identity: GUID?
  var request: GUID?

  init(_ call: VaultCall, url: String) {
    reason = Self.vaultOperation
    subject = url
    tenant = call.vault.tenant
    caller = call.principal.objectID
    request = call.identifiers.request
  }

  init(_ use: CustomerKeyUse) {
    reason = use.reason.rawValue
    subject = use.subject
    tenant = use.tenant
    caller = use.caller
    identity = use.identity
    request = use.request
  }

  func context(of vault: Vault, _ services: VaultServices) -> ExternalKeyContext {
    ExternalKeyContext(
      request: request, correlation: services.random.guid(), pool: vault.name, reason: reason, subject: subject, caller: caller, identity: identity,
      tenant: tenant, time: services.clock.now())
  }
}
