internal import Access
internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// What can be done with a certificate that is being made.
struct PendingCertificateOperations: Sendable {
  let certificates: VaultCertificates

  private var services: VaultServices { certificates.services }

  var operations: [VaultOperation] {
    let path = "/certificates/{name}/pending"
    return [
      VaultOperation("Get Certificate Operation", .GET, path, CertificateOperations.permission("read", "get"), run: get),
      VaultOperation("Update Certificate Operation", .PATCH, path, CertificateOperations.permission("update/action", "update"), run: update),
      VaultOperation("Delete Certificate Operation", .DELETE, path, CertificateOperations.permission("delete", "delete"), run: delete),
      VaultOperation("Merge Certificate", .POST, "\(path)/merge", CertificateOperations.permission("create/action", "create"), run: merge),
    ]
  }

  /// Source: Microsoft, "Get Certificate Operation", Key Vault REST reference.
  private func get(_ call: VaultCall) async throws -> VaultAnswer {
    let operation = try await services.records.read { try certificates.operation(call.name, in: call.vault, $0) }
    return VaultAnswer(200, call.certificateOperation(operation))
  }

  /// Asks for its end. The key stays until the operation is deleted: somebody may have the certificate all the same, and merge it.
  ///
  /// Source: Microsoft, "Update Certificate Operation", Key Vault REST reference.
  private func update(_ call: VaultCall) async throws -> VaultAnswer {
    guard let wanted = call.body.member("cancellation_requested")?.boolean else { throw CertificateError.invalid("cancellation_requested") }
    let operation = try await services.records.write { transaction in
      var operation = try certificates.operation(call.name, in: call.vault, transaction)
      guard operation.status == .inProgress else { throw CertificateError.notInProgress }
      operation.isCancellationRequested = wanted
      if wanted { operation.status = .cancelled }
      try transaction.save(operation)
      try enter(call, operation, transaction)
      return operation
    }
    return VaultAnswer(200, call.certificateOperation(operation))
  }

  /// Source: Microsoft, "Delete Certificate Operation", Key Vault REST reference.
  private func delete(_ call: VaultCall) async throws -> VaultAnswer {
    let operation = try await services.records.write { transaction in
      let operation = try certificates.operation(call.name, in: call.vault, transaction)
      try operation.remove(now: call.now, transaction)
      try enter(call, operation, transaction)
      return operation
    }
    return VaultAnswer(200, call.certificateOperation(operation))
  }

  /// Source: Microsoft, "Merge Certificate", Key Vault REST reference.
  private func merge(_ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    guard let items = call.body.member("x5c")?.array, !items.isEmpty else { throw CertificateError.noChain }
    guard items.count <= CertificateLimits.maximumChain else { throw CertificateError.tooLarge }
    let chain = try items.map { item in
      guard let text = item.string, let bytes = Base64.decode(text) ?? Base64URL.decode(text), !bytes.isEmpty else { throw CertificateError.noChain }
      guard bytes.count <= CertificateLimits.maximumImportBytes else { throw CertificateError.tooLarge }
      return bytes
    }
    let random = services.random
    let (object, version) = try await certificates.merge(chain, call.name, attributes: attributes, in: call.vault, now: call.now) { name in
      call.entry(.controlWrite, subject: call.certificateURL(name), random: random)
    }
    return VaultAnswer(201, try call.certificate(object, version))
  }

  private func enter(_ call: VaultCall, _ operation: CertificateOperation, _ transaction: RecordTransaction) throws {
    try call.entry(.controlWrite, subject: "\(call.certificateURL(operation.name))/pending", random: services.random).append(in: transaction)
  }
}
