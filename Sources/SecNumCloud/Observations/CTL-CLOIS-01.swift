internal import Base
internal import Catalogue
internal import Crypto
internal import Keyring
internal import Records
internal import Storage
internal import Wire

/// Tenants are kept apart: what one owns the other does not see, tried by real requests both ways; keys and networks are each one's own.
package struct ControlCLOIS01: ControlObservation {
  package let control = "CTL-CLOIS-01"
  package let test = "CTL-CLOIS-01Tests: a container that is opened to everybody is a gap until it is closed"

  /// Pairs of networks that are tried each time.
  private static let maximumPairs = 4
  /// Keys whose bytes are compared each time.
  private static let sampledKeys = 64
  private static let maximumAccounts = 100_000

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let networks = try await NetworkLook(platform, maximumPairs: Self.maximumPairs)
    return [try await tenants(platform, networks), flows(platform, networks)]
  }

  // MARK: 9.7.a

  private func tenants(_ platform: ObservedPlatform, _ networks: NetworkLook) async throws -> Finding {
    let subject = Text(
      """
      des requêtes croisées entre deux clients de la plateforme (sonde-a, sonde-b) par l'entrée publique, les clés de données de chaque compte, les \
      espaces réseau
      """,
      """
      cross requests between two tenants of the platform's own (sonde-a, sonde-b) through the front door, the data keys of each account, the namespaces
      """)
    let crossings = try await Self.cross(platform)
    let keys = try await Self.sharedKeys(platform)
    let gaps = crossings.flatMap(\.gaps) + keys.gaps + networks.gaps
    let figures: [Finding.Figure] =
      [
        .init("requêtes croisées", "cross requests", crossings.reduce(0) { $0 + $1.asked.count }),
        .init("requêtes témoins", "control requests", crossings.reduce(0) { $0 + $1.controls }),
        .init("comptes de stockage", "storage accounts", keys.accounts), .init("clés comparées", "keys compared", keys.compared),
      ] + networks.figures
    let evidence: JSON = [
      "requests": .array(
        crossings.flatMap { crossing in
          crossing.asked.map {
            ["from": .string(crossing.from), "to": .string(crossing.to), "request": .string($0.name), "status": .integer(Int64($0.status))]
          }
        }), "networks": networks.evidence,
    ]
    if gaps.isEmpty, let doubt = crossings.compactMap(\.doubt).first ?? keys.doubt {
      return Finding(["9.7.a"], .notAssessed, subject: subject, reason: doubt, figures: figures, evidence: evidence)
    }
    return Finding(
      ["9.7.a"], subject: subject, looked: crossings.count, gaps: gaps, nothing: Text("rien n'a été demandé.", "nothing was asked."),
      figures: figures, evidence: evidence)
  }

  /// What one tenant got of the other's.
  private struct Crossing {
    var from: String
    var to: String
    var asked: [(name: String, status: Int)] = []
    var controls = 0
    var gaps: [Text] = []
    /// Why it proves nothing.
    var doubt: Text?
  }

  /// Refused as what does not exist, or as what may not be read.
  private static let refusals: Set<Int> = [401, 403, 404]

  private static func cross(_ platform: ObservedPlatform) async throws -> [Crossing] {
    var probes: [TenantProbe] = []
    for tenant in try await ProbeTenant.ready(platform) {
      let probe = try await TenantProbe(tenant, platform)
      try await probe.furnish()
      probes.append(probe)
    }
    var crossings: [Crossing] = []
    for (stranger, owner) in [(probes[0], probes[1]), (probes[1], probes[0])] {
      crossings.append(try await cross(stranger, owner))
    }
    return crossings
  }

  private static func cross(_ stranger: TenantProbe, _ owner: TenantProbe) async throws -> Crossing {
    var crossing = Crossing(from: stranger.tenant.name, to: owner.tenant.name)
    let own = owner.tenant
    func reads(_ asker: TenantProbe) -> [(name: String, request: OutsideRequest)] {
      [
        ("subscription", asker.manage("/subscriptions/\(own.subscription)", version: TenantProbe.subscriptionVersion)),
        ("resource group", asker.manage(own.groupPath, version: TenantProbe.resourceVersion)),
        ("storage account", asker.manage(own.accountPath, version: TenantProbe.accountVersion)),
        ("blob", asker.blob(TenantProbe.blobPath, of: own.account)),
        ("list of blobs", asker.blob("/\(ProbeTenant.resourceName)?restype=container&comp=list", of: own.account)),
        ("service principal", asker.graph("/servicePrincipals/\(own.principal)")),
      ]
    }
    // What its owner cannot see either proves nothing by being refused to others.
    for (name, request) in reads(owner) {
      let answer = try await owner.send(request)
      crossing.controls += 1
      guard answer.status != 200 else { continue }
      crossing.doubt = Text(
        "\(own.name) ne voit pas son propre objet (\(name)) : \(answer.status).",
        "\(own.name) does not see its own object (\(name)): \(answer.status).")
    }
    let more: [(name: String, request: OutsideRequest)] = [
      ("anonymous blob", stranger.blob(TenantProbe.blobPath, of: own.account, isAnonymous: true)),
      ("change of tags", stranger.manage(own.groupPath, version: TenantProbe.resourceVersion, method: "PATCH", body: ["tags": ["sonde": "intruse"]])),
      ("keys of the account", stranger.manage("\(own.accountPath)/listKeys", version: TenantProbe.accountVersion, method: "POST")),
      ("sign-in", try await stranger.signIn(at: own)),
    ]
    for (name, request) in reads(stranger) + more {
      let status = try await stranger.send(request).status
      crossing.asked.append((name, status))
      if (200..<300).contains(status) {
        crossing.gaps.append(
          Text(
            "\(stranger.tenant.name) a obtenu de \(own.name) : \(name) (\(status)).",
            "\(stranger.tenant.name) got of \(own.name): \(name) (\(status))."))
      } else if !refusals.contains(status), !(name == "sign-in" && status == 400) {
        crossing.doubt = Text(
          "à la demande « \(name) », la plateforme a répondu \(status), qui n'est ni oui ni non.",
          "to the request “\(name)” the platform answered \(status), which is neither yes nor no.")
      }
    }
    let list = try await stranger.send(stranger.manage("/subscriptions", version: TenantProbe.subscriptionVersion))
    crossing.asked.append(("list of subscriptions", list.status))
    if String(decoding: list.body, as: UTF8.self).contains(own.subscription.description) {
      crossing.gaps.append(
        Text(
          "\(stranger.tenant.name) voit la souscription de \(own.name) dans sa liste.",
          "\(stranger.tenant.name) sees the subscription of \(own.name) in its list."))
    }
    return crossing
  }

  // MARK: Keys

  /// The keys of accounts, and what is wrong with them.
  private struct KeyLook: Sendable {
    var gaps: [Text]
    var accounts: Int
    var compared: Int

    /// Why it proves nothing.
    var doubt: Text? {
      guard accounts > 0, compared == 0 else { return nil }
      return Text("aucune clé de données n'a pu être ouverte pour être comparée.", "no data key could be opened to be compared.")
    }
  }

  private static func sharedKeys(_ platform: ObservedPlatform) async throws -> KeyLook {
    let (keyring, random) = (platform.keyring, platform.random)
    return try await platform.records.read { reader in
      let holders = try StorageAccounts.keyHolders(limit: maximumAccounts, in: reader)
      var gaps: [Text] = []
      var names: [GUID: GUID] = [:]
      for holder in holders {
        if let other = names.updateValue(holder.tenant, forKey: holder.dataKey) {
          let tenants = other == holder.tenant ? "" : " (\(other), \(holder.tenant))"
          gaps.append(
            Text(
              "deux comptes de stockage ont la même clé de données \(holder.dataKey)\(tenants).",
              "two storage accounts have the same data key \(holder.dataKey)\(tenants)."))
        }
      }
      // The bytes, of some: two names may hold one key.
      var rest = holders
      var digests: Set<SHA256.Digest> = []
      var compared = 0
      while compared < sampledKeys, !rest.isEmpty {
        let holder = rest.remove(at: Int(random.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % UInt32(rest.count)))
        guard gaps.isEmpty, let key = try? keyring.dataKey(holder.dataKey, tenant: holder.tenant, in: reader) else { continue }
        compared += 1
        if !digests.insert(key.withUnsafeBytes { SHA256.hash(data: $0) }).inserted {
          gaps.append(
            Text(
              "la clé de données \(holder.dataKey) a les octets d'une autre.", "the data key \(holder.dataKey) has the bytes of another."))
        }
      }
      return KeyLook(gaps: gaps, accounts: holders.count, compared: compared)
    }
  }

  // MARK: 13.2.a

  private func flows(_ platform: ObservedPlatform, _ networks: NetworkLook) -> Finding {
    let subject = Text(
      "l'espace réseau de chaque réseau virtuel, des paquets envoyés de l'un vers une adresse de l'autre",
      "the namespace of each virtual network, packets sent from one to an address of another")
    guard platform.machines != nil else {
      return Finding(
        ["13.2.a"], .notApplicable, subject: subject,
        reason: Text("cet hôte ne porte aucun réseau de client.", "this host bears no network of tenants."))
    }
    if networks.gaps.isEmpty, networks.count < 2 || networks.alive == 0 {
      return Finding(
        ["13.2.a"], .notAssessed, subject: subject,
        reason: networks.count < 2
          ? Text("moins de deux réseaux sont sur cet hôte.", "fewer than two networks are on this host.")
          : Text("aucun réseau ne se répond à lui-même : la sonde ne prouve rien.", "no network answers itself: the probe proves nothing."),
        figures: networks.figures, evidence: networks.evidence)
    }
    return Finding(
      ["13.2.a"], subject: subject, looked: networks.gaps.isEmpty ? networks.asked : networks.count, gaps: networks.gaps,
      nothing: Text(
        "aucune paire de réseaux n'a d'adresses distinctes : rien n'a été demandé.",
        "no pair of networks has addresses of its own: nothing was asked."),
      figures: networks.figures, evidence: networks.evidence)
  }
}

