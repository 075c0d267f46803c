internal import Base
internal import Edge
internal import Ledger
internal import Wire

extension VaultCall {
  /// The entry that tells of this call. `subject` is the id of what was read, used or changed; no value of a secret or key goes into it.
  func entry(
    _ kind: LedgerEntry.Kind, subject: String, outcome: LedgerEntry.Outcome = .succeeded, facts: [String: String] = [:], random: any RandomSource
  ) -> LedgerEntry {
    LedgerEntry(
      id: random.guid(), time: now, tenant: vault.tenant, kind: kind, subject: subject, outcome: outcome, request: identifiers.request,
      facts: ["operation": operation, "vault": vault.id.description].merging(facts) { $1 },
      personal: ["caller": principal.name, "principal": principal.objectID.description, "address": remoteAddress])
  }
}
