internal import Base
package import ExternalKeys
internal import Records
internal import Synchronization

/// Makes the manager of a connection that shows a certificate; tests make twins.
package typealias ExternalKeyManagerMaker = @Sendable (ExternalKeyConnection, ExternalKeyCertificate) -> any ExternalKeyManager

/// The way from vaults to their external key managers, which is narrow: a manager that answers slowly holds up its own tenant alone.
final class ExternalKeyManagers: Sendable {
  /// Of a vault's client certificate; its authority stays.
  private static let certificateLifetime: Duration = .seconds(86_400)
  private static let certificateUse: Duration = .seconds(43_200)
  private static let maximumCertificates = 256

  private let make: ExternalKeyManagerMaker
  private let hosts: ExternalKeyHosts
  private let shares = TenantShares(of: ExternalKeyLimits.maximumCalls)
  private let calls = Mutex(0)
  /// By the vault's partition.
  private let certificates = Mutex<[String: (certificate: ExternalKeyCertificate, renewal: Timestamp)]>([:])

  init(make: ExternalKeyManagerMaker?, hosts: ExternalKeyHosts) {
    self.make = make ?? { ExternalKeyClient($0, certificate: $1) }
    self.hosts = hosts
  }

  /// Throws 403 where the operator has not allowed the host.
  func requireAllowed(_ connection: ExternalKeyConnection?) throws {
    guard let connection, hosts.allow(connection) else { throw ExternalKeyRefusal.hostNotAllowed }
  }

  /// Calls the manager of a vault. Throws 404 where the vault has none, 503 when there is too much to do or no answer, and what `ExternalKeyRefusal` makes
  /// of a refusal.
  func call<Value: Sendable>(
    _ vault: Vault, _ services: VaultServices, _ body: (any ExternalKeyManager) async throws -> Value
  ) async throws -> Value {
    let key = ExternalConnection.key(tenant: vault.tenant, vault.partition)
    let stored = try await services.records.read { try $0.fetch(ExternalConnection.self, key) }
    guard let connection = stored?.connection else { throw ExternalKeyRefusal.noConnection }
    // What was allowed may be so no longer.
    try requireAllowed(connection)
    let certificate = try await certificate(of: vault, services)
    try enter(vault.tenant)
    defer { leave(vault.tenant) }
    do {
      return try await body(make(connection, certificate))
    } catch let error as ExternalKeyError {
      throw ExternalKeyRefusal.meaning(of: error)
    }
  }

  private func enter(_ tenant: GUID) throws {
    try shares.enter(tenant)
    let isAdmitted = calls.withLock { count in
      guard count < ExternalKeyLimits.maximumCalls else { return false }
      count += 1
      return true
    }
    guard isAdmitted else {
      shares.leave(tenant)
      throw CloudError.serverBusy()
    }
  }

  private func leave(_ tenant: GUID) {
    calls.withLock { $0 -= 1 }
    shares.leave(tenant)
  }

  // MARK: The vault's own certificate

  private func certificate(of vault: Vault, _ services: VaultServices) async throws -> ExternalKeyCertificate {
    let now = services.clock.now()
    if let known = certificates.withLock({ $0[vault.partition] }), now < known.renewal { return known.certificate }
    let name = vault.clientName(services.address)
    let authority = try await services.records.write { transaction in
      try VaultClientAuthority.ready(for: vault, name, services, transaction).open(vault, services, transaction)
    }
    let issued = try authority.client(name, lifetime: Self.certificateLifetime, now: now)
    certificates.withLock { certificates in
      if certificates.count >= Self.maximumCertificates { certificates.removeAll() }
      certificates[vault.partition] = (issued, now.advanced(by: Self.certificateUse))
    }
    return issued
  }
}
