internal import Access
internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// Backup and restore of certificates, with their keys and secrets.
struct CertificateBackupOperations: Sendable {
  let certificates: VaultCertificates

  private var services: VaultServices { certificates.services }
  private var backups: VaultBackups { VaultBackups(services, moduleKeys: certificates.keys) }

  var operations: [VaultOperation] {
    [
      VaultOperation(
        "Backup Certificate", .POST, "/certificates/{name}/backup", CertificateOperations.permission("backup/action", "backup"), run: backUp),
      VaultOperation(
        "Restore Certificate", .POST, "/certificates/restore", CertificateOperations.permission("restore/action", "restore"),
        maximumBodyBytes: VaultLimits.maximumBackupBodyBytes, run: restore),
    ]
  }

  /// Source: Microsoft, "Backup Certificate", Key Vault REST reference.
  private func backUp(_ call: VaultCall) async throws -> VaultAnswer {
    let object = try await certificates.objects.find(call.name, nil, in: call.vault).object
    let entry = call.entry(.secretRead, subject: call.certificateURL(object.name), random: services.random)
    let wanted = [VaultCollection.certificates, .keys, .secrets].map { (collection: $0, name: object.name) }
    return VaultAnswer(200, ["value": .string(try await backups.backUp(wanted, call, entry))])
  }

  /// Source: Microsoft, "Restore Certificate", Key Vault REST reference.
  private func restore(_ call: VaultCall) async throws -> VaultAnswer {
    guard let text = call.body.member("value")?.string else { throw CertificateError.missing("value") }
    let random = services.random
    let restored = try await backups.restore(.certificates, text, call) { object in
      call.entry(.controlWrite, subject: call.certificateURL(object.name), random: random)
    }
    guard let (object, version) = restored.first else { throw CertificateError.invalid("value") }
    return VaultAnswer(200, try call.certificate(object, version))
  }
}
