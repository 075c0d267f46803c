internal import ArgumentParser
internal import Wire

/// `cocagne tenant list`
struct TenantList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Les locataires, et ceux dont le contrat a fini. — The tenants, and those whose contract has ended.")

  @OptionGroup var data: DataOptions

  @Flag(help: "En JSON. — As JSON.")
  var json = false

  func run() throws {
    let answer = try data.ask("tenant list")
    if json { return print(answer.text) }
    for tenant in answer["tenants"]?.array ?? [] {
      print("\(tenant["tenantId"]?.string ?? "")  \(tenant["name"]?.string ?? "—")  \(Self.state(tenant))")
    }
  }

  private static func state(_ tenant: JSON) -> String {
    switch tenant["state"]?.string {
    case "notice": "préavis jusqu'au — notice until \(tenant["lastDay"]?.string ?? "")"
    case "erasing": "effacement en cours — being erased : \(tenant["waitsFor"]?["fr"]?.string ?? "…")"
    case "erased": "effacé le — erased on \(tenant["erased"]?.string ?? "")"
    default: "actif — active"
    }
  }
}
