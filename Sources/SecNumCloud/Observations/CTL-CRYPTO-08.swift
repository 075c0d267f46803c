internal import Base
internal import Catalogue
internal import Keyring
internal import Ledger
internal import Records
internal import Storage
internal import Wire

/// Keys that customers hold: no data key opens against their will, each use has a reason that they may refuse, and a key that is cut makes data
/// illegible.
package struct ControlCRYPTO08: ControlObservation {
  package let control = "CTL-CRYPTO-08"
  package let test = "CTL-CRYPTO-08Tests: an account whose customer's key protects nothing is a gap, and so is a use of such a key without a reason"

  package init() {}

  private static let items: [ItemID] = ["10.5.c", "19.6.c"]

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    [Self.cutting(try await CustomerCanary(platform: platform).look()), try await uses(platform), try await protections(platform)].compactMap(\.self)
  }

  // MARK: A key that is cut

  package static func cutting(_ look: CustomerCanary.Look) -> Finding {
    var gaps: [Text] = []
    if look.opensWithoutCustomer {
      gaps.append(Text("la plateforme ouvre la clé du canari sans le client.", "the platform opens the canary's key without the customer."))
    }
    if look.isReadableAfterRefusal {
      gaps.append(Text("le canari se lit encore après le refus du client.", "the canary can still be read after the customer's refusal."))
    }
    if look.isReadableInSilence {
      gaps.append(
        Text(
          "le canari se lit encore \(KeyringLimits.customerKeySeconds) s après la dernière réponse du client.",
          "the canary can still be read \(KeyringLimits.customerKeySeconds) s after the customer's last answer."))
    }
    if !look.comesBack {
      gaps.append(Text("le canari ne revient pas avec l'accord du client.", "the canary does not come back with the customer's consent."))
    }
    if look.unexplained > 0 {
      gaps.append(
        Text(
          "\(look.unexplained) questions au client sont sans motif, sans ressource ou sans requête.",
          "\(look.unexplained) questions to the customer are without a reason, a resource or a request."))
    }
    return Finding(
      items,
      subject: Text(
        "un texte sous une clé que protège un client sonde : refus, silence, puis accord",
        "a text under a key that a probe customer protects: refusal, silence, then consent"),
      looked: look.wasReadable ? 1 : 0, gaps: gaps,
      nothing: Text("le canari n'a pas pu être lu avec l'accord du client.", "the canary could not be read with the customer's consent."),
      figures: [
        .init("questions posées au client", "questions that the customer was asked", look.questions),
        .init("délai sans réponse du client", "time without the customer's answer", Int(KeyringLimits.customerKeySeconds), unit: "s"),
      ])
  }

  // MARK: Uses

  /// Entries of the ledger that are looked at, the newest.
  package static let maximumEntries = 2000
  /// What the platform does with a customer's key for itself: wrap and unwrap data keys.
  private static let operations: Set = ["Wrap Key", "Unwrap Key"]

  /// What stands where a caller of the vault, whom the entry names, used the key: that is the customer's own affair.
  private static let callersReason = "vaultOperation"

  /// Each use that the platform made of a customer's key says what for, and for which resource. Nil where there was none.
  private func uses(_ platform: ObservedPlatform) async throws -> Finding? {
    let reasons = Set(CustomerKeyUse.Reason.allCases.map(\.rawValue))
    let entries = try await platform.records.read { try Ledger.newestEntries(Self.maximumEntries, in: $0) }
    var byReason: [String: Int] = [:]
    var (refused, gaps) = (0, [Text]())
    for entry in entries {
      let json = entry.json
      guard json["kind"]?.string == LedgerEntry.Kind.keyUse.rawValue, let facts = json["facts"],
        Self.operations.contains(facts["operation"]?.string ?? ""), facts["resource"] != nil || facts["reason"] != nil
      else { continue }
      let reason = facts["reason"]?.string ?? ""
      guard reason != Self.callersReason else { continue }
      byReason[reason, default: 0] += 1
      if json["outcome"]?.string == LedgerEntry.Outcome.refused.rawValue { refused += 1 }
      guard !reasons.contains(reason) || facts["resource"]?.string.map(\.isEmpty) ?? true else { continue }
      gaps.append(
        Text(
          "l'entrée \(entry.sequence) du registre est un usage de clé cliente sans motif connu ni ressource.",
          "entry \(entry.sequence) of the ledger is a use of a customer's key without a known reason and a resource."))
    }
    guard !byReason.isEmpty else { return nil }
    return Finding(
      Self.items,
      subject: Text(
        "les usages de clés clientes par la plateforme, dans les \(entries.count) dernières entrées du registre",
        "the platform's uses of customers' keys, in the last \(entries.count) entries of the ledger"),
      looked: byReason.values.reduce(0, +), gaps: gaps, nothing: Text("", ""),
      figures: byReason.sorted { $0.key < $1.key }.map { .init(Text("usages : \($0.key)", "uses: \($0.key)"), Double($0.value)) }
        + [.init("usages refusés", "uses refused", refused)])
  }

  // MARK: Protections

  private static let maximumDataKeys = 5000

  /// A key's URL without its version, in one spelling.
  private static func name(_ key: CustomerKey) -> String {
    CustomerKey(vault: String(key.vault.reversed().drop { $0 == "/" }.reversed()), name: key.name).url.lowercased()
  }

  /// Data keys of tenants that a customer's key protects. Nil where there are none.
  private func protections(_ platform: ObservedPlatform) async throws -> Finding? {
    let (keys, accounts) = try await platform.records.read { reader in
      var keys: [Keyring.DataKeyDescription] = []
      for tenant in Set(try Keyring.tenantKeys(limit: ObservationLimits.maximumListed, in: reader).map(\.tenant)) {
        keys += try Keyring.dataKeys(ofTenant: tenant, limit: Self.maximumDataKeys - keys.count, in: reader).filter { $0.protection != nil }
        if keys.count >= Self.maximumDataKeys { break }
      }
      return (keys, try StorageAccounts.customerKeyed(limit: Self.maximumDataKeys, in: reader))
    }
    guard !keys.isEmpty || !accounts.isEmpty else { return nil }
    let gaps = accounts.filter { $0.protection.map(\.key).map(Self.name) != Self.name($0.wanted) }.map { account in
      Text(
        "le compte \(account.name) est déclaré sous une clé cliente, et cette clé ne protège pas ses données.",
        "the account \(account.name) is declared to be under a customer's key, and that key does not protect its data.")
    }
    let byReason = Dictionary(grouping: keys) { $0.protection?.reason.rawValue ?? "" }
    return Finding(
      Self.items,
      subject: Text(
        "les clés de données que protègent des clés clientes, et les comptes qui sont déclarés l'être",
        "the data keys that customers' keys protect, and the accounts that are declared to be"),
      looked: keys.count + accounts.count, gaps: gaps, nothing: Text("", ""),
      figures: byReason.sorted { $0.key < $1.key }.map { .init(Text("clés : \($0.key)", "keys: \($0.key)"), Double($0.value.count)) }
        + [.init("comptes sous clé cliente", "accounts under customers' keys", accounts.count)])
  }
}
