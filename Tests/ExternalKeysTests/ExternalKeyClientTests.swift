import Base
import ExternalKeys
import Logging
import NIOCore
import Synchronization
import Testing
import Wire

/// The way to an external key manager: nothing but a good answer of the right server is one.
struct ExternalKeyClientTests {
  private static let host = "localhost"
  private static let secret = [UInt8](repeating: 9, count: 32)
  private static let now = SystemClock().now()

  /// Two authorities, and what they sign: the customer's server and the platform's vault.
  private struct Sides {
    let customer: ExternalKeyAuthority
    let platform: ExternalKeyAuthority

    init() throws {
      customer = try ExternalKeyAuthority(name: "customer", now: now)
      platform = try ExternalKeyAuthority(name: "platform", now: now)
    }

    func server(_ name: String = host, lifetime: Duration = .seconds(3600)) throws -> ExternalKeyCertificate {
      try customer.server(name, lifetime: lifetime, now: now)
    }

    func client(
      port: Int, host: String = ExternalKeyClientTests.host, serverName: String? = nil, name: String = "vault1",
      trusting: ExternalKeyAuthority? = nil,
      signedBy: ExternalKeyAuthority? = nil, milliseconds: Int = 5000
    ) throws -> ExternalKeyClient {
      let connection = try #require(
        ExternalKeyConnection(
          host: "\(host):\(port)", pathPrefix: nil, authorities: [(trusting ?? customer).certificate], serverName: serverName))
      return ExternalKeyClient(
        connection, certificate: try (signedBy ?? platform).client(name, lifetime: .seconds(3600), now: now), callMilliseconds: milliseconds)
    }
  }

  /// Runs a customer's server while the body runs.
  private static func withServer(
    _ sides: Sides, _ certificate: ExternalKeyCertificate, _ body: (Int, ServiceFixture) async throws -> Void
  ) async throws {
    let fixture = try ServiceFixture()
    let listener = ExternalKeyListener(
      service: fixture.service, clients: [ExternalKeyClientName(commonName: "vault1", authorities: [sides.platform.certificate])],
      certificate: certificate, logger: Quiet.logger)
    let (ports, said) = AsyncStream.makeStream(of: Int.self)
    let running = Task { try await listener.run(address: "127.0.0.1", port: 0) { said.yield($0) } }
    defer { running.cancel() }
    var iterator = ports.makeAsyncIterator()
    try await body(try #require(await iterator.next()), fixture)
  }

  private static func isUnavailable(_ error: any Error) -> Bool {
    if case .unavailable? = error as? ExternalKeyError { true } else { false }
  }

  @Test func bothSidesShowTheirCertificatesAndTheKeyWorks() async throws {
    let sides = try Sides()
    try await Self.withServer(sides, try sides.server()) { port, fixture in
      let client = try sides.client(port: port)
      #expect(try await client.info(ServiceFixture.context(nil)).vendor == "Cocagne")
      for (key, algorithm) in [("aes", ExternalKeyAlgorithm.a256KW), ("rsa", .rsaOAEP256)] {
        #expect(try await client.kind(of: key, ServiceFixture.context()).defaultAlgorithm == algorithm)
        let wrapped = try await client.wrap(Self.secret, algorithm, key: key, ServiceFixture.context())
        #expect(try await client.unwrap(wrapped, algorithm, key: key, ServiceFixture.context()) == Self.secret)
      }
      await #expect(throws: ExternalKeyError.refused(code: "ReasonNotAllowed", message: "The policy does not allow this reason.")) {
        try await client.wrap(Self.secret, .a256KW, key: "aes", ServiceFixture.context("diskData"))
      }
      await #expect(throws: ExternalKeyError.keyNotFound(code: "KeyNotFound", message: "There is no key of this name.")) {
        try await client.wrap(Self.secret, .a256KW, key: "other", ServiceFixture.context())
      }
      #expect(try fixture.journal.allSatisfy { $0["client"] == "vault1" })
    }
  }

  @Test func aServerOfAnotherAuthorityOrNameOrTimeIsNotBelieved() async throws {
    let sides = try Sides()
    let stranger = try ExternalKeyAuthority(name: "customer", now: Self.now)
    let certificates = [
      try stranger.server(Self.host, lifetime: .seconds(3600), now: Self.now), try sides.server("elsewhere"),
      try sides.server(lifetime: .seconds(-60)),
    ]
    for certificate in certificates {
      try await Self.withServer(sides, certificate) { port, fixture in
        let client = try sides.client(port: port)
        await #expect { try await client.info(ServiceFixture.context(nil)) } throws: { Self.isUnavailable($0) }
        // What was to be told was told to nobody.
        #expect(try fixture.journal.isEmpty)
      }
    }
  }

  @Test func aServerMayBearAnotherNameThanItsHostWhereTheCustomerSaysSo() async throws {
    let sides = try Sides()
    try await Self.withServer(sides, try sides.server("keys.example.org")) { port, _ in
      #expect(try await sides.client(port: port, serverName: "keys.example.org").info(ServiceFixture.context(nil)).vendor == "Cocagne")
      let wildcard = try sides.client(port: port, serverName: "*.example.org")
      await #expect { try await wildcard.info(ServiceFixture.context(nil)) } throws: { Self.isUnavailable($0) }
    }
  }

  @Test func aVaultThatTheCustomerDoesNotKnowIsNotAnswered() async throws {
    let sides = try Sides()
    let stranger = try ExternalKeyAuthority(name: "platform", now: Self.now)
    try await Self.withServer(sides, try sides.server()) { port, fixture in
      let unknown = try sides.client(port: port, signedBy: stranger)
      await #expect { try await unknown.wrap(Self.secret, .a256KW, key: "aes", ServiceFixture.context()) } throws: { Self.isUnavailable($0) }
      #expect(try fixture.journal.isEmpty)
      let misnamed = try sides.client(port: port, name: "vault2")
      await #expect(
        throws: ExternalKeyError.refused(code: "Unauthorized", message: "The client's certificate is not one that is allowed here.")
      ) { try await misnamed.wrap(Self.secret, .a256KW, key: "aes", ServiceFixture.context()) }
      #expect(try fixture.journal.map { $0["code"]?.string } == ["Unauthorized"])
    }
  }

  private static let good = Base64URL.encode(secret)

  @Test(arguments: [
    ScriptedServer.http("200 OK", "{"), ScriptedServer.http("200 OK", "[]"), ScriptedServer.http("200 OK", "{}"),
    ScriptedServer.http("200 OK", #"{"value":""}"#), ScriptedServer.http("200 OK", #"{"value":"!!"}"#),
    ScriptedServer.http("200 OK", #"{"value":1}"#),
    ScriptedServer.http("200 OK", #"{"value":"\#(good)","value":"\#(good)"}"#),
    ScriptedServer.http("200 OK", #"{"value":"\#(String(repeating: "A", count: 6000))"}"#),
    ScriptedServer.http("200 OK", #"{"value":"\#(good)","more":"\#(String(repeating: "A", count: 20_000))"}"#),
    ScriptedServer.http("201 Created", #"{"value":"\#(good)"}"#), ScriptedServer.http("204 No Content", ""),
    ScriptedServer.http("302 Found", #"{"value":"\#(good)"}"#, "Location: https://localhost/\r\n"),
    ScriptedServer.http("500 Oops", #"{"code":"X","message":"y"}"#), ScriptedServer.http("503 Away", ""), "nonsense\r\n\r\n", "",
  ])
  func whateverIsNoGoodAnswerIsNone(_ answer: String) async throws {
    let sides = try Sides()
    let server = try await ScriptedServer(try sides.server(), [answer], closes: true)
    let client = try sides.client(port: server.port)
    await #expect { try await client.unwrap(Self.secret, .a256KW, key: "aes", ServiceFixture.context()) } throws: { Self.isUnavailable($0) }
    try await server.stop()
  }

  @Test(arguments: [
    (#"{"code":"KeyDisabled","message":"no\nmore"}"#, "KeyDisabled", "nomore"), (#"{"code":"<b>","message":1}"#, "Status403", ""),
    ("not JSON", "Status403", ""), (#"{"code":"\#(String(repeating: "A", count: 65))","message":"m"}"#, "Status403", "m"),
  ])
  func aRefusalIsTakenAtItsWordAsFarAsThatIsOne(_ body: String, _ code: String, _ message: String) async throws {
    let sides = try Sides()
    let server = try await ScriptedServer(try sides.server(), [ScriptedServer.http("403 Forbidden", body)])
    let client = try sides.client(port: server.port)
    await #expect(throws: ExternalKeyError.refused(code: code, message: message)) {
      try await client.unwrap(Self.secret, .a256KW, key: "aes", ServiceFixture.context())
    }
    try await server.stop()
  }

  @Test func aServerThatHasTooMuchToDoIsWaitedForWithinBounds() async throws {
    let sides = try Sides()
    for (header, seconds) in [("Retry-After: 7\r\n", 7), ("Retry-After: 999999\r\n", 3600), ("Retry-After: soon\r\n", 5), ("", 5)] {
      let server = try await ScriptedServer(try sides.server(), [ScriptedServer.http("429 Slow", "{}", header)])
      let client = try sides.client(port: server.port)
      await #expect(throws: ExternalKeyError.throttled(retryAfterSeconds: seconds)) {
        try await client.unwrap(Self.secret, .a256KW, key: "aes", ServiceFixture.context())
      }
      try await server.stop()
    }
  }

  @Test func anAnswerThatDoesNotComeOrDripsIsNoneInTime() async throws {
    let sides = try Sides()
    let drops = ScriptedServer.http("200 OK", #"{"value":"\#(Self.good)"}"#).map { String($0) }
    for (pieces, delay) in [([String](), TimeAmount.zero), (drops, .milliseconds(50))] {
      let server = try await ScriptedServer(try sides.server(), pieces, delay: delay)
      let client = try sides.client(port: server.port, milliseconds: 300)
      let begin = ContinuousClock.now
      await #expect { try await client.unwrap(Self.secret, .a256KW, key: "aes", ServiceFixture.context()) } throws: { Self.isUnavailable($0) }
      #expect(ContinuousClock.now - begin < .seconds(4))
      try await server.stop()
    }
  }

  @Test func aServerThatIsNotThereIsNoAnswer() async throws {
    let sides = try Sides()
    let server = try await ScriptedServer(try sides.server(), [])
    let port = server.port
    try await server.stop()
    let client = try sides.client(port: port)
    await #expect { try await client.info(ServiceFixture.context(nil)) } throws: { Self.isUnavailable($0) }
  }
}
