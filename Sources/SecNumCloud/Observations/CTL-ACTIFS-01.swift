internal import Base
internal import Catalogue
internal import Wire

/// The inventory: every host with what 8.1.a asks of it, everything that runs known by a record and the reverse, every piece of software known by a package.
package struct ControlACTIFS01: ControlObservation {
  package let control = "CTL-ACTIFS-01"
  package let test = "CTL-ACTIFS-01Tests: a machine that no record knows is a gap until it is known"

  /// Packages that the evidence names.
  private static let maximumPackages = 4000

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let inventory = try await Inventory.read(platform)
    let register = try await platform.documents.register(PlatformRegister.self)
    let environments = try await platform.documents.register(EnvironmentRegister.self)
    return [
      equipment(inventory, register, environments), try await software(platform, inventory), map(inventory),
    ]
  }

  // MARK: Equipment

  private func equipment(
    _ inventory: Inventory, _ register: FiledRegister<PlatformRegister>?, _ environments: FiledRegister<EnvironmentRegister>?
  ) -> Finding {
    let subject = Text(
      "l'hôte \(inventory.host), ses interfaces et disques, ce qui y tourne, les enregistrements, le registre « \(PlatformRegister.name) »",
      "the host \(inventory.host), its interfaces and disks, what runs on it, the records, the register “\(PlatformRegister.name)”")
    var gaps = Self.strangers(inventory)
    guard let register else {
      return gaps.isEmpty
        ? .unfiled(PlatformRegister.self, ["8.1.a"], subject: subject)
        : Finding(["8.1.a"], .nonCompliant, subject: subject, reason: gaps[0], figures: Self.figures(inventory), evidence: inventory.json)
    }
    if register.value.hosts[inventory.host] == nil {
      gaps.append(
        Text(
          "l'hôte \(inventory.host) tourne et n'est pas au registre « \(PlatformRegister.name) ».",
          "the host \(inventory.host) runs and is not in the register “\(PlatformRegister.name)”."))
    }
    // This platform is one host: another is of another environment, or is not there.
    let others = Set(environments?.value.environments.filter { !$0.isProduction }.flatMap(\.hosts) ?? [])
    for name in register.value.hosts.keys.sorted() where name != inventory.host && !others.contains(name) {
      gaps.append(
        Text("l'hôte \(name) est au registre et n'a pas été vu.", "the host \(name) is in the register and was not seen."))
    }
    return Finding(
      ["8.1.a"], subject: subject, looked: inventory.links.count, gaps: gaps,
      nothing: Text("aucune interface n'a été vue.", "no interface was seen."), figures: Self.figures(inventory),
      evidence: ["inventory": inventory.json, "register": register.evidence])
  }

  /// What runs and is not known, and what is known and does not run.
  private static func strangers(_ inventory: Inventory) -> [Text] {
    inventory.unknown.map { Text("inconnu des enregistrements : \($0).", "unknown to the records: \($0).") }
      + inventory.missing.map { Text("absent de l'hôte : \($0).", "not on the host: \($0).") }
  }

  private static func figures(_ inventory: Inventory) -> [Finding.Figure] {
    [
      .init("interfaces de l'hôte", "interfaces of the host", inventory.links.count),
      .init("disques de l'hôte", "disks of the host", inventory.devices.count), .init("machines", "machines", inventory.machines.count),
      .init("réseaux", "networks", inventory.networks.count), .init("fichiers de disques", "disk files", inventory.disks.count),
      .init("images", "images", inventory.images.count), .init("inconnus", "unknown", inventory.unknown.count),
      .init("absents", "missing", inventory.missing.count),
    ]
  }

  // MARK: Software

  private func software(_ platform: ObservedPlatform, _ inventory: Inventory) async throws -> Finding {
    let subject = Text(
      "les paquets de l'hôte (dpkg-query), ceux de l'exécutable en cours, l'exécutable de chaque processus",
      "the packages of the host (dpkg-query), those of the running executable, the executable of each process")
    let bill: SoftwareBill
    let programs: RunningPrograms
    do {
      bill = try await SoftwareBill.read(platform)
      programs = try await RunningPrograms(platform)
    } catch let failure as ObservationFailure {
      return Finding(["8.1.b"], .notAssessed, subject: subject, reason: failure.text)
    }
    let figures: [Finding.Figure] = [
      .init("paquets Debian", "Debian packages", bill.packages.count), .init("paquets Swift", "Swift packages", bill.libraries.count),
      .init("programmes en cours", "running programs", programs.paths.count),
      .init("programmes hors paquet", "programs of no package", programs.unpackaged.count),
    ]
    guard !bill.libraries.isEmpty, bill.digest != nil else {
      return Finding(
        ["8.1.b"], .notAssessed, subject: subject,
        reason: Text(
          "l'exécutable ne connaît pas les paquets dont il est fait, ou ne peut pas être lu.",
          "the executable does not know the packages that it is made of, or cannot be read."), figures: figures)
    }
    var gaps = programs.unpackaged.map {
      Text("\($0) tourne et n'appartient à aucun paquet.", "\($0) runs and belongs to no package.")
    }
    if programs.isReplaced {
      gaps.append(
        Text(
          "l'exécutable qui tourne n'est plus celui qui est installé à \(platform.site.executable).",
          "the executable that runs is no longer the one that is installed at \(platform.site.executable)."))
    }
    if gaps.isEmpty, programs.unseen > 0 {
      return Finding(
        ["8.1.b"], .notAssessed, subject: subject,
        reason: Text(
          "l'exécutable de \(programs.unseen) processus ne peut pas être lu : la plateforme ne tourne pas en root.",
          "the executable of \(programs.unseen) processes cannot be read: the platform does not run as root."), figures: figures)
    }
    return Finding(
      ["8.1.b"], subject: subject, looked: bill.packages.count, gaps: gaps, nothing: Text("aucun paquet n'a été vu.", "no package was seen."),
      figures: figures,
      evidence: .object([
        "host": .string(inventory.host), "version": .string(bill.version), "sha256": .string(bill.digest),
        "swift": .array(bill.libraries.map { .string($0.packageURL) }),
        "debian": .array(bill.packages.prefix(Self.maximumPackages).map { .string("\($0.name) \($0.version)") }),
        "unpackaged": .array(programs.unpackaged.map { .string($0) }),
      ]))
  }

  // MARK: Map

  private func map(_ inventory: Inventory) -> Finding {
    let subject = Text(
      "la carte du niveau 3 tirée de l'inventaire : interfaces, réseaux virtuels et leurs propriétaires",
      "the layer 3 map drawn of the inventory: interfaces, virtual networks and their owners")
    let gaps = inventory.networks.filter { $0.tenant == nil }.map {
      Text("l'espace réseau \($0.namespace) n'est à personne.", "the namespace \($0.namespace) is nobody's.")
    }
    return Finding(
      ["13.1.a"], subject: subject, looked: inventory.links.filter { !$0.addresses.isEmpty }.count, gaps: gaps,
      nothing: Text("aucune adresse n'a été vue.", "no address was seen."), figures: [.init("réseaux", "networks", inventory.networks.count)],
      evidence: inventory.json)
  }
}

