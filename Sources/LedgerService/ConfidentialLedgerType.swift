internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.ConfidentialLedger/ledgers`.
///
/// Source: Microsoft, "Ledger", REST reference of the confidential ledger resource provider.
struct ConfidentialLedgerType: ResourceType {
  static let name = "Microsoft.ConfidentialLedger/ledgers"

  let ledgers: ConfidentialLedgers
  let address: CloudAddress

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(type: Self.name, apiVersions: ConfidentialLedgerProvider.apiVersions)
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let wanted = try LedgerProperties(change.body.member("properties"), tenant: change.context.tenant)
    return if let existing = change.existing {
      try update(existing, to: wanted, in: transaction)
    } else {
      try create(change, wanted, in: transaction)
    }
  }

  private func create(_ change: ResourceChange, _ wanted: LedgerProperties, in transaction: RecordTransaction) throws -> Resource {
    let (name, context) = (change.id.name, change.context)
    try LedgerName.check(name)
    guard try !transaction.exists(ConfidentialLedger.self, ConfidentialLedger.key(name)) else { throw LedgerName.taken(name) }
    let count = try transaction.list(
      ConfidentialLedger.self, index: ConfidentialLedger.subscriptionIndex, [context.subscription.description], tenant: context.tenant,
      limit: LedgerServiceLimits.maximumLedgers
    ).count
    guard count < LedgerServiceLimits.maximumLedgers else {
      throw CloudError(409, "QuotaExceeded", "The subscription has \(count) ledgers, which is the limit.")
    }
    var users = wanted.users ?? []
    // Who makes a ledger may use it, as in Azure; a principal of the platform's own (a deployment's) has its caller's id.
    if context.principal.objectID != .zero, !users.contains(where: { $0.userID == context.principal.objectID }) {
      users.insert(LedgerUser.Wanted(userID: context.principal.objectID, roles: [.administrator], isFromResource: false), at: 0)
    }
    _ = try ledgers.make(name, id: change.id, tenant: context.tenant, users: users, now: context.now, in: transaction)
    return Resource(
      tenant: context.tenant, id: change.id, location: change.body.member("location")?.string, properties: .object(wanted.stored(over: nil)),
      etag: .zero, createdTime: context.now, changedTime: context.now)
  }

  private func update(_ existing: Resource, to wanted: LedgerProperties, in transaction: RecordTransaction) throws -> Resource {
    let ledger = try Self.ledger(of: existing, in: transaction)
    let stored = existing.properties.object
    if let type = wanted.type, type != stored?["ledgerType"]?.string {
      throw CloudError(409, "PropertyChangeNotAllowed", "Changing property 'ledgerType' is not allowed.", target: "properties.ledgerType")
    }
    if let users = wanted.users { try ledgers.replaceResourceUsers(of: ledger, by: users, in: transaction) }
    var resource = existing
    resource.properties = .object(wanted.stored(over: stored))
    return resource
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    try ledgers.destroy(try Self.ledger(of: resource, in: transaction), in: transaction)
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    let ledger = try Self.ledger(of: resource, in: reader)
    let users = try LedgerUser.all(of: ledger, in: reader)
    let stored = resource.properties
    return .object([
      "ledgerName": .string(ledger.name), "ledgerUri": .string(address.url("\(ledger.name.lowercased()).ledger")),
      "identityServiceUri": .string("\(address.url("\(LedgerName.identityService).ledger"))/ledgerIdentity/\(ledger.name)"),
      "ledgerType": stored["ledgerType"], "ledgerSku": stored["ledgerSku"], "runningState": "Active",
      "provisioningState": .string(resource.provisioningState.rawValue),
      "aadBasedSecurityPrincipals": .array(
        users.map { user in
          .object([
            "principalId": .string(user.userID.description), "tenantId": .string(ledger.tenant.description),
            "ledgerRoleName": .string(user.role?.rawValue),
          ])
        }),
      "certBasedSecurityPrincipals": [],
    ])
  }

  private static func ledger(of resource: Resource, in reader: any RecordReader) throws -> ConfidentialLedger {
    let key = ConfidentialLedger.key(resource.id.name)
    guard let ledger = try reader.fetch(ConfidentialLedger.self, key), ledger.id == resource.id else {
      throw CloudError.internalError(LedgerMissing(id: resource.id.description))
    }
    return ledger
  }

  /// The resource is there and its ledger is not: they are written together, so this is a defect.
  struct LedgerMissing: Error {
    var id: String
  }
}