/// The networks of tenants on this host, and what some of them get of others.
private struct NetworkLook {
  var count = 0
  /// Networks that answered themselves.
  var alive = 0
  /// Pairs that were asked, and those with addresses that do not tell them apart.
  var asked = 0
  var unaskable = 0
  var gaps: [Text] = []
  private var pairs: [JSON] = []

  init(_ platform: ObservedPlatform, maximumPairs: Int) async throws {
    let networks = try await platform.machines?.networks().filter { $0.resource != nil } ?? []
    count = networks.count
    var owners: [String: NetworkOnHost] = [:]
    for network in networks {
      guard let other = owners.updateValue(network, forKey: network.namespace), other.resource != network.resource else { continue }
      gaps.append(
        Text(
          "deux réseaux sont dans l'espace réseau \(network.namespace).", "two networks are in the namespace \(network.namespace)."))
    }
    guard let engines = platform.machineInventory, networks.count > 1 else { return }
    let random = platform.random
    func any<Value>(_ values: [Value]) -> Value? {
      values.isEmpty ? nil : values[Int(random.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % UInt32(values.count))]
    }
    for _ in 0..<maximumPairs {
      guard let asking = any(networks) else { break }
      // Another tenant's rather than one's own.
      let strangers = networks.filter { $0.tenant != asking.tenant }
      guard let asked = any(strangers.isEmpty ? networks.filter { $0.namespace != asking.namespace } : strangers) else { break }
      guard try await engines.answers(asked.namespace, to: asked.namespace) == true else { continue }
      alive += 1
      guard let isAnswered = try await engines.answers(asked.namespace, to: asking.namespace) else {
        unaskable += 1
        continue
      }
      self.asked += 1
      pairs.append(["from": .string(asking.namespace), "to": .string(asked.namespace), "answered": .boolean(isAnswered)])
      if isAnswered {
        gaps.append(
          Text(
            "un paquet de \(asking.namespace) a eu une réponse de \(asked.namespace).",
            "a packet of \(asking.namespace) was answered by \(asked.namespace)."))
      }
    }
  }

  var figures: [Finding.Figure] {
    [
      .init("réseaux de clients", "networks of tenants", count), .init("paires de réseaux sondées", "pairs of networks tried", asked),
      .init("paires aux adresses communes", "pairs with common addresses", unaskable),
    ]
  }

  var evidence: JSON { .array(pairs) }
}
