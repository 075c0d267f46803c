internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

extension StorageAuthenticator {
  /// How far a request's date may be from the platform's clock, in seconds.
  ///
  /// Source: Microsoft, "Authorize with Shared Key": "no older than 15 minutes".
  static let maximumDateSkewSeconds: Int64 = 15 * 60

  /// Checks `<account>:<signature>` of an `Authorization` header of the scheme `SharedKey` or `SharedKeyLite`.
  func sharedKey(_ context: UnauthenticatedRequest, _ value: String, isLite: Bool) throws -> StorageCredential {
    let account = context.account.account
    let halves = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, !halves[0].isEmpty, !halves[1].isEmpty else { throw StorageError.invalidAuthenticationInfo }
    guard halves[0] == account.name else { throw StorageError.authenticationFailed() }
    try checkDate(context)
    guard account.allowsSharedKey else { throw StorageError.keyBasedAuthenticationNotPermitted }
    let request = SharedKey.SignedRequest(
      method: context.request.method.rawValue, path: context.request.path, query: context.request.query,
      headers: context.request.headers.map { ($0.name, $0.value) }, account: account.name, version: context.version ?? StorageVersion.newest)
    let signature = String(halves[1])
    let texts = Self.stringsToSign(request, context.target.service, isLite: isLite)
    for text in texts {
      for key in context.account.keys where SharedKey.isValid(signature: signature, of: text, key: key) {
        return keyHolder(context)
      }
    }
    throw StorageError.authenticationFailed(
      "The MAC signature found in the HTTP request '\(signature)' is not the same as any computed signature. "
        + "Server used following string to sign: '\(Self.masked(texts.first ?? ""))'.")
  }

  /// The strings that a client may have signed: it may sort headers in either of two orders, and for tables it signs none of them.
  private static func stringsToSign(_ request: SharedKey.SignedRequest, _ service: StorageService, isLite: Bool) -> some Collection<String> {
    let orders: [SharedKey.HeaderOrder] = service == .table ? [.bytewise] : [.collated, .bytewise]
    return orders.lazy.map { order in
      switch (service, isLite) {
      case (.table, true): SharedKey.tableLiteStringToSign(request)
      case (.table, false): SharedKey.tableStringToSign(request)
      case (_, true): SharedKey.liteStringToSign(request, order: order)
      case (_, false): SharedKey.stringToSign(request, order: order)
      }
    }
  }

  /// The headers whose values open something.
  private static let secretHeaders: Set<String> = ["x-ms-encryption-key", "x-ms-source-encryption-key", "x-ms-copy-source-authorization"]

  /// A string to sign as an answer may repeat it.
  static func masked(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard let colon = line.firstIndex(of: ":"), secretHeaders.contains(line[..<colon].lowercased()) else { return line }
      return line[...colon] + "XXXXX"
    }.joined(separator: "\n")
  }

  /// Whoever has one of the account's keys.
  func keyHolder(_ context: UnauthenticatedRequest) -> StorageCredential {
    let account = context.account.account
    let principal = Principal(kind: .accountKey(scope: context.account.path), tenant: account.tenant, name: account.name)
    return StorageCredential(principal: principal, scope: scope(of: context))
  }

  private func checkDate(_ context: UnauthenticatedRequest) throws {
    let headers = context.request.headers
    guard let text = headers.first(name: "x-ms-date") ?? headers.first(name: "date") else {
      throw StorageError.authenticationFailed("The Date header in the request is incorrect.")
    }
    guard let date = Timestamp(httpDate: text) else { throw StorageError.authenticationFailed("The Date header in the request is incorrect.") }
    let skew = context.now.seconds - date.seconds
    guard skew <= Self.maximumDateSkewSeconds else { throw StorageError.authenticationFailed("Request date header too old: '\(text)'") }
    guard skew >= -Self.maximumDateSkewSeconds else {
      throw StorageError.authenticationFailed("The Date header in the request is incorrect.")
    }
  }
}
