internal import Base
internal import Records

/// What keeps containers and accounts from being deleted.
extension Container {
  /// Finds the protected containers of an account.
  static let protectedIndex = "protected"

  /// Throws while the data plane may not delete the container. What is protected at all, only Resource Manager deletes, and only once it is empty.
  ///
  /// Source: Microsoft, "Container-level WORM policies for immutable blob data" and "Version-level WORM policies", deleting containers.
  func requireRemovable() throws(CloudError) {
    if immutability.isVersionLevel { throw StorageError.containerHasImmutableVersions }
    if immutability.policy?.isLocked ?? false { throw StorageError.containerPolicyLocked }
    if immutability.policy != nil { throw StorageError.containerPolicyPresent }
    if !immutability.holds.isEmpty { throw StorageError.containerHasLegalHold }
  }

  /// Throws while Resource Manager may not delete the container: as long as it is protected and there is anything in it.
  func requireRemovableWhenEmpty(in reader: any RecordReader) throws {
    guard !immutability.isEmpty, try !isEmpty(in: reader) else { return }
    try requireRemovable()
  }

  /// Whether there is neither a blob nor a snapshot or version of one.
  func isEmpty(in reader: any RecordReader) throws -> Bool {
    let parent = RecordKey(tenant: tenant, id.description)
    guard try reader.count(Blob.self, under: parent, limit: 1) == 0 else { return false }
    return try reader.count(BlobGeneration.self, under: parent, limit: 1) == 0
  }
}

extension Container {
  /// Throws where the default scope is none of the account's, or is changed: blobs that are there were written under it.
  func requireScope(of account: StorageAccount, replacing existing: Container?, in reader: any RecordReader) throws {
    if let existing {
      guard existing.defaultScope == defaultScope, existing.deniesOtherScopes == deniesOtherScopes else {
        throw StorageError.containerScopeCannotBeUpdated
      }
    } else if let defaultScope {
      _ = try EncryptionScope.require(defaultScope, of: account, in: reader)
    }
  }
}

extension StorageAccount {
  /// Protected containers that are looked at; with more, the account is not deleted.
  private static let maximumProtected = 512
  /// Names in one message.
  private static let maximumNamed = 10

  /// Throws while containers of the account keep it from being deleted: those with a locked policy, and those that are protected and hold something.
  func requireRemovable(in reader: any RecordReader) throws {
    let parts = [partition]
    let protected = try reader.list(Container.self, index: Container.protectedIndex, parts, tenant: tenant, limit: Self.maximumProtected)
    let keeping = try protected.filter { container in
      try container.immutability.policy?.isLocked ?? false || !container.isEmpty(in: reader)
    }
    guard keeping.isEmpty, protected.count < Self.maximumProtected else {
      let names = keeping.prefix(Self.maximumNamed).map(\.name).joined(separator: ", ")
      throw CloudError(
        409, "AccountProtectedFromDeletion",
        "The storage account \(name) is protected from deletion. The container(s) \(names) have an immutability policy or a legal hold.")
    }
  }
}
