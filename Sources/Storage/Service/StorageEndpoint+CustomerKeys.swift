internal import Base
internal import Edge
internal import Keyring
internal import NIOHTTP1
internal import Records
internal import Wire

/// Keys of customers' that requests need. They are opened before an operation begins: within it, they are in memory.
extension StorageEndpoint {
  /// Opens what an operation reads or writes under. Throws 403 with one of storage's codes for what the customer's side refuses, and 503.
  func openKeys(of account: OpenAccount, for operation: StorageOperation, _ call: StorageCall) async throws {
    guard account.hasCustomerKey || !account.customerScopes.isEmpty, operation.touchesData(call), let customers = accounts.customers else { return }
    let tenant = account.account.tenant
    guard !account.customerKeys.allSatisfy({ customers.isOpen($0, tenant: tenant) }) else { return }
    try await open(try await keys(of: account, for: operation, call), call, customers)
  }

  /// What a request is told that met a closed key in its midst: one was withdrawn while it ran, or it needed one that nothing told of before.
  func closed(_ error: any Error, _ account: OpenAccount, _ call: StorageCall) async -> any Error {
    guard let error = error as? KeyringError, error == .closed, let customers = accounts.customers else { return error }
    do {
      try await open(account.customerKeys, call, customers)
      // It is open now: the client comes again.
      return error
    } catch {
      return error
    }
  }

  private func open(_ keys: [DataKeyID], _ call: StorageCall, _ customers: CustomerKeyring) async throws {
    let caller = call.principal.objectID == .zero ? nil : call.principal.objectID
    do {
      for key in keys {
        try await customers.open(key, tenant: call.account.tenant, caller: caller, request: call.request.identifiers.request)
      }
    } catch let error as CustomerKeyError {
      throw StorageError.closed(error)
    } catch KeyringError.noSuchKey {
      // The account is being deleted.
      throw StorageError.resourceNotFound
    }
  }

  /// The data keys that an operation needs, of those that customers' keys protect.
  private func keys(of account: OpenAccount, for operation: StorageOperation, _ call: StorageCall) async throws -> [DataKeyID] {
    let own = account.hasCustomerKey ? account.account.dataKey : nil
    var encryptions: Set<BlobEncryption> = []
    if operation.service == .blob || operation.service == .web, operation.level == .blob || operation.level == .page {
      let name = operation.level == .page ? StaticWebsite.container : call.container
      let (container, blob) = try await accounts.records.read { reader -> (Container?, Blob?) in
        guard let container = try reader.fetch(Container.self, Container.key(call.account, name: name)) else { return (nil, nil) }
        return (container, operation.level == .page ? nil : try? Blob.require(call, in: reader))
      }
      if let blob { encryptions.insert(blob.encryption) }
      let isRead = call.request.method == .GET || call.request.method == .HEAD
      if !isRead || operation.level == .page {
        encryptions.insert((call.header("x-ms-encryption-scope") ?? container?.defaultScope).map { .scope($0) } ?? .account)
      }
    } else {
      encryptions.insert(.account)
    }
    return encryptions.compactMap { encryption in
      if case .scope(let name) = encryption { account.customerScopes[name] } else { own }
    }
  }
}

extension OpenAccount {
  /// Every data key of the account that a customer's key protects.
  var customerKeys: [DataKeyID] { (hasCustomerKey ? [account.dataKey] : []) + customerScopes.values }
}

extension StorageOperation {
  /// What is done without reading or writing what is encrypted: it works while a customer's key is closed.
  ///
  /// Source: Microsoft, "Customer-managed keys for Azure Storage encryption", revoke access to a storage account.
  private static let keyless: Set<String> = [
    "Abort Copy Blob", "Append Blob Seal", "Clear Messages", "Delete Blob", "Delete Blob Immutability Policy", "Delete Message", "Find Blobs by Tags",
    "Get Blob Tags", "Get Block List", "Get Page Ranges", "Lease Blob", "Set Blob Immutability Policy", "Set Blob Legal Hold", "Set Blob Properties",
    "Set Blob Tags", "Undelete Blob",
  ]

  func touchesData(_ call: StorageCall) -> Bool {
    switch level {
    case .account, .queue, .tables, .table: false
    // Metadata of blobs are their customer's data too.
    case .container: name == "List Blobs" && call.request.query["include"]?.lowercased().contains("metadata") ?? false
    case .entities: comp == nil
    case .blob, .messages, .message, .entity, .tableBatch, .page: !Self.keyless.contains(name)
    }
  }
}
