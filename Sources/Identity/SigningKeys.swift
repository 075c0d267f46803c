package import Base
package import CryptoExtras
internal import Synchronization
package import Wire

/// The signing keys in memory: which one signs now, which ones tokens may still be signed by.
package final class SigningKeys: Sendable {
  package struct Entry: Sendable {
    package let record: SigningKey
    package let privateKey: _RSA.Signing.PrivateKey
    let publicKey: _RSA.Signing.PublicKey
  }

  /// Ordered by `signsFrom`.
  private let entries = Mutex<[Entry]>([])

  func replace(with entries: [Entry]) {
    self.entries.withLock { $0 = entries.sorted { $0.record.signsFrom < $1.record.signsFrom } }
  }

  /// The youngest key whose time to sign has come.
  package func current(at now: Timestamp) -> Entry? {
    entries.withLock { entries in entries.last { $0.record.signsFrom <= now } }
  }

  /// The youngest key, whether it signs already or not.
  var newest: Entry? { entries.withLock { $0.last } }

  /// The key of a token, as long as it is in the key set.
  package func publicKey(_ id: String, at now: Timestamp) -> _RSA.Signing.PublicKey? {
    published(at: now).first { $0.record.id == id }?.publicKey
  }

  /// Keys that sign, will sign, or have signed tokens that are still good.
  func published(at now: Timestamp) -> [Entry] {
    entries.withLock { entries in entries.enumerated().filter { !Self.isRetired($0.offset, in: entries.map(\.record), at: now) }.map(\.element) }
  }

  /// Whether everything that a key signed has expired. `records` are ordered by `signsFrom`.
  static func isRetired(_ index: Int, in records: [SigningKey], at now: Timestamp) -> Bool {
    guard index + 1 < records.count else { return false }
    let lastToken = records[index + 1].signsFrom.advanced(by: .seconds(IdentityLimits.accessTokenSeconds))
    return lastToken.advanced(by: .seconds(IdentityLimits.clockSkewSeconds)) < now
  }

  /// The key set (RFC 7517).
  package func keySet(at now: Timestamp, issuer: String) -> JSON {
    [
      "keys": .array(
        published(at: now).map { entry in
          [
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": .string(entry.record.id), "n": .string(entry.record.modulus),
            "e": .string(entry.record.exponent), "issuer": .string(issuer),
          ]
        })
    ]
  }
}
