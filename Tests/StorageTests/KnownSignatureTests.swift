import Base
import NIOHTTP1
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

/// A signature that was found good once is asked again what it is for, from where, and whether it still holds.
@Suite struct KnownSignatureTests {
  private func read(
    _ fixture: AccountFixture, _ signature: String, _ path: String = "/con/b", from address: String = "127.0.0.1"
  ) async throws -> Answer {
    try await fixture.send(fixture.request(.GET, path, signature, from: address))
  }

  @Test func itIsForTheSamePlaceOnly() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let blob = try fixture.signature([("sr", "b"), ("sp", "r")], container: "con", blob: "b", key: keys[0])
    let container = try fixture.signature([("sr", "c"), ("sp", "r")], container: "con", key: keys[0])
    for _ in 0..<2 {
      #expect(try await read(fixture, blob).code == "BlobNotFound")
      #expect(try await read(fixture, blob, "/con/c").code == "AuthenticationFailed")
      #expect(try await read(fixture, blob, "/other/b").code == "AuthenticationFailed")
      #expect(try await read(fixture, container).code == "BlobNotFound")
      #expect(try await read(fixture, container, "/con/c").code == "BlobNotFound")
      #expect(try await read(fixture, container, "/other/b").code == "AuthenticationFailed")
    }
  }

  @Test func noOtherFieldsGoWithIt() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let signature = try fixture.signature([("ss", "b"), ("srt", "o"), ("sp", "r")], key: keys[0])
    #expect(try await read(fixture, signature).code == "BlobNotFound")
    for (field, other) in [("sp=r", "sp=rwd"), ("srt=o", "srt=sco"), ("ss=b", "ss=bqt"), ("sv=2025-05-05", "sv=2024-05-04")] {
      let changed = signature.replacing(field, with: other)
      #expect(changed != signature)
      #expect(try await read(fixture, changed).code == "AuthenticationFailed", "\(other)")
    }
    #expect(try await read(fixture, signature.replacing("se=20", with: "se=21")).code == "AuthenticationFailed")
    #expect(try await fixture.send(fixture.request(.DELETE, "/con/b", signature)).code == "AuthorizationPermissionMismatch")
  }

  @Test func itHoldsForItsTimeAndItsAddressesOnly() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let end = fixture.clock.now().advanced(by: .seconds(60)).iso8601
    let signature = try fixture.signature([("sr", "b"), ("sp", "r"), ("sip", "10.0.0.5"), ("se", end)], container: "con", blob: "b", key: keys[0])
    for _ in 0..<2 {
      #expect(try await read(fixture, signature, from: "10.0.0.5").code == "BlobNotFound")
      #expect(try await read(fixture, signature, from: "10.0.0.6").code == "AuthorizationSourceIPMismatch")
    }
    fixture.clock.advance(by: .seconds(59))
    #expect(try await read(fixture, signature, from: "10.0.0.5").code == "BlobNotFound")
    fixture.clock.advance(by: .seconds(1))
    #expect(try await read(fixture, signature, from: "10.0.0.5").code == "AuthenticationFailed")
  }

  @Test func itEndsWithItsKeyAndWithTheUseOfKeys() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let signatures = try keys.map { try fixture.signature([("sr", "b"), ("sp", "r")], container: "con", blob: "b", key: $0) }
    for signature in signatures { #expect(try await read(fixture, signature).code == "BlobNotFound") }
    _ = try await fixture.act("regenerateKey", resource, ["keyName": "key1"])
    #expect(try await read(fixture, signatures[0]).code == "AuthenticationFailed")
    #expect(try await read(fixture, signatures[1]).code == "BlobNotFound")
    try await fixture.put(resource.id, ["properties": ["allowSharedKeyAccess": false]], .patch)
    #expect(try await read(fixture, signatures[1]).code == "KeyBasedAuthenticationNotPermitted")
  }

  @Test func moreOfThemThanAreKeptAreAllGood() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let names = (0..<600).map { "b\($0)" }
    for name in names + names.reversed() {
      let signature = try fixture.signature([("sr", "b"), ("sp", "r")], container: "con", blob: name, key: keys[0])
      #expect(try await read(fixture, signature, "/con/\(name)").code == "BlobNotFound")
      #expect(try await read(fixture, signature, "/con/\(name)x").code == "AuthenticationFailed")
    }
  }
}
