internal import Access
internal import Base
internal import Catalogue
internal import Records
internal import ResourceManager
internal import Wire

/// What the provider keeps for itself cannot be listed nor addressed by who is a customer: a tenant of the platform's own making tries, from outside.
package struct ControlIAM10: ControlObservation {
  package let control = "CTL-IAM-10"
  package let test = "CTL-IAM-10Tests: a listing that shows a tenant another's subscription is a gap until it shows none"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    guard let own = try await ProbeTenant.ready(platform).first else { return [] }
    let probe = try await TenantProbe(own, platform)
    var sight = Sight()
    try await sight.lookAtManagement(probe, platform)
    try await sight.lookAtDirectory(probe)
    // Records of the platform itself are filed under no tenant: the one function that decides must not let anybody there.
    let administrator = Principal(kind: .servicePrincipal, tenant: own.tenant, objectID: own.principal)
    let nobodys = AccessScope(tenant: .zero, path: "/")
    if try await platform.access.decide(administrator, Action("Microsoft.Resources/subscriptions/read"), on: nobodys) == .allowed {
      sight.gaps.append(Text("un client est admis dans ce qui n'est à aucun client.", "a customer is let into what is no customer's."))
    }
    return [
      Finding(
        ["9.6.i", "9.6.j", "9.6.k"],
        subject: Text(
          "ce que le client « \(own.name) » de la sonde liste et atteint de l'extérieur",
          "what the probe's tenant “\(own.name)” lists and reaches from outside"),
        looked: sight.listed + sight.aimed, gaps: sight.gaps, nothing: Text("rien n'a pu être listé.", "nothing could be listed."),
        figures: [
          .init("objets listés", "objects listed", sight.listed),
          .init("souscriptions d'autrui visées (échantillon)", "subscriptions of others aimed at (a sample)", sight.aimed),
        ])
    ]
  }
}

/// What a tenant sees, and what of it is not its own.
private struct Sight {
  private static let maximumSubscriptions = 8

  var listed = 0
  var aimed = 0
  var gaps: [Text] = []

  mutating func lookAtManagement(_ probe: TenantProbe, _ platform: ObservedPlatform) async throws {
    let own = probe.tenant
    for subscription in try await list(probe, probe.manage("/subscriptions", version: TenantProbe.subscriptionVersion)) {
      let id = subscription["subscriptionId"]?.string ?? "?"
      guard id != own.subscription.description else { continue }
      gaps.append(Text("un client voit la souscription \(id) d'un autre.", "a customer sees the subscription \(id) of another."))
    }
    for tenant in try await list(probe, probe.manage("/tenants", version: TenantProbe.subscriptionVersion))
    where tenant["tenantId"]?.string != own.tenant.description {
      gaps.append(Text("un client voit un autre locataire.", "a customer sees another tenant."))
    }
    let others = try await platform.records.read { try Subscription.all(limit: Self.maximumSubscriptions + 1, in: $0) }
    for subscription in others.filter({ $0.id != own.subscription }).prefix(Self.maximumSubscriptions) {
      aimed += 1
      let answer = try await probe.send(probe.manage("\(subscription.path)/resources", version: TenantProbe.resourceVersion))
      guard answer.status < 400 else { continue }
      gaps.append(
        Text(
          "un client obtient les ressources de la souscription \(subscription.id).",
          "a customer gets the resources of the subscription \(subscription.id)."))
    }
  }

  mutating func lookAtDirectory(_ probe: TenantProbe) async throws {
    let own = probe.tenant
    for user in try await list(probe, probe.graph("/users")) {
      gaps.append(
        Text(
          "un client voit l'utilisateur \(user["id"]?.string ?? "?") d'un autre annuaire.",
          "a customer sees the user \(user["id"]?.string ?? "?") of another directory."))
    }
    for program in try await list(probe, probe.graph("/servicePrincipals")) where program["id"]?.string != own.principal.description {
      // Programs that every tenant knows belong to nobody's directory.
      guard program["appOwnerOrganizationId"]?.string == nil || program["appOwnerOrganizationId"]?.string == own.tenant.description else { continue }
      gaps.append(
        Text(
          "un client voit le programme \(program["id"]?.string ?? "?") d'un autre annuaire.",
          "a customer sees the program \(program["id"]?.string ?? "?") of another directory."))
    }
  }

  /// The first page of a list. Throws where it is refused: then nothing was looked at.
  private mutating func list(_ probe: TenantProbe, _ request: OutsideRequest) async throws -> [JSON] {
    let answer = try await probe.send(request)
    guard answer.status == 200, let values = (try? JSON(parsing: answer.body))?["value"]?.array else {
      throw ObservationFailure("la liste \(request.path) a rendu \(answer.status).", "the list \(request.path) answered \(answer.status).")
    }
    listed += values.count
    return values
  }
}
