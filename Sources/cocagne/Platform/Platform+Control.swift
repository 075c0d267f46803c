internal import Base
internal import Compute
internal import Edge
internal import Identity
internal import Logging
internal import Networking
internal import Operators
internal import Records
internal import ResourceManager
internal import SecNumCloud
internal import Storage
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// What the running cloud does for the operator's commands.
extension Platform {
  /// The lines that `up` ends with.
  func greeting(hasMachines: Bool) -> String {
    let address = identity.address
    var lines: [String] = []
    if let first = firstCredentials {
      lines += [
        "Nuage créé : \(address.domain). Un locataire, une souscription, le lieu « paris » (zones 1 à 3), un administrateur.",
        "    Cloud made: \(address.domain). One tenant, one subscription, the location “paris” (zones 1 to 3), one administrator.",
        "  Administrateur — administrator: \(first.userName)", "  Mot de passe — password: \(first.password)",
        "  (aussi dans — also in: \(directory.credentials))",
      ]
    }
    lines += [
      "Le nuage répond sur \(address.url("management")) (\(listening.addresses.joined(separator: ", "))).",
      "    The cloud answers at \(address.url("management")) (\(listening.addresses.joined(separator: ", "))).",
    ]
    lines += ["Les opérateurs entrent par \(operatorAddress.operations).", "    Operators enter at \(operatorAddress.operations)."]
    if listening.port != Listening.standardPort {
      lines += [
        "! Le port n'est pas 443 : « az login -u … -p … » échouera, car MSAL oublie le port ; tout le reste marche.",
        "    The port is not 443: “az login -u … -p …” will fail, for MSAL drops the port; everything else works.",
      ]
    }
    if !hasMachines {
      lines += [
        "! Machines et réseaux virtuels sont coupés : il faut être root et avoir libvirt (« cocagne doctor »).",
        "    Virtual machines and networks are off: they need root and libvirt (“cocagne doctor”).",
      ]
    }
    if hasDevelopmentStorage {
      lines += [
        "! Le stockage de développement est ouvert, en clair et avec une clé que tout le monde connaît : \(developmentAddresses.joined(separator: ", ")).",
        "    Development storage is open, in the clear and with a key that everybody knows: \(developmentAddresses.joined(separator: ", ")).",
        "  Chaîne de connexion — connection string: UseDevelopmentStorage=true",
      ]
    }
    if !listening.addresses.contains("::1") {
      lines += ["! Pas de boucle locale IPv6 : seul 127.0.0.1 est écouté.", "    No IPv6 loopback: only 127.0.0.1 is listened on."]
    }
    return lines.joined(separator: "\n")
  }

  /// Where the services of development storage are.
  private var developmentAddresses: [String] {
    DevelopmentStorage.ports.map { "http://\(PlainListener.address):\($0.value)/\(DevelopmentStorage.accountName)" }
  }

  @Sendable func handle(
    _ command: String, _ arguments: JSON, _ machines: MachinePlatform?, _ sovereignty: Sovereignty, _ erasure: TenantErasure
  ) async throws -> JSON {
    switch command {
    case "status": return try await status(machines)
    // The command itself sends the signal, and waits.
    case "down": return [:]
    case let command where Self.ledgerCommands.contains(command): return try await handleLedger(command, arguments)
    case let command where TenantErasure.commands.contains(command): return try await erasure.handle(command, arguments)
    case let command where Sovereignty.backupCommands.contains(command): return try await sovereignty.backup(command, arguments)
    case let command where Sovereignty.commands.contains(command): return try await sovereignty.handle(command, arguments)
    case "image add", "image list", "machines stop":
      guard let machines else {
        throw OperatorError(
          "Ce nuage n'a pas de machines : il faut être root et avoir libvirt.", "This cloud has no machines: they need root and libvirt.")
      }
      return try await handle(command, arguments, on: machines)
    case "tenant add": return try await addTenant(arguments["name"]?.string ?? "")
    default: throw OperatorError("Commande inconnue : \(command).", "Unknown command: \(command).")
    }
  }

  private func handle(_ command: String, _ arguments: JSON, on machines: MachinePlatform) async throws -> JSON {
    let store = ImageStore(service: machines.compute)
    switch command {
    case "image add":
      let urn = try await store.add(from: arguments["folder"]?.string ?? "")
      logger.notice("image added", metadata: ["urn": "\(urn)"])
      return ["urn": .string(urn)]
    case "image list": return ["images": .array(try await store.list())]
    default:
      try await machines.evacuate()
      logger.notice("machines stopped")
      return [:]
    }
  }

  func status(_ machines: MachinePlatform?) async throws -> JSON {
    let load = try await machines?.compute.load()
    let repairs = machines?.networks.repairCount
    let tenants = try await records.read { try $0.list(Tenant.self, under: RecordKey(tenant: .zero), limit: Self.maximumCountedTenants).count }
    return .object([
      "running": true, "version": .string(Release.version), "processId": .integer(Int64(getpid())),
      "managementUrl": .string(identity.address.url("management")), "domain": .string(identity.domain), "port": .integer(Int64(listening.port)),
      "operatorsUrl": .string(operatorAddress.operations), "operatorsAuthority": .string(operatorAddress.authority),
      "startedTime": .string(started.iso8601), "tenants": .integer(Int64(tenants)), "residentBytes": .integer(Int64(DiskSpace.residentBytes())),
      "recordBytes": .integer(Int64(try DiskSpace.usedBytes(in: directory.path + "/records"))),
      "segmentBytes": .integer(Int64(try DiskSpace.usedBytes(in: directory.segments))),
      "freeBytes": .integer(Int64(DiskSpace.freeBytes(at: directory.path))),
      "developmentStorage": hasDevelopmentStorage ? .string(developmentAddresses.joined(separator: " ")) : nil,
      "machines": load.map { .integer(Int64($0.machines)) }, "promisedMemoryBytes": load.map { .integer($0.promisedBytes) },
      "networkRepairs": repairs.map { .integer(Int64($0)) },
    ])
  }

  /// `status` counts no further.
  private static let maximumCountedTenants = 10_000

  private func addTenant(_ name: String) async throws -> JSON {
    let bootstrap = Bootstrap(records: records, access: access, issuer: issuer, address: identity.address, clock: clock, random: random)
    let made = try await bootstrap.makeTenant(name: name)
    logger.notice("tenant made", metadata: ["tenant": "\(made.tenant)", "name": "\(name)"])
    return .object([
      "tenantId": .string(made.tenant.description), "subscriptionId": .string(made.subscription.description),
      "clientId": .string(made.clientID.description), "clientSecret": .string(made.clientSecret), "userName": .string(made.userName),
      "password": .string(made.password),
    ])
  }
}
