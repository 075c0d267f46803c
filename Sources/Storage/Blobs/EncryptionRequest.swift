internal import Base
internal import Keyring
internal import NIOHTTP1
internal import Records
internal import Wire

/// Under which key a request wants bytes sealed, or says that they are.
enum EncryptionRequest: Sendable {
  /// The container's default scope, or the account's key.
  case unsaid
  case customer(ProvidedKey)
  case scope(String)

  init(_ call: StorageCall) throws(CloudError) {
    let scope = call.header("x-ms-encryption-scope")
    guard let key = try ProvidedKey(call) else {
      self = scope.map { $0 == EncryptionScope.account ? .unsaid : .scope($0) } ?? .unsaid
      return
    }
    if let scope { throw StorageError.unsupportedHeader("x-ms-encryption-scope", scope) }
    self = .customer(key)
  }

  var customerKey: ProvidedKey? {
    if case .customer(let key) = self { key } else { nil }
  }

  // MARK: New content

  /// What a blob that is written in a container is encrypted with.
  func encryption(in container: Container) -> BlobEncryption {
    switch self {
    case .customer(let key): .customer(sha256: key.sha256)
    case .scope(let name): .scope(name)
    case .unsaid: container.defaultScope.map { .scope($0) } ?? .account
    }
  }

  /// Throws where the container wants its own scope and no other.
  func require(allowedIn container: Container) throws(CloudError) {
    guard container.deniesOtherScopes, encryption(in: container) != container.defaultScope.map({ .scope($0) }) ?? .account else { return }
    throw StorageError.forbiddenByContainerEncryptionPolicy
  }

  /// The key for new content in a container. Throws where the container or the scope forbids it.
  func key(in container: Container, _ account: StorageAccount, _ reader: any RecordReader) throws -> BlobKey {
    try require(allowedIn: container)
    return try BlobKey(encryption(in: container), customerKey, account, in: reader)
  }

  // MARK: Content that is there

  /// Throws unless a reader brought the key that the blob needs. A scope needs none.
  func requireRead(_ blob: Blob) throws(CloudError) {
    switch (blob.encryption, self) {
    case (.customer(let digest), .customer(let key)): if key.sha256 != digest { throw StorageError.customerEncryptionMismatch }
    case (.customer, _): throw StorageError.usesCustomerEncryption
    case (_, .customer): throw StorageError.doesNotUseCustomerEncryption
    default: break
    }
  }

  /// The key for what is added to a blob. Throws unless the request named the one under which the blob is.
  func key(of blob: Blob, _ account: StorageAccount, in reader: any RecordReader) throws -> BlobKey {
    try requireWrite(blob)
    return try BlobKey(blob.encryption, customerKey, account, in: reader)
  }

  /// Throws unless what changes the blob named the key or scope under which it is. The container's default scope goes without saying.
  func requireWrite(_ blob: Blob) throws(CloudError) {
    try requireRead(blob)
    guard case .scope(let name) = blob.encryption else {
      if case .scope = self { throw StorageError.doesNotUseCustomerEncryption }
      return
    }
    switch self {
    case .scope(name): return
    case .unsaid where blob.terms.defaultScope == name: return
    case .scope: throw StorageError.customerEncryptionMismatch
    case .unsaid, .customer: throw StorageError.usesCustomerEncryption
    }
  }
}

/// The key under which bytes of a blob are sealed.
struct BlobKey: Sendable {
  let encryption: BlobEncryption
  /// The account's, or the scope's.
  let dataKey: DataKeyID
  /// What the customer brought: without it, the data key opens nothing.
  let customerKey: ProvidedKey?

  /// The account's own.
  init(_ account: StorageAccount) {
    (encryption, dataKey, customerKey) = (.account, account.dataKey, nil)
  }

  /// Throws where a scope is not there or disabled, and where a customer's key is needed and is not this one.
  init(_ encryption: BlobEncryption, _ customerKey: ProvidedKey?, _ account: StorageAccount, in reader: any RecordReader) throws {
    self.encryption = encryption
    switch encryption {
    case .account:
      dataKey = account.dataKey
      self.customerKey = nil
    case .scope(let name):
      dataKey = try EncryptionScope.require(name, of: account, in: reader).dataKey
      self.customerKey = nil
    case .customer(let digest):
      guard let customerKey else { throw StorageError.usesCustomerEncryption }
      guard customerKey.sha256 == digest else { throw StorageError.customerEncryptionMismatch }
      dataKey = account.dataKey
      self.customerKey = customerKey
    }
  }
}

extension BlobEncryption {
  /// What the answer to a write says.
  func addRequestState(to headers: inout HTTPHeaders) {
    headers.replaceOrAdd(name: "x-ms-request-server-encrypted", value: "true")
    addKey(to: &headers)
  }

  /// The digest of the customer's key, or the scope.
  func addKey(to headers: inout HTTPHeaders) {
    switch self {
    case .account: break
    case .customer(let digest): headers.add(name: "x-ms-encryption-key-sha256", value: Base64.encode(digest))
    case .scope(let name): headers.add(name: "x-ms-encryption-scope", value: name)
    }
  }
}
