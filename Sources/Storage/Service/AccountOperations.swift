internal import Access
internal import Base
internal import Edge
internal import Ledger
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on the account as a whole: service properties and statistics, account information, user delegation keys.
struct AccountOperations: Sendable {
  private let services: StorageServices
  private let accounts: StorageAccounts

  init(_ services: StorageServices, accounts: StorageAccounts) {
    self.services = services
    self.accounts = accounts
  }

  /// Bytes of the document that asks for a user delegation key.
  static let maximumKeyInfoBytes = 4 << 10
  private static let anyPermission = "racwdxyltfmeoipu"

  var operations: [StorageOperation] {
    let service = "Microsoft.Storage/storageAccounts/blobServices"
    var operations: [StorageOperation] = []
    for service in [StorageService.blob, .queue, .table] { operations.append(userDelegationKey(of: service)) }
    for service in [StorageService.blob, .queue, .table] { operations += properties(of: service) }
    for (level, resourceType) in [(StorageOperation.Level.account, Character("s")), (.container, "c"), (.blob, "o")] {
      for method in [HTTPMethod.GET, .HEAD] {
        operations.append(
          StorageOperation(
            name: "Get Account Information", method: method, level: level, comp: "properties", resourceType: "account",
            action: { _ in
              let signed = SignedRequirement(resourceType, anyOf: Self.anyPermission, inService: Self.anyPermission)
              return Self.management("\(service)/getInfo/action", signed)
            },
            run: getAccountInformation))
      }
    }
    return operations
  }

  /// A management action that signatures can permit too.
  private static func management(_ name: String, _ signed: SignedRequirement) -> Action {
    var action = Action(name)
    action.signed = signed
    return action
  }

  // MARK: Service properties

  /// Source: Microsoft, "Get Blob Service Properties", "Set Blob Service Properties" and "Get Blob Service Stats", REST reference, and those of the
  /// queue and table services.
  private func properties(of service: StorageService) -> [StorageOperation] {
    let title = service.rawValue.prefix(1).uppercased() + service.rawValue.dropFirst()
    let path = "Microsoft.Storage/storageAccounts/\(service.rawValue)Services"
    let read = Self.management("\(path)/read", SignedRequirement("s", anyOf: "r"))
    let write = Self.management("\(path)/write", SignedRequirement("s", anyOf: "w"))
    func operation(
      _ verb: String, _ noun: String, _ method: HTTPMethod, _ comp: String, _ action: Action,
      _ run: @escaping @Sendable (StorageCall) async throws -> EdgeResponse
    ) -> StorageOperation {
      var operation = StorageOperation(
        name: "\(verb) \(title) Service \(noun)", method: method, level: .account, comp: comp, resourceType: "service", action: { _ in action },
        run: run)
      operation.service = service
      return operation
    }
    var statistics = operation("Get", "Stats", .GET, "stats", read, getStatistics)
    statistics.isSecondary = true
    return [
      operation("Get", "Properties", .GET, "properties", read) { try await getProperties(of: service, $0) },
      operation("Set", "Properties", .PUT, "properties", write) { try await setProperties(of: service, $0) },
      statistics,
    ]
  }

  private func getProperties(of service: StorageService, _ call: StorageCall) async throws -> EdgeResponse {
    let (account, version) = (call.account, call.version)
    let document = try await services.records.read { reader in
      service == .blob
        ? try BlobServiceProperties.of(account, in: reader).document(version: version)
        : try ServiceProperties.of(account, service, in: reader).document()
    }
    return Self.xml(document, .ok)
  }

  private func setProperties(of service: StorageService, _ call: StorageCall) async throws -> EdgeResponse {
    let root = try await Self.document(of: call, maximumBytes: ServiceDocument.maximumBytes)
    let (account, accounts, containerID) = (call.account, accounts, BlobContents(services).makeID(at: call.now))
    try await services.records.write { transaction in
      if service == .blob {
        var properties = try BlobServiceProperties.of(account, in: transaction)
        try properties.apply(root)
        try transaction.save(properties)
        if properties.website != nil { try StaticWebsite.makeContainer(account, id: containerID, now: call.now, in: transaction) }
      } else {
        var properties = try ServiceProperties.of(account, service, in: transaction)
        try properties.apply(root)
        try transaction.save(properties)
      }
      accounts.invalidate(account.name, after: transaction)
    }
    return EdgeResponse(.accepted)
  }

