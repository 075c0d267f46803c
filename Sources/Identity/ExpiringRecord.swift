internal import Base
internal import Records

/// A record that means nothing after an instant, from which on a sweep removes it.
protocol ExpiringRecord: Record {
  var expires: Timestamp { get }
}

extension ExpiringRecord {
  static var expiryIndexName: String { "identity.expiry" }

  /// Filed under the platform, in the order of expiry.
  var expiryIndex: RecordIndex {
    let digits = String(max(0, expires.seconds))
    return RecordIndex(Self.expiryIndexName, String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits, tenant: .zero)
  }
}

extension IdentityService {
  /// Removes sign-ins, codes and marks of used assertions that have expired.
  func removeExpired() async throws {
    try await removeExpired(RefreshToken.self)
    try await removeExpired(DeviceAuthorization.self)
    try await removeExpired(AuthorizationCode.self)
    try await removeExpired(AssertionUse.self)
  }

  private func removeExpired<R: ExpiringRecord>(_ type: R.Type) async throws {
    let now = clock.now()
    let batch = 256
    var removed = batch
    while removed == batch {
      removed = try await records.write { transaction in
        let due = try transaction.list(type, index: R.expiryIndexName, [], tenant: .zero, limit: batch).prefix { $0.expires <= now }
        for record in due { try transaction.remove(type, record.key) }
        return due.count
      }
    }
  }
}
