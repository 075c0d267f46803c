internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// What was asked of customers' keys before the transaction that changes an account or a scope.
enum PreparedProtection: Sendable {
  /// A data key that the customer's key has wrapped.
  case protect(Keyring.PreparedDataKey)
  /// A data key that is open, to go back under the platform's key alone.
  case release
}

/// Moves data keys of accounts and scopes between customers' keys and the platform's.
struct DataKeyProtection: Sendable {
  let customers: CustomerKeyring?
  let keyring: Keyring

  /// How a data key is to be protected.
  struct Wish: Equatable, Sendable {
    var key: CustomerKey
    /// Who is to use it.
    var identity: GUID

    func isMet(by protection: CustomerProtection?) -> Bool { protection?.key == key && protection?.identity == identity }
  }

  /// Asks the customers' side for what a change needs; nil where it needs nothing. `id` is nil for a data key that is to be made.
  func prepare(
    _ id: DataKeyID?, _ wish: Wish?, identity: GUID?, subject: ResourceID, _ context: OperationContext
  ) async throws(CloudError) -> PreparedProtection? {
    guard let customers else {
      guard wish == nil else { throw StorageAccountSettings.unsupported("Customer-managed key", "properties.encryption.keySource") }
      return nil
    }
    let (caller, tenant) = (context.principal.objectID, context.tenant)
    do {
      let present = try await customers.protection(of: id, tenant: tenant)
      if let wish {
        guard !wish.isMet(by: present) else { return nil }
        let use = CustomerKeyUse(
          reason: .storageData, tenant: tenant, subject: subject.description, identity: wish.identity, caller: caller, request: context.requestID)
        guard let id else { return .protect(try await customers.prepareNew(tenant: tenant, wish.key, use)) }
        return .protect(try await customers.prepare(id, tenant: tenant, wish.key, use))
      }
      guard let id, present != nil else { return nil }
      try await customers.openForChange(id, tenant: tenant, identity: identity, caller: caller, request: context.requestID)
      return .release
    } catch let error as CustomerKeyError {
      throw StorageAccountSettings.refused(error)
    } catch let error as KeyringError where error == .noSuchKey {
      throw Self.busy
    } catch {
      throw .internalError(error)
    }
  }

  /// A data key that does not exist yet, as it was prepared.
  func make(_ wish: Wish?, _ prepared: (any Sendable)?, tenant: GUID, in transaction: RecordTransaction) throws -> DataKeyID {
    guard let wish else { return try keyring.makeDataKey(tenant: tenant, in: transaction) }
    guard case .protect(let dataKey) = prepared as? PreparedProtection, wish.isMet(by: dataKey.protection), dataKey.isNew else { throw Self.busy }
    return try keyring.makeDataKey(dataKey, in: transaction)
  }

  /// Brings a data key to how it is to be protected, as it was prepared. Throws 409 where it was changed by somebody else meanwhile.
  func apply(_ wish: Wish?, to id: DataKeyID, _ prepared: (any Sendable)?, tenant: GUID, in transaction: RecordTransaction) throws {
    let present = try Keyring.protection(of: id, tenant: tenant, in: transaction)
    if let wish {
      if wish.isMet(by: present) { return }
      guard case .protect(let dataKey) = prepared as? PreparedProtection, wish.isMet(by: dataKey.protection), dataKey.isOf(id) else {
        throw Self.busy
      }
      try keyring.protect(dataKey, in: transaction)
    } else if present != nil {
      guard case .release = prepared as? PreparedProtection else { throw Self.busy }
      do {
        try keyring.unprotect(id, tenant: tenant, in: transaction)
      } catch KeyringError.closed {
        throw Self.busy
      }
    }
  }

  private static let busy = CloudError(
    409, "StorageAccountOperationInProgress",
    "An operation is currently performing on this storage account that requires exclusive access.")
}