  /// What there is to say of the secondary location is that there is none to read from.
  private func getStatistics(_ call: StorageCall) async throws -> EdgeResponse {
    var writer = XMLWriter()
    writer.element("StorageServiceStats") { writer in
      writer.element("GeoReplication") { writer in
        writer.element("Status", "unavailable")
        writer.element("LastSyncTime", "")
      }
    }
    return Self.xml(writer.bytes, .ok)
  }

  // MARK: Account information

  private func getAccountInformation(_ call: StorageCall) async throws -> EdgeResponse {
    let headers: HTTPHeaders = [
      "x-ms-sku-name": call.account.skuName, "x-ms-account-kind": call.account.kindName, "x-ms-is-hns-enabled": "false",
    ]
    return EdgeResponse(.ok, headers: headers, body: call.request.method == .HEAD ? .head(length: 0) : .bytes(ByteBuffer()))
  }

  // MARK: User delegation keys

  /// Source: Microsoft, "Get User Delegation Key", REST reference.
  private func userDelegationKey(of service: StorageService) -> StorageOperation {
    let action = Action("Microsoft.Storage/storageAccounts/\(service.rawValue)Services/generateUserDelegationKey/action")
    return StorageOperation(
      name: "Get User Delegation Key", service: service, method: .POST, level: .account, comp: "userdelegationkey", resourceType: "service",
      action: { _ in action }, run: { try await getUserDelegationKey(of: service, $0) })
  }

  private func getUserDelegationKey(of service: StorageService, _ call: StorageCall) async throws -> EdgeResponse {
    guard call.principal.kind == .user || call.principal.kind == .servicePrincipal else {
      throw StorageError.authenticationFailed("Only authentication scheme Bearer is supported")
    }
    let root = try await Self.document(of: call, maximumBytes: Self.maximumKeyInfoBytes)
    guard root.name == "KeyInfo" else { throw StorageError.invalidXmlDocument }
    let start = try root.child("Start").map { try Self.time($0) } ?? call.now
    guard let expiryNode = root.child("Expiry") else { throw StorageError.missingRequiredXmlNode("Expiry") }
    let expiry = try Self.time(expiryNode)
    let latest = call.now.advanced(by: .seconds(UserDelegationKey.maximumDays * 86400))
    guard start < latest else { throw StorageError.invalidXmlNodeValue("Start", root.child("Start")?.trimmedText ?? "") }
    guard expiry > start, expiry > call.now, expiry <= latest else {
      throw StorageError.invalidXmlNodeValue("Expiry", expiryNode.trimmedText)
    }
    let delegatedTenant = root.child("DelegatedUserTid")?.trimmedText
    if let delegatedTenant, GUID(delegatedTenant) == nil { throw StorageError.invalidXmlNodeValue("DelegatedUserTid", delegatedTenant) }
    guard let account = try await accounts.account(named: call.account.name) else { throw StorageError.resourceNotFound }
    let terms = UserDelegationKey(
      objectID: call.principal.objectID, tenant: call.principal.tenant, start: start, expiry: expiry, service: service, version: call.version,
      delegatedTenant: delegatedTenant)
    let entry = LedgerEntry(
      id: services.random.guid(), time: call.now, tenant: account.account.tenant, kind: .secretRead, subject: account.path, outcome: .succeeded,
      request: call.request.identifiers.request,
      facts: ["service": service.rawValue, "operation": call.operation, "start": start.iso8601, "expiry": expiry.iso8601],
      personal: [
        "caller": call.principal.name, "principal": call.principal.objectID.description, "address": call.request.remoteAddress,
      ])
    try await services.records.write { try entry.append(in: $0) }
    return Self.xml(terms.document(account.delegationSecret), .ok)
  }

  private static func time(_ node: XMLElement) throws -> Timestamp {
    guard let time = Timestamp(iso8601: node.trimmedText) else { throw StorageError.invalidXmlNodeValue(node.name, node.trimmedText) }
    return time
  }

  // MARK: Documents

  private static func document(of call: StorageCall, maximumBytes: Int) async throws -> XMLElement {
    let body = try await call.request.body.collect(upTo: maximumBytes)
    return try XMLElement(parsing: body.readableBytesView)
  }

  private static func xml(_ document: [UInt8], _ status: HTTPResponseStatus) -> EdgeResponse {
    EdgeResponse(status, headers: ["Content-Type": "application/xml"], body: .bytes(ByteBuffer(bytes: document)))
  }
}
