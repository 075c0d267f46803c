internal import Base
internal import Catalogue
internal import Declarations
internal import Records
internal import ResourceManager
internal import Wire

/// The map of networks and the matrix of flows: whatever is allowed has a justification, and the map is looked at again every year.
package struct ControlRES01: ControlObservation {
  package let control = "CTL-RES-01"
  package let test = "CTL-RES-01Tests: a rule that allows and does not say why is a gap until it does"

  private static let maximumSubscriptions = 10_000
  private static let maximumGroups = 10_000
  private static let maximumShown = 1000

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    [try await matrix(platform), try await review(platform)]
  }

  // MARK: The matrix

  /// A rule that lets packets through.
  private struct Allowance {
    var tenant: GUID
    /// The group's `resourceGuid`: ids tell it apart, its name is the tenant's.
    var group: String
    var direction: String
    var transport: String
    var ports: String
    var isJustified: Bool
  }

  private func matrix(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text(
      "chaque règle d'autorisation des groupes de sécurité réseau, les flux de la plateforme au registre « \(PlatformRegister.name) »",
      "each allowing rule of the network security groups, the platform's flows in the register “\(PlatformRegister.name)”")
    let allowances = try await platform.records.read { try Self.allowances(in: $0) }
    let register = try await platform.documents.register(PlatformRegister.self)
    // The register takes no flow without a purpose.
    let flows = (register?.value.listeners.count ?? 0) + (register?.value.destinations.count ?? 0)
    let networks = try await platform.machines?.networks() ?? []
    let unjustified = allowances.filter { !$0.isJustified }
    var gaps: [Text] = []
    if !unjustified.isEmpty {
      let groups = Set(unjustified.map(\.group)).count
      gaps.append(
        Text(
          "\(unjustified.count) règles d'autorisation sur \(allowances.count) n'ont pas de justification (description), dans \(groups) groupes.",
          "\(unjustified.count) of \(allowances.count) allowing rules have no justification (description), in \(groups) groups."))
    }
    let figures: [Finding.Figure] = [
      .init("règles d'autorisation", "allowing rules", allowances.count), .init("sans justification", "without justification", unjustified.count),
      .init("flux de la plateforme", "flows of the platform", flows), .init("réseaux", "networks", networks.count),
    ]
    // Gaps first: they must not be what is cut.
    let sorted = allowances.sorted { !$0.isJustified && $1.isJustified }
    let evidence: JSON = [
      "rules": .array(
        sorted.prefix(Self.maximumShown).map {
          [
            "tenant": .string($0.tenant.description), "group": .string($0.group), "direction": .string($0.direction),
            "protocol": .string($0.transport), "ports": .string($0.ports), "justified": .boolean($0.isJustified),
          ]
        }),
      "networks": .array(
        networks.prefix(Self.maximumShown).map { ["namespace": .string($0.namespace), "tenant": .string($0.tenant?.description ?? "")] }),
    ]
    if register == nil, gaps.isEmpty { return .unfiled(PlatformRegister.self, ["13.1.a"], subject: subject) }
    return Finding(
      ["13.1.a"], subject: subject, looked: allowances.count + flows, gaps: gaps,
      nothing: Text("aucun flux n'est autorisé ni déclaré.", "no flow is allowed or declared."), figures: figures, evidence: evidence)
  }

  private static func allowances(in reader: any RecordReader) throws -> [Allowance] {
    try Subscription.all(limit: maximumSubscriptions, in: reader).flatMap { subscription in
      try Resource.all(of: "Microsoft.Network/networkSecurityGroups", in: subscription, limit: maximumGroups, in: reader)
    }.flatMap { group in
      (group.properties["securityRules"]?.array ?? []).compactMap { rule -> Allowance? in
        guard let properties = rule["properties"], properties["access"]?.string == "Allow" else { return nil }
        let ports =
          [properties["destinationPortRange"]?.string].compactMap { $0 } + (properties["destinationPortRanges"]?.array ?? []).compactMap(\.string)
        let description = properties["description"]?.string ?? ""
        return Allowance(
          tenant: group.tenant, group: group.properties["resourceGuid"]?.string ?? "", direction: properties["direction"]?.string ?? "",
          transport: properties["protocol"]?.string ?? "", ports: ports.joined(separator: ","), isJustified: description.contains { !$0.isWhitespace }
        )
      }
    }
  }

  // MARK: The review

  private func review(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text("la pièce « cartographie » et la date de son approbation", "the piece “map of networks” and the day of its approval")
    let slots = try SecNumCloudData.pieceSlots(platform.requirements).slots(for: "13.1.b")
    let pieces = try await platform.documents.pieces().filter { piece in piece.replaced == nil && slots.contains { $0.id == piece.slot } }
    let period = platform.requirements.item("13.1.b")?.deadline ?? Requirements.Period(months: 12)
    let today = CalendarDate(platform.now)
    let late = pieces.filter { period.after($0.approved) < today }
    return Finding(
      ["13.1.b"], subject: subject, looked: pieces.count,
      gaps: late.map {
        Text(
          "« \($0.title) » a été approuvée le \($0.approved), il y a plus d'un an.",
          "“\($0.title)” was approved on \($0.approved), more than a year ago.")
      },
      nothing: Text(
        "la cartographie revue n'a pas été déposée : \(slots.map(\.title).joined(separator: ", ")).",
        "the reviewed map was not filed: \(slots.map(\.english).joined(separator: ", "))."),
      figures: [.init("pièces", "pieces", pieces.count)],
      evidence: [
        "pieces": .array(
          pieces.map { ["id": .string($0.id.description), "sha256": .string($0.content.sha256), "approved": .string($0.approved.description)] })
      ])
  }
}