/// The executables of all processes, and which of them no package brought.
private struct RunningPrograms {
  var paths: [String] = []
  var unpackaged: [String] = []
  /// Processes whose executable this one may not see.
  var unseen = 0
  /// Whether the running platform is not what lies at its path.
  var isReplaced = false

  private static let deleted = " (deleted)"
  private static let maximumPaths = 1000
  private static let maximumTold = 20

  init(_ platform: ObservedPlatform) async throws {
    let host = platform.host
    var found: Set<String> = []
    for name in try host.names(in: "/proc") ?? [] {
      guard let id = Int32(name) else { continue }
      guard let path = host.destination(of: "/proc/\(name)/exe") else {
        // Threads of the kernel have neither; those of others are not ours to see without being root.
        if let command = try? host.bytes(of: "/proc/\(name)/cmdline", from: 0, limit: 1), !command.isEmpty { unseen += 1 }
        continue
      }
      if id == platform.site.processID {
        isReplaced = path.hasSuffix(Self.deleted)
      } else {
        found.insert(path.hasSuffix(Self.deleted) ? String(path.dropLast(Self.deleted.count)) : path)
      }
    }
    found.remove(platform.site.executable)
    paths = Array(found.sorted().prefix(Self.maximumPaths))
    guard !paths.isEmpty else { return }
    // Packages from before the merger of /usr say /bin.
    let asked = paths.flatMap { $0.hasPrefix("/usr/") ? [$0, String($0.dropFirst("/usr".count))] : [$0] }
    let output = try await host.run("dpkg-query", ["-S"] + asked).output
    let owned = Set(output.split(separator: "\n").compactMap { line in line.split(separator: " ").last.map(String.init) })
    let strangers = paths.filter { !owned.contains($0) && !($0.hasPrefix("/usr/") && owned.contains(String($0.dropFirst("/usr".count)))) }
    unpackaged = Array(strangers.prefix(Self.maximumTold))
  }
}
