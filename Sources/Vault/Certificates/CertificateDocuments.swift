internal import Base
internal import Wire

/// How certificates are written in answers.
extension VaultCall {
  func certificateURL(_ name: String) -> String { "\(vaultURL)/\(VaultCollection.certificates.rawValue)/\(name)" }

  /// Source: Microsoft, "CertificateBundle" and "DeletedCertificateBundle", Key Vault REST reference.
  func certificate(_ object: VaultObject, _ version: VaultObjectVersion) throws -> JSON {
    guard let description = CertificateDescription(version.publicPart) else { throw CloudError.internalError(PKCS12Error.malformed) }
    let place = "\(object.name)/\(version.version)"
    let document: JSON = .object([
      "id": .string(id(of: object, version)), "kid": .string("\(vaultURL)/keys/\(place)"), "sid": .string("\(vaultURL)/secrets/\(place)"),
      "x5t": .string(description.thumbprint), "cer": .string(Base64.encode(description.certificate)), "attributes": attributes(of: version),
      "policy": CertificatePolicy(stored: object.policy)?.json(id: "\(certificateURL(object.name))/policy"),
      "pending": ["id": .string("\(certificateURL(object.name))/pending")], "tags": tags(of: version),
      "preserveCertOrder": description.keepsOrder.map { .boolean($0) },
    ])
    return deleted(document, object)
  }

  /// A line of a list. Source: Microsoft, "CertificateItem" and "DeletedCertificateItem", Key Vault REST reference.
  func certificateItem(_ object: VaultObject, _ version: VaultObjectVersion, withVersion: Bool) -> JSON {
    let document: JSON = .object([
      "id": .string(withVersion ? id(of: object, version) : certificateURL(object.name)),
      "x5t": .string(CertificateDescription(version.publicPart)?.thumbprint), "attributes": attributes(of: version), "tags": tags(of: version),
    ])
    return deleted(document, object)
  }

  /// A certificate that has no version yet: what is known of it while somebody else is to sign.
  func certificate(_ pending: CertificateOperation) -> JSON {
    let place = "\(pending.name)/\(pending.version)"
    return .object([
      "id": .string("\(vaultURL)/certificates/\(place)"), "kid": .string("\(vaultURL)/keys/\(place)"), "sid": .string("\(vaultURL)/secrets/\(place)"),
      "attributes": pendingAttributes(pending),
      "policy": CertificatePolicy(stored: pending.policy)?.json(id: "\(certificateURL(pending.name))/policy"),
      "pending": ["id": .string("\(certificateURL(pending.name))/pending")],
      "tags": .object(JSON.Object((pending.tags ?? [:]).sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value)) })),
    ])
  }

  func certificateItem(_ pending: CertificateOperation) -> JSON {
    .object(["id": .string(certificateURL(pending.name)), "attributes": pendingAttributes(pending)])
  }

  private func pendingAttributes(_ pending: CertificateOperation) -> JSON {
    .object([
      "enabled": false, "created": .integer(pending.created.seconds), "updated": .integer(pending.created.seconds),
      "recoveryLevel": .string(vault.recoveryLevel), "recoverableDays": .integer(Int64(vault.retentionDays)),
    ])
  }

  /// The answer to "Create Certificate" says that all is under way, as Azure's does, whatever is done already: clients ask again, and some take what is
  /// completed from the beginning for nothing.
  func createdCertificateOperation(_ operation: CertificateOperation) -> JSON {
    guard operation.status == .completed, case .object(var members) = certificateOperation(operation) else { return certificateOperation(operation) }
    members["status"] = .string(CertificateOperation.Status.inProgress.rawValue)
    members["status_details"] = .string(
      "Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later."
    )
    members["target"] = nil
    return .object(members)
  }

  /// Source: Microsoft, "CertificateOperation", Key Vault REST reference.
  func certificateOperation(_ operation: CertificateOperation) -> JSON {
    let signer = CertificatePolicy(stored: operation.policy)?.issuer
    let issuer: JSON = .object(["name": .string(signer?.name), "cty": .string(signer?.certificateType)])
    let target: JSON? = operation.status == .completed ? .string(certificateURL(operation.name)) : nil
    let details: String? =
      switch operation.status {
      case .inProgress: "Pending certificate created. Please Perform Merge to complete the request."
      case .cancelled: "The request was cancelled."
      case .completed: nil
      }
    return .object([
      "id": .string("\(certificateURL(operation.name))/pending"),
      "issuer": issuer,
      "csr": .string(Base64.encode(operation.request)), "cancellation_requested": .boolean(operation.isCancellationRequested),
      "status": .string(operation.status.rawValue), "status_details": .string(details),
      "target": target,
      "request_id": .string(operation.requestID.description.filter { $0 != "-" }),
      "preserveCertOrder": operation.keepsOrder.map { .boolean($0) },
    ])
  }
}
