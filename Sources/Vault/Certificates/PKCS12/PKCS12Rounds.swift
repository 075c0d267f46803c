internal import SwiftASN1

/// The rounds of key derivation that a file may still ask for: whoever sends it chooses how many derivations there are, and how long each takes.
struct PKCS12Rounds {
  private var left = CertificateLimits.maximumFileRounds

  /// Throws `PKCS12Error.unsupported` beyond a bound.
  mutating func take(_ node: ASN1Node) throws -> Int {
    let rounds = try Int(derEncoded: node)
    guard (1...CertificateLimits.maximumRounds).contains(rounds) else { throw PKCS12Error.unsupported("\(rounds) rounds") }
    try take(rounds)
    return rounds
  }

  mutating func take(_ rounds: Int) throws {
    guard rounds <= left else { throw PKCS12Error.unsupported("more than \(CertificateLimits.maximumFileRounds) rounds in all") }
    left -= rounds
  }
}
