internal import Base
internal import Compute
internal import Fabric
internal import NIOPosix
internal import Networking
internal import Records
internal import SecNumCloud
internal import Wire

/// Machines, disks and networks of this host, as observations see them: what the engines report, beside what the records want.
struct MachineObservation: MachineInventory {
  let platform: MachinePlatform
  let records: any RecordStore

  private var cloud: String { platform.cloud }

  // MARK: Disks and machines

  func disks() async throws -> [DiskOnHost] {
    try await platform.compute.diskFiles().files.map { file in
      DiskOnHost(path: file.path, resource: file.resource, tenant: file.tenant, hasDataKey: file.hasDataKey)
    }
  }

  func machines() async throws -> [MachineOnHost] {
    try await platform.compute.processes().running.map { process in
      MachineOnHost(domain: "\(cloud)-\(process.id)", resource: process.resource, tenant: process.tenant)
    }
  }

  func missing() async throws -> [String] {
    let machines = try await platform.compute.processes().missing
    // One that ended by itself is missing until its watch has seen it, and one that was deleted has gone in the meantime.
    if !machines.isEmpty { try await Task.sleep(for: Self.settling) }
    let still = machines.isEmpty ? [] : try await platform.compute.processes().missing
    return try await platform.compute.diskFiles().missing + machines.filter { still.contains($0) }
  }

  func images() async throws -> [ImageOnOffer] {
    let images = try await records.read {
      try $0.list(PlatformImage.self, under: RecordKey(tenant: .zero, components: []), limit: ObservationLimits.maximumListed)
    }
    return images.map {
      ImageOnOffer(publisher: $0.publisher, offer: $0.offer, sku: $0.sku, version: $0.version, published: $0.publishedTime)
    }
  }

  // MARK: Networks

  private static let settling: Duration = .seconds(1)
  /// How often one looks again at what is just being changed.
  private static let maximumLooks = 5

  func networks() async throws -> [NetworkOnHost] {
    for look in 1... {
      let (wanted, owners) = try await platform.networks.wanted()
      let differences = try await platform.fabric.differences(from: wanted)
      let isSettled = !differences.contains(where: \.isPending)
      // What was changed behind the platform's back is told at once, before it is put right.
      guard isSettled || differences.contains(where: { !$0.lines.isEmpty }) || look == Self.maximumLooks else {
        try await Task.sleep(for: Self.settling)
        continue
      }
      return differences.map { item in
        let owner = item.network.flatMap { owners[$0] }
        let lines = item.lines + (item.isPending ? ["… pending"] : [])
        return NetworkOnHost(
          namespace: item.namespace, resource: owner?.resource.description, tenant: item.isPlatform ? .zero : owner?.tenant, differences: lines)
      }
    }
    return []
  }

  func answers(_ asked: String, to asking: String) async throws -> Bool? {
    let wanted = try await platform.networks.wanted().state
    let networks = Dictionary(wanted.networks.map { ("\(cloud)-\($0.name.id.description.prefix(8))", $0) }) { first, _ in first }
    guard let target = networks[asked], let source = networks[asking] else { return nil }
    let near = asked == asking ? [] : source.prefixes + source.peers.flatMap(\.prefixes)
    // The name server answers at the gateway; a machine answers any packet that its guards let through.
    let gateways = target.subnets.map { (address: $0.gateway, port: UInt16(53)) }
    let machines = asked == asking ? [] : target.interfaces.flatMap(\.addresses).map { (address: $0.privateAddress, port: UInt16(22)) }
    let questions = (machines + gateways).filter { question in !near.contains { $0.contains(question.address) } }.prefix(Self.maximumQuestions)
    guard !questions.isEmpty else { return nil }
    for question in questions {
      let isAnswered = try await NIOThreadPool.singleton.runIfActive {
        try NetworkProbe.answers(question.address, port: question.port, in: asking)
      }
      if isAnswered { return true }
    }
    return false
  }

  private static let maximumQuestions = 2
}
