internal import Base
internal import Edge
internal import Wire

/// Whether a request may come to an account at all, by the connection that it came on and the address that it came from. It is asked before anybody
/// is asked who they are.
enum Admission {
  /// `isInternal` is for other services of this cloud that ask for the account's own tenant. Throws what the request is refused with.
  static func require(_ request: EdgeRequest, _ account: StorageAccount, isInternal: Bool) async throws(CloudError) {
    let isDevelopment = request.connection.portService != nil
    guard (account.name == DevelopmentStorage.accountName) == isDevelopment else { throw StorageError.resourceNotFound }
    if isInternal {
      guard account.networkRules?.admitsServices ?? true else { throw StorageError.authorizationFailure }
      return
    }
    guard request.connection.isSecure || !(account.requiresHTTPS ?? true) else { throw StorageError.accountRequiresHTTPS }
    if account.minimumTLSVersion == "TLS1_3", request.connection.isSecure {
      guard await request.connection.security() >= .tls13 else { throw StorageError.tlsVersionNotPermitted }
    }
    guard account.networkRules?.admits(request.remoteAddress) ?? true else { throw StorageError.authorizationFailure }
  }
}
