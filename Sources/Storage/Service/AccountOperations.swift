internal import Access
internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on the account as a whole: service properties, account information, user delegation keys.
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
    var operations = [
      StorageOperation(
        name: "Get Blob Service Properties", method: .GET, level: .account, comp: "properties", resourceType: "service",
        action: { _ in Self.management("\(service)/read", SignedRequirement("s", anyOf: "r")) }, run: getProperties),
      StorageOperation(
        name: "Set Blob Service Properties", method: .PUT, level: .account, comp: "properties", resourceType: "service",
        action: { _ in Self.management("\(service)/write", SignedRequirement("s", anyOf: "w")) }, run: setProperties),
      StorageOperation(
        name: "Get User Delegation Key", method: .POST, level: .account, comp: "userdelegationkey", resourceType: "service",
        action: { _ in Action("\(service)/generateUserDelegationKey/action") }, run: getUserDelegationKey),
    ]
    for (level, resourceType) in [(StorageOperation.Level.account, Character("s")), (.container, "c"), (.blob, "o")] {
      for method in [HTTPMethod.GET, .HEAD] {
        operations.append(
          StorageOperation(
            name: "Get Account Information", method: method, level: level, comp: "properties", resourceType: "account",
            action: { _ in Self.management("\(service)/getInfo/action", SignedRequirement(resourceType, anyOf: Self.anyPermission)) },
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

  private func getProperties(_ call: StorageCall) async throws -> EdgeResponse {
    let account = call.account
    let properties = try await services.records.read { try BlobServiceProperties.of(account, in: $0) }
    return Self.xml(properties.document(), .ok)
  }

  private func setProperties(_ call: StorageCall) async throws -> EdgeResponse {
    let root = try await Self.document(of: call, maximumBytes: BlobServiceProperties.maximumDocumentBytes)
    let (account, accounts) = (call.account, accounts)
    try await services.records.write { transaction in
      var properties = try BlobServiceProperties.of(account, in: transaction)
      try properties.apply(root)
      try transaction.save(properties)
      accounts.invalidate(account.name, after: transaction)
    }
    return EdgeResponse(.accepted)
  }

  // MARK: Account information

  private func getAccountInformation(_ call: StorageCall) async throws -> EdgeResponse {
    let headers: HTTPHeaders = [
      "x-ms-sku-name": call.account.skuName, "x-ms-account-kind": call.account.kindName, "x-ms-is-hns-enabled": "false",
    ]
    return EdgeResponse(.ok, headers: headers, body: call.request.method == .HEAD ? .head(length: 0) : .bytes(ByteBuffer()))
  }

  // MARK: User delegation keys

  private func getUserDelegationKey(_ call: StorageCall) async throws -> EdgeResponse {
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
      objectID: call.principal.objectID, tenant: call.principal.tenant, start: start, expiry: expiry, version: call.version,
      delegatedTenant: delegatedTenant)
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
