internal import Base
internal import Ledger
internal import Logging
internal import Records
internal import Wire

/// Gives certificates their next versions when their policies say so, where nobody has to be asked: those that sign themselves, and those of the platform's own
/// authority.
struct CertificateRenewer: Sendable {
  let certificates: VaultCertificates

  private var services: VaultServices { certificates.services }

  /// Renews certificates whose time has come, a bounded number of them, each in a transaction of its own. Gives whether there may be more.
  func round(now: Timestamp) async throws -> Bool {
    let due = try await services.records.read { reader in
      try reader.list(CertificateRenewal.self, index: CertificateRenewal.dueIndex, [], tenant: .zero, limit: CertificateLimits.maximumRound)
    }.filter { $0.due <= now }
    for renewal in due {
      do {
        try await carryOut(renewal, now: now)
      } catch let error where !(error is CancellationError) {
        services.logger.warning(
          "a certificate could not be renewed, and will be later",
          metadata: ["vault": "\(renewal.vaultName)", "certificate": "\(renewal.name)", "cause": "\(error)"])
        var later = renewal
        later.due = now.advanced(by: .seconds(CertificateLimits.retrySeconds))
        try await replace(renewal, by: later)
      }
    }
    return due.count == CertificateLimits.maximumRound
  }

  /// When the next certificate falls due; nil where none does.
  func next() async throws -> Timestamp? {
    try await services.records.read { reader in
      try reader.list(CertificateRenewal.self, index: CertificateRenewal.dueIndex, [], tenant: .zero, limit: 1).first?.due
    }
  }

  private func carryOut(_ renewal: CertificateRenewal, now: Timestamp) async throws {
    guard let vault = try await services.vaults.vault(named: renewal.vaultName), vault.deletion == nil, vault.partition == renewal.partition else {
      try await replace(renewal, by: nil)
      return
    }
    let found = try await services.records.read { reader -> (VaultObject, VaultObjectVersion)? in
      guard let object = try? certificates.objects.object(renewal.name, in: vault, reader) else { return nil }
      return (object, try certificates.objects.version(nil, of: object, reader))
    }
    guard let (object, version) = found, version.version == renewal.version, let policy = CertificatePolicy(stored: object.policy) else {
      try await replace(renewal, by: nil)
      return
    }
    let wish = VaultCertificates.Wish(
      name: object.name, policy: policy, isEnabled: version.isEnabled, tags: version.tags,
      keepsOrder: CertificateDescription(version.publicPart)?.keepsOrder)
    let services = services
    let made = try await certificates.make(wish, in: vault, now: now, expected: version.version) { name in
      LedgerEntry(
        id: services.random.guid(), time: now, tenant: vault.tenant, kind: .controlWrite,
        subject: "\(vault.url(services.address))/certificates/\(name)", outcome: .succeeded,
        facts: ["operation": "Renew Certificate", "vault": vault.id.description, "reason": "lifetime action"])
    }
    if made == nil { try await replace(renewal, by: nil) }
  }

  /// Only if nobody has planned anew meanwhile.
  private func replace(_ renewal: CertificateRenewal, by later: CertificateRenewal?) async throws {
    try await services.records.write { transaction in
      guard try transaction.fetch(CertificateRenewal.self, renewal.key) == renewal else { return }
      if let later { try transaction.save(later) } else { try transaction.remove(CertificateRenewal.self, renewal.key) }
    }
  }

  // MARK: In the background

  /// One bounded round. Gives how long there is nothing to do.
  func round() async throws -> Duration {
    let now = services.clock.now()
    if try await round(now: now) { return .zero }
    let longest = Duration.seconds(CertificateLimits.longestRestSeconds)
    return try await next().map { min(longest, max(.zero, now.duration(to: $0))) } ?? longest
  }

  /// That work, until its task is cancelled.
  func run() async throws {
    while true {
      var rest = Duration.seconds(CertificateLimits.longestRestSeconds)
      do {
        rest = max(.seconds(1), try await round())
      } catch let error where !(error is CancellationError) {
        services.logger.warning("renewal of certificates", metadata: ["cause": "\(error)"])
      }
      try await Task.sleep(for: rest)
    }
  }
}
