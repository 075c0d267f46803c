internal import Access
internal import Base
internal import Identity
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// One of two tenants of the platform's own, with which it looks whether the one sees what is the other's.
///
/// It is a tenant like any other, with a program that may work in its one subscription. The program's secret rests sealed and is renewed before it expires.
struct ProbeTenant: Record, Codable, Sendable {
  static let kind = "secnumcloud.probe"
  static let names = ["sonde-a", "sonde-b"]
  /// Of its group, container and blob.
  static let resourceName = "sonde"

  var name: String
  var tenant: GUID
  var subscription: GUID
  var application: GUID
  var clientID: GUID
  /// The object id of its service principal.
  var principal: GUID
  /// The storage account that the other must not see.
  var account: String
  var sealedSecret: [UInt8]
  var secretExpires: Timestamp

  var key: RecordKey { Self.key(name) }
  static func key(_ name: String) -> RecordKey { RecordKey(tenant: .zero, name) }

  private static let context = "secnumcloud.probe"
  private static let secretLifetime: Duration = .seconds(90 * 86400)
  private static let renewal: Duration = .seconds(30 * 86400)

  var groupPath: String { "/subscriptions/\(subscription)/resourceGroups/\(Self.resourceName)" }
  var accountPath: String { "\(groupPath)/providers/Microsoft.Storage/storageAccounts/\(account)" }

  func secret(_ platform: ObservedPlatform) async throws -> String {
    let bytes = try await platform.records.read { [keyring = platform.keyring] in
      try keyring.open(sealedSecret, context: Self.context, tenant: .zero, in: $0)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Both, made where they are not there, with secrets that are good for a month at least.
  static func ready(_ platform: ObservedPlatform) async throws -> [ProbeTenant] {
    var probes: [ProbeTenant] = []
    for name in names {
      if let known = try await platform.records.read({ try $0.fetch(ProbeTenant.self, key(name)) }) {
        let isFresh = platform.now.advanced(by: renewal) < known.secretExpires
        probes.append(isFresh ? known : try await renewed(known, platform))
      } else {
        probes.append(try await made(name, platform))
      }
    }
    return probes
  }

  private static func made(_ name: String, _ platform: ObservedPlatform) async throws -> ProbeTenant {
    let (identity, random, now) = (platform.identity, platform.random, platform.now)
    let expires = now.advanced(by: secretLifetime)
    let (credential, secret) = try await identity.makeSecret(displayName: name, start: now, end: expires)
    let account = resourceName + random.bytes(6).hexadecimal
    do {
      return try await platform.records.write {
        [access = platform.access, keyring = platform.keyring, domain = platform.site.address.domain] transaction in
        let tenant = try identity.createTenant(displayName: name, domains: ["\(name).\(domain)"], country: "FR", in: transaction)
        var application = Application(id: .zero, tenant: tenant.id, appID: .zero, displayName: name, created: now)
        application.passwordCredentials = [credential]
        application = try identity.createApplication(application, in: transaction)
        let principal = try identity.createServicePrincipal(appID: application.appID, tenant: tenant.id, in: transaction)
        let subscription = Subscription(id: random.guid(), tenant: tenant.id, displayName: name, createdTime: now)
        try transaction.save(subscription)
        let roles = [
          (BuiltInRole.contributor, subscription.path), (BuiltInRole.storageBlobDataContributor, subscription.path),
          (DirectoryRole.directoryReaders, AccessScope.directory),
        ]
        for (role, path) in roles {
          _ = try access.assign(
            RoleAssignmentRequest(roleDefinitionID: role, principalID: principal.id), id: random.guid(),
            at: AccessScope(tenant: tenant.id, path: path),
            resolvedType: .servicePrincipal, by: principal.id, now: now, in: transaction)
        }
        let probe = ProbeTenant(
          name: name, tenant: tenant.id, subscription: subscription.id, application: application.id, clientID: application.appID,
          principal: principal.id, account: account,
          sealedSecret: try keyring.seal(Array(secret.utf8), context: context, tenant: .zero, in: transaction), secretExpires: expires)
        try transaction.save(probe)
        return probe
      }
    } catch let error as CloudError {
      throw ObservationFailure(
        "le client « \(name) » de la sonde ne peut pas être créé : \(error.message)", "the probe's tenant “\(name)” cannot be made: \(error.message)")
    }
  }

  private static func renewed(_ probe: ProbeTenant, _ platform: ObservedPlatform) async throws -> ProbeTenant {
    let (identity, now) = (platform.identity, platform.now)
    let expires = now.advanced(by: secretLifetime)
    let (credential, secret) = try await identity.makeSecret(displayName: probe.name, start: now, end: expires)
    return try await platform.records.write { [keyring = platform.keyring] transaction in
      guard var application = try identity.application(probe.application, tenant: probe.tenant, in: transaction) else {
        throw ObservationFailure(
          "l'application du client « \(probe.name) » de la sonde a été supprimée.",
          "the application of the probe's tenant “\(probe.name)” was deleted.")
      }
      application.passwordCredentials = [credential]
      try identity.updateApplication(application, in: transaction)
      var renewed = probe
      renewed.sealedSecret = try keyring.seal(Array(secret.utf8), context: context, tenant: .zero, in: transaction)
      renewed.secretExpires = expires
      try transaction.save(renewed)
      return renewed
    }
  }
}
