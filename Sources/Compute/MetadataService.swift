internal import Base
internal import Fabric
internal import Identity
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Records
internal import ResourceManager
internal import Synchronization
internal import Wire

/// The metadata service and the wire server: listens inside each network that has machines here, and knows a caller by its network and address.
final class MetadataService: Sendable {
  /// What a request is answered.
  struct Answer: Sendable {
    var status: HTTPResponseStatus
    var type = "application/json; charset=utf-8"
    var text: String

    init(_ status: HTTPResponseStatus, _ json: JSON) {
      self.status = status
      text = json.text
    }

    init(_ status: HTTPResponseStatus, text: String, type: String) {
      self.status = status
      self.text = text
      self.type = type
    }
  }

  struct Request: Sendable {
    var method: HTTPMethod
    var uri: String
    var headers: HTTPHeaders
    var body: [UInt8]
  }

  private let service: ComputeService
  private let group: any EventLoopGroup
  private let listeners = Mutex<[NetworkName: Listener]>([:])

  private struct Listener {
    /// Of the namespace that it listens in: one that is made anew under the same name is another.
    var identity: UInt64
    var channels: [any Channel]
  }

  private static let instance = IPv4Address(169, 254, 169, 254)
  private static let wire = IPv4Address(168, 63, 129, 16)

  init(service: ComputeService, group: any EventLoopGroup) {
    self.service = service
    self.group = group
  }

  // MARK: Listening

  /// Listens in networks that it does not listen in yet.
  func serve(_ networks: [NetworkName]) async throws {
    for network in Set(networks) {
      guard let identity = service.fabric.identity(of: network) else { throw FabricError("network \(network.id) has no namespace") }
      guard listeners.withLock({ $0[network]?.identity != identity }) else { continue }
      var channels: [any Channel] = []
      for address in [Self.instance, Self.wire] {
        let descriptor = try service.fabric.listen(in: network, address: address, port: 80)
        channels.append(try await listen(descriptor, network, isWire: address == Self.wire))
      }
      let spare = listeners.withLock { listeners -> [any Channel] in
        let old = listeners[network]
        if old?.identity == identity { return channels }
        listeners[network] = Listener(identity: identity, channels: channels)
        return old?.channels ?? []
      }
      for channel in spare { channel.close(promise: nil) }
    }
  }

  /// Listens in the networks of running machines, and no longer in others: a socket keeps its namespace alive.
  func serve(_ running: Set<GUID>, of machines: [Machine]) async throws {
    let wanted = Set(
      machines.filter { running.contains($0.vmID) }.flatMap(\.addresses)
        .compactMap { $0.split(separator: "/").first.flatMap { GUID(String($0)) }.map { NetworkName($0) } })
    let gone = listeners.withLock { listeners -> [any Channel] in
      let idle = listeners.filter { !wanted.contains($0.key) }
      for network in idle.keys { listeners[network] = nil }
      return idle.values.flatMap(\.channels)
    }
    for channel in gone { channel.close(promise: nil) }
    for network in wanted {
      do {
        try await serve([network])
      } catch let error as FabricError {
        // Its namespace is not there yet: the next look comes soon.
        service.logger.debug("network has no namespace yet", metadata: ["network": "\(network.id)", "error": "\(error)"])
      }
    }
  }

