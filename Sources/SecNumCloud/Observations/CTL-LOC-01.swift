internal import Base
internal import Catalogue
internal import Identity
internal import Records
internal import ResourceManager
internal import Wire

/// Where every byte lies: media of the host, locations in the records, backups.
public struct ControlLOC01: ControlObservation {
  public let control = "CTL-LOC-01"
  public let test = "CTL-LOC-01Tests: a resource outside of the site's locations is seen, and data on another machine's disk"

  public init() {}

  private static let maximumResources = 1000
  private static let maximumNamed = 20

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let register = try await platform.documents.register(PlatformRegister.self)
    let resources = try await resources(platform)
    let catalogue = try await BackupCatalogue(platform)
    let mounts = try HostMounts(platform.host)
    let site = platform.site
    let technical = try places(
      [
        (Text("identités, annuaire, certificats et journal d'activité", "identities, directory, certificates and activity log"), site.records),
        (Text("journal du processus", "the process's log"), site.log), (Text("clé racine", "root key"), site.rootKey),
        (Text("état des réseaux", "state of networks"), site.machineFolder),
      ], mounts, platform)
    let clients = try places(
      [(Text("segments", "segments"), site.segments), (Text("disques des machines", "disks of machines"), site.machineFolder)], mounts, platform)
    return [
      communicated(platform, resources, register),
      storage(
        ["19.2.b"], Text("données de clients : segments, disques, ressources", "clients' data: segments, disks, resources"), clients, resources,
        register, platform),
      storage(
        ["19.2.d"], Text("données techniques et sauvegardes", "technical data and backups"), technical + backups(catalogue), nil, register, platform),
    ]
  }

  // MARK: Resources

  private struct Resources {
    var looked = 0
    var isWhole = true
    /// How many a location has.
    var counts: [String: Int] = [:]
    var gaps: [Text] = []
  }

  /// Groups and resources: all of them, or where there are many, of each tenant those behind a place at random.
  private func resources(_ platform: ObservedPlatform) async throws -> Resources {
    let known = Set(platform.site.locations.map(\.name))
    let random = platform.random
    return try await platform.records.read { reader in
      var result = Resources()
      let tenants = try reader.list(Tenant.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed)
      func look(_ location: String?, _ type: String?, _ tenant: GUID) {
        result.looked += 1
        // What has no location of its own lies where its parent does.
        guard let location, Location.normalized(location) != "global" else { return }
        result.counts[location, default: 0] += 1
        if !known.contains(Location.normalized(location)) {
          result.gaps.append(
            Text(
              "\(type ?? "un groupe") du client \(tenant) est à « \(location) », qui n'est pas un lieu de la plateforme.",
              "\(type ?? "a group") of the tenant \(tenant) is in “\(location)”, which is no location of the platform."))
        }
      }
      for tenant in random.sample(tenants, Self.maximumResources) where result.looked < Self.maximumResources {
        let share = max(1, Self.maximumResources / max(1, tenants.count))
        let groups = try reader.list(ResourceGroup.self, under: RecordKey(tenant: tenant.id), limit: share)
        for group in groups { look(group.location, nil, tenant.id) }
        let parent = RecordKey(tenant: tenant.id)
        var found = try reader.list(Resource.self, under: parent, limit: share + 1)
        if found.count > share {
          result.isWhole = false
          let subscriptions = try Subscription.all(limit: ObservationLimits.maximumListed, in: reader).filter { $0.tenant == tenant.id }
          let start = random.sample(subscriptions, 1).first.map {
            RecordKey(
              tenant: tenant.id, "subscriptions", $0.id.description, "resourcegroups", random.text(2, from: Array("abcdefghijklmnopqrstuvwxyz".utf8)))
          }
          let behind = try reader.list(Resource.self, under: parent, after: start, limit: share)
          if !behind.isEmpty { found = behind }
        }
        for resource in found.prefix(share) { look(resource.location, resource.id.type, tenant.id) }
        if groups.count == share { result.isWhole = false }
      }
      return result
    }
  }

  /// 19.2.a
  private func communicated(_ platform: ObservedPlatform, _ resources: Resources, _ register: FiledRegister<PlatformRegister>?) -> Finding {
    let subject = Text("lieu de chaque ressource, et registre « plateforme »", "location of every resource, and register “plateforme”")
    guard let register else { return .unfiled(PlatformRegister.self, ["19.2.a"], subject: subject) }
    return Finding(
      ["19.2.a"], subject: subject, looked: resources.looked, gaps: resources.gaps,
      nothing: Text("il n'y a encore aucune ressource.", "there is no resource yet."), figures: figures(resources),
      evidence: .object([
        "site": .string(register.value.site.name), "pays": .string(register.value.site.country), "registre": register.evidence,
        "lieux": map(resources),
      ]))
  }

  private func figures(_ resources: Resources) -> [Finding.Figure] {
    [
      .init(
        resources.isWhole ? "ressources et groupes" : "échantillon de ressources et groupes",
        resources.isWhole ? "resources and groups" : "sample of resources and groups", resources.looked),
      .init("lieux", "locations", resources.counts.count),
    ]
  }

  private func map(_ resources: Resources) -> JSON {
    .object(
      JSON.Object(resources.counts.sorted { $0.key < $1.key }.prefix(Self.maximumNamed).map { (name: $0.key, value: .integer(Int64($0.value))) }))
  }

  // MARK: Media

  /// Some bytes, and where they are: a reason why that is not known to be the site.
  private struct Place {
    var what: Text
    var path: String
    var medium: String
    var gap: Text?
    /// Whether its place is another than the site's, and declared.
    var isElsewhere = false
  }

  private func places(_ paths: [(Text, String?)], _ mounts: HostMounts, _ platform: ObservedPlatform) throws -> [Place] {
    try paths.compactMap { what, path in
      guard let path, try platform.host.attributes(of: path) != nil else { return nil }
      let mount = mounts.mount(of: path)
      var place = Place(what: what, path: path, medium: mount.map { "\($0.source) (\($0.type))" } ?? "")
      if let mount, HostMounts.networkTypes.contains(mount.type) {
        place.gap = Text(
          "\(path) repose sur \(mount.source) (\(mount.type)) : une autre machine, dont le lieu n'est pas déclaré.",
          "\(path) lies on \(mount.source) (\(mount.type)): another machine, whose place is not declared.")
      } else if mount == nil {
        place.gap = Text("le support de \(path) n'est pas connu.", "the medium of \(path) is not known.")
      }
      return place
    }
  }

  private func backups(_ catalogue: BackupCatalogue) -> [Place] {
    catalogue.latest(Self.maximumNamed).map { backup in
      var place = Place(what: Text("sauvegarde \(backup.id)", "backup \(backup.id)"), path: backup.folder, medium: "", isElsewhere: true)
      if let destination = backup.destination {
        place.medium = "\(destination.site) (\(destination.country))"
        if !OfferVocabulary.europeanUnion.contains(destination.country) {
          place.gap = Text("la sauvegarde \(backup.id) est en \(destination.country).", "the backup \(backup.id) is in \(destination.country).")
        }
      } else {
        place.gap = Text(
          "le lieu de la sauvegarde \(backup.id) n'est pas déclaré (registre « \(BackupRegister.name) »).",
          "the place of the backup \(backup.id) is not declared (register “\(BackupRegister.name)”).")
      }
      return place
    }
  }

  /// 19.2.b and 19.2.d
  private func storage(
    _ items: [ItemID], _ subject: Text, _ places: [Place], _ resources: Resources?, _ register: FiledRegister<PlatformRegister>?,
    _ platform: ObservedPlatform
  ) -> Finding {
    var gaps = places.compactMap(\.gap) + (resources?.gaps ?? [])
    // What is known to be wrong is wrong wherever the site is; that all is right takes its country.
    if gaps.isEmpty, register == nil { return .unfiled(PlatformRegister.self, items, subject: subject) }
    if let country = register?.value.site.country, !OfferVocabulary.europeanUnion.contains(country) {
      gaps.append(Text("le site est en \(country), hors de l'Union européenne.", "the site is in \(country), outside of the European Union."))
    }
    return Finding(
      items, subject: subject, looked: places.count + (resources?.looked ?? 0), gaps: gaps,
      nothing: Text("rien n'est encore stocké.", "nothing is stored yet."),
      figures: [.init("supports et sauvegardes", "media and backups", places.count)] + (resources.map(figures) ?? []),
      evidence: .object([
        "pays": register.map { .string($0.value.site.country) },
        "supports": .array(
          places.prefix(Self.maximumNamed).map { ["quoi": .string($0.what.french), "chemin": .string($0.path), "support": .string($0.medium)] }),
        "lieux": resources.map(map),
      ]))
  }
}
