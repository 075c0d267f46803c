internal import ArgumentParser

/// `cocagne tenant …`
struct TenantCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tenant", abstract: "Les locataires de ce nuage. — The tenants of this cloud.",
    subcommands: [TenantAdd.self, TenantList.self, TenantEnd.self, TenantErase.self])
}