  private func listen(_ descriptor: Int32, _ network: NetworkName, isWire: Bool) async throws -> any Channel {
    try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
          try channel.pipeline.syncOperations.addHandler(
            MetadataHandler { request, peer in await self.answer(request, from: peer, in: network, isWire: isWire) })
        }
      }
      .withBoundSocket(descriptor).get()
  }

  // MARK: Answering

  func answer(_ request: Request, from peer: String, in network: NetworkName, isWire: Bool) async -> Answer {
    do {
      guard let address = IPv4Address(peer) else { return Self.refusal("Unknown caller") }
      let place = Machine.address(network, address)
      guard let machine = try await service.records.read({ try Machine.find(at: place, in: $0) }) else { return Self.refusal("Unknown caller") }
      return isWire ? try await wire(request, machine) : try await metadata(request, machine)
    } catch {
      service.logger.error("metadata request failed", metadata: ["path": "\(request.uri)", "error": "\(error)"])
      return Answer(.internalServerError, ["error": "Internal server error"])
    }
  }

  private static func refusal(_ text: String) -> Answer { Answer(.badRequest, ["error": .string("Bad request. \(text)")]) }

  private func metadata(_ request: Request, _ machine: Machine) async throws -> Answer {
    let halves = request.uri.split(separator: "?", maxSplits: 1).map(String.init)
    let path = (halves.first ?? "").split(separator: "/").map(String.init)
    let query = Query(parsing: halves.count == 2 ? halves[1] : "") ?? Query()
    guard request.method == .GET else { return Answer(.methodNotAllowed, ["error": "Method not allowed"]) }
    if request.headers.contains(name: "x-forwarded-for") { return Self.refusal("The X-Forwarded-For header is not allowed") }
    guard request.headers.first(name: "metadata")?.lowercased() == "true" else { return Self.refusal("Required metadata header not specified") }
    guard path.first?.lowercased() == "metadata", path.count > 1 else { return Answer(.notFound, ["error": "Not found"]) }
    switch path[1].lowercased() {
    case "versions": return Answer(.ok, ["apiVersions": .array(Self.versions.map { .string($0) })])
    case "instance":
      if let refusal = Self.versionRefusal(query, Self.versions) { return refusal }
      return try await instance(Array(path.dropFirst(2)), query, machine)
    case "identity" where path.count == 4 && path[2].lowercased() == "oauth2" && path[3].lowercased() == "token":
      if query["api-version"] == nil { return Self.refusal("api-version is invalid or was not specified in the request.") }
      return try await token(query, machine)
    case "scheduledevents": return Answer(.ok, ["DocumentIncarnation": 0, "Events": []])
    default: return Answer(.notFound, ["error": "Not found"])
    }
  }

  static let versions = [
    "2017-04-02", "2017-08-01", "2017-12-01", "2018-02-01", "2018-10-01", "2019-03-11", "2019-06-01", "2019-08-01", "2019-11-01", "2020-06-01",
    "2020-09-01", "2020-12-01", "2021-01-01", "2021-02-01", "2021-03-01", "2021-05-01", "2021-08-01", "2021-10-01", "2021-11-01", "2021-12-13",
    "2023-07-01", "2023-11-15", "2025-04-07",
  ]

  private static func versionRefusal(_ query: Query, _ versions: [String]) -> Answer? {
    guard let version = query["api-version"], versions.contains(version) else {
      return Answer(
        .badRequest,
        [
          "error": "Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds",
          "newest-versions": .array(versions.suffix(3).reversed().map { .string($0) }),
        ])
    }
    return nil
  }

  private func instance(_ path: [String], _ query: Query, _ machine: Machine) async throws -> Answer {
    let service = service
    let document = try await service.records.read { reader -> JSON? in
      guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: machine.tenant, machine.id)) else { return nil }
      let view = VirtualMachine(resource)
      let disks = try view.disks.compactMap { try DiskRecord.find($0, tenant: machine.tenant, in: reader) }
      let interfaces = try view.interfaces.compactMap { try service.networks.interface($0.id, tenant: machine.tenant, in: reader) }
      let image = try disks.first?.ancestorImage(in: reader)
      let secrets = try disks.first.map { try service.secrets(of: machine, osDisk: $0, in: reader) }
      return InstanceMetadata(
        machine: machine, resource: resource, interfaces: interfaces, disks: disks, userData: secrets?.userData, image: image
      ).json
    }
    guard let document, let found = InstanceMetadata.find(path, in: document) else { return Answer(.notFound, ["error": "Not found"]) }
    if query["format"]?.lowercased() == "text" { return Answer(.ok, text: InstanceMetadata.text(found), type: "text/plain; charset=utf-8") }
    guard found.object != nil || found.array != nil else {
      return Self.refusal("The requested value is a leaf: it can only be shown with format=text.")
    }
    return Answer(.ok, found)
  }

  private func token(_ query: Query, _ machine: Machine) async throws -> Answer {
    func failure(_ code: String, _ text: String) -> Answer {
      Answer(.badRequest, ["error": .string(code), "error_description": .string(text)])
    }
    guard let resource = query["resource"], !resource.isEmpty else {
      return failure("invalid_request", "Required query variable 'resource' is missing")
    }
    let key = Resource.key(tenant: machine.tenant, machine.id)
    let identity = try await service.records.read { try $0.fetch(Resource.self, key)?.identity }
    guard let principal = identity?["principalId"]?.string.flatMap({ GUID($0) }) else { return failure("invalid_request", "Identity not found") }
    for name in ["client_id", "object_id", "principal_id"] {
      guard let wanted = query[name] else { continue }
      let own = name == "client_id" ? identity?["clientId"]?.string : identity?["principalId"]?.string
      guard wanted.lowercased() == own else { return failure("invalid_request", "Identity not found") }
    }
    if let wanted = query["msi_res_id"] ?? query["mi_res_id"], ResourceID(wanted) != machine.id {
      return failure("invalid_request", "Identity not found")
    }
    do {
      let token = try await service.issuer.managedIdentityToken(principal, tenant: machine.tenant, resource: resource)
      return Answer(
        .ok,
        [
          "access_token": .string(token.token), "client_id": .string(token.clientID.description),
          "expires_in": .string(String(token.lifetimeSeconds)), "expires_on": .string(String(token.expires)),
          "ext_expires_in": .string(String(token.lifetimeSeconds)), "not_before": .string(String(token.notBefore)), "resource": .string(resource),
          "token_type": "Bearer",
        ])
    } catch let error as CloudError where error.status < 500 {
      return failure(error.code, error.message)
    }
  }

  // MARK: Wire server

  private func wire(_ request: Request, _ machine: Machine) async throws -> Answer {
    let halves = request.uri.split(separator: "?", maxSplits: 1).map(String.init)
    let query = Query(parsing: halves.count == 2 ? halves[1] : "") ?? Query()
    let isMachine = (halves.first ?? "").split(separator: "/").first?.lowercased() == "machine"
    switch (request.method, query["comp"]?.lowercased()) {
    case (.GET, "versions"): return Answer(.ok, text: WireServer.versions, type: "text/xml; charset=utf-8")
    case (.GET, "goalstate") where isMachine: return Answer(.ok, text: WireServer.goalState(machine), type: "text/xml; charset=utf-8")
    case (.POST, "health") where isMachine:
      guard let report = WireServer.report(request.body) else { return Answer(.badRequest, text: "", type: "text/xml") }
      let now = service.clock.now()
      try await service.records.write { transaction in
        guard var current = try transaction.fetch(Machine.self, machine.key) else { return }
        current.agent = Machine.Agent(isReady: report.isReady, text: report.text, time: now)
        try transaction.save(current)
      }
      return Answer(.ok, text: "", type: "text/xml")
    default: return Answer(.notFound, text: "", type: "text/xml")
    }
  }
}

/// One connection of the metadata service: a request at a time, of bounded size.
private final class MetadataHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let answer: @Sendable (MetadataService.Request, String) async -> MetadataService.Answer
  private var request: MetadataService.Request?

  init(answer: @escaping @Sendable (MetadataService.Request, String) async -> MetadataService.Answer) {
    self.answer = answer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      request = MetadataService.Request(method: head.method, uri: head.uri, headers: head.headers, body: [])
    case .body(let buffer):
      request?.body += Array(buffer.readableBytesView)
      if request?.body.count ?? 0 > ComputeLimits.maximumMetadataRequestBytes { context.close(promise: nil) }
    case .end:
      guard let request else { return }
      self.request = nil
      let peer = context.remoteAddress?.ipAddress ?? ""
      let (answer, channel, loop) = (answer, context.channel, context.eventLoop)
      let promise = loop.makePromise(of: MetadataService.Answer.self)
      promise.completeWithTask { await answer(request, peer) }
      promise.futureResult.whenSuccess { answer in
        let headers: HTTPHeaders = ["Content-Type": answer.type, "Content-Length": String(answer.text.utf8.count), "Server": "Cocagne"]
        channel.write(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: answer.text))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
      }
    }
  }
}
