/// A command that the control socket of a running cloud takes. The socket refuses what is not in the table, and an entry cannot be written without
/// saying what its answer shows: nothing that is a tenant's.
public struct HostCommand: Sendable, Equatable {
  /// What an answer may show. There is no case for what tenants keep in their resources: no command shows that.
  public enum Shows: String, Sendable, CaseIterable {
    /// That it was done, or not.
    case outcome
    /// The state of the platform: sizes, addresses, keys' names, what is observed of it.
    case platform
    /// Which tenants there are, by name, and the state of their contracts.
    case tenants
    /// What the ledger has of who did what to which resource, without what is in it.
    case ledger
    /// Which operators there are.
    case operators
    /// What operators asked of tenants and authorities of the operator, without what was answered with.
    case requests
    /// The first credentials of a tenant that the command itself makes, and that has nothing yet.
    case newTenant
    /// A folder with everything under the keys that it was under before.
    case sealedCopy
  }

  public var name: String
  public var shows: Shows

  init(_ name: String, _ shows: Shows) {
    self.name = name
    self.shows = shows
  }

  public static func named(_ name: String) -> HostCommand? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  public static let all: [HostCommand] = [
    HostCommand("status", .platform), HostCommand("down", .outcome),
    HostCommand("ledger status", .platform), HostCommand("ledger list", .ledger), HostCommand("ledger receipt", .ledger),
    HostCommand("ledger publish", .platform), HostCommand("ledger export", .ledger), HostCommand("ledger erase", .outcome),
    HostCommand("tenant add", .newTenant), HostCommand("tenant list", .tenants), HostCommand("tenant end", .tenants),
    HostCommand("tenant cancel", .tenants), HostCommand("tenant erase", .tenants), HostCommand("tenant erasure", .tenants),
    HostCommand("backup create", .sealedCopy), HostCommand("backup test", .platform),
    HostCommand("secnumcloud status", .platform), HostCommand("secnumcloud observe", .platform), HostCommand("secnumcloud explain", .platform),
    HostCommand("secnumcloud register", .platform), HostCommand("secnumcloud registers", .platform), HostCommand("secnumcloud document", .platform),
    HostCommand("secnumcloud documents", .platform), HostCommand("dossier build", .platform),
    HostCommand("image add", .platform), HostCommand("image list", .platform), HostCommand("machines stop", .outcome),
    HostCommand("operator add", .operators), HostCommand("operator list", .operators), HostCommand("operator show", .operators),
    HostCommand("operator roles", .operators), HostCommand("operator renew", .operators), HostCommand("operator disable", .operators),
    HostCommand("operator enable", .operators), HostCommand("operator remove", .operators), HostCommand("operator authority", .platform),
    HostCommand("operator routes", .platform),
    HostCommand("lockbox list", .requests), HostCommand("lockbox show", .requests),
    HostCommand("authority-request add", .requests), HostCommand("authority-request list", .requests),
    HostCommand("authority-request show", .requests), HostCommand("authority-request answer", .requests),
    HostCommand("authority-request close", .requests), HostCommand("authority-request notify", .requests),
  ]
}
