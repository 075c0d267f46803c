import Declarations
import SecNumCloud
import Testing

struct CryptographicProfileTests {
  private static func profile(_ day: String) throws -> CryptographicProfile { CryptographicProfile(on: try #require(CalendarDate(day))) }

  @Test(arguments: [
    ("2026-01-01", CryptographicProfile.Measure.modulus, 2048, CryptographicProfile.Standing.permitted), ("2030-12-31", .modulus, 2048, .permitted),
    ("2031-01-01", .modulus, 2048, .refused), ("2031-01-01", .modulus, 3072, .recommended), ("2026-01-01", .modulus, 1024, .refused),
    ("2025-12-31", .symmetricKey, 112, .permitted), ("2026-01-01", .symmetricKey, 112, .refused), ("2026-01-01", .symmetricKey, 256, .recommended),
    ("2026-01-01", .block, 64, .refused), ("2026-01-01", .curveOrder, 224, .refused), ("2026-01-01", .randomState, 128, .permitted),
  ])
  func `a size is judged by the day`(_ row: (String, CryptographicProfile.Measure, Int, CryptographicProfile.Standing)) throws {
    #expect(try Self.profile(row.0).standing(row.1, bits: row.2) == row.3)
  }

  @Test(arguments: ["1999-01-01", "2025-12-31", "2026-01-01", "2030-12-31", "2031-01-01", "2099-12-31"])
  func `every day has one line for every measure`(_ text: String) throws {
    let profile = try Self.profile(text)
    for measure in CryptographicProfile.Measure.allCases {
      let line = profile.line(measure)
      #expect(line.rule <= line.recommendation)
      #expect(
        CryptographicProfile.lines.count {
          $0.measure == measure && ($0.from.map { $0 <= profile.day } ?? true) && ($0.until.map { profile.day <= $0 } ?? true)
        } == 1)
    }
  }

  @Test(arguments: [
    ("aes-256-gcm", CryptographicProfile.Standing.recommended), ("aes-256-xts", .recommended), ("aes-128-gcm", .recommended),
    ("aes-256-cbc", .refused),
    ("aes-256-ecb", .refused), ("serpent-256-xts", .refused), ("aes-64-gcm", .refused), ("", .refused),
  ])
  func `ciphers are those that authenticate, and XTS`(_ row: (String, CryptographicProfile.Standing)) throws {
    #expect(try Self.profile("2026-06-01").standing(cipher: row.0) == row.1)
  }

  @Test func `digests with known attacks, curves with a cofactor and early versions of TLS stand lower`() throws {
    let profile = try Self.profile("2026-06-01")
    #expect(profile.standing(digest: "SHA-256") == .recommended)
    #expect(profile.standing(digest: "sha512") == .recommended)
    #expect(profile.standing(digest: "sha1") == .refused)
    #expect(profile.standing(digest: "md5") == .refused)
    #expect(profile.standing(.secp384r1) == .recommended)
    #expect(profile.standing(.curve25519) == .permitted)
    #expect(profile.standing(TLSVersion.tls13) == .recommended)
    #expect(profile.standing(TLSVersion.tls12) == .permitted)
    #expect(profile.standing(TLSVersion.tls11) == .refused)
    #expect(profile.standing(suite: "ECDHE-ECDSA-AES256-GCM-SHA384") == .recommended)
    #expect(profile.standing(suite: "ECDHE-RSA-CHACHA20-POLY1305") == .permitted)
    #expect(profile.standing(suite: "AES256-GCM-SHA384") == .refused)
  }
}
