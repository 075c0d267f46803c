import Base
import ExternalKeys
import Foundation
import Simulation
import Testing
import Wire

func contents(of path: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self) }

/// The reference server's answers and its journal.
struct ExternalKeyServiceTests {
  private static let secret = [UInt8](repeating: 0xA7, count: 32)

  private static func value(_ bytes: [UInt8]) -> JSON { .string(Base64URL.encode(bytes)) }

  @Test(arguments: [("aes", "A256KW"), ("rsa", "RSA-OAEP-256")])
  func whatAKeyHasWrappedItUnwraps(_ key: String, _ algorithm: String) throws {
    let fixture = try ServiceFixture()
    let wrapped = fixture.ask("/\(key)/wrapkey", [("alg", .string(algorithm)), ("value", Self.value(Self.secret))])
    #expect(wrapped.status == 200)
    let value = try #require(wrapped.json["value"])
    #expect(value != Self.value(Self.secret))
    let opened = fixture.ask("/pre/fix/\(key)/unwrapkey", [("alg", .string(algorithm)), ("value", value)])
    #expect(opened.status == 200 && opened.json["value"] == Self.value(Self.secret))
  }

  @Test func everyRequestIsInTheJournalWithWhoAndWhatForAndNoValueOfIt() throws {
    let fixture = try ServiceFixture()
    let members: [(name: String, value: JSON)] = [("alg", "A256KW"), ("value", Self.value(Self.secret))]
    #expect(fixture.ask("/aes/wrapkey", members).status == 200)
    #expect(fixture.ask("/aes/wrapkey", members, reason: "diskData").status == 403)
    #expect(fixture.ask("/aes/wrapkey", members, client: nil).status == 401)
    #expect(fixture.ask("/nothing").status == 404)
    let journal = try fixture.journal
    #expect(journal.map { $0["outcome"]?.string } == ["answered", "refused", "refused", "refused"])
    #expect(journal.map { $0["code"]?.string } == [nil, "ReasonNotAllowed", "Unauthorized", "NotFound"])
    let context = ServiceFixture.context()
    #expect(journal[0]["reason"] == "storageData" && journal[0]["subject"] == "/subscriptions/1/a" && journal[0]["client"] == "vault1")
    #expect(journal[0]["caller"]?.string == context.caller?.description && journal[0]["request"]?.string == context.request?.description)
    #expect(journal[0]["correlation"]?.string == context.correlation.description && journal[1]["reason"] == "diskData")
    #expect(!(try fixture.journalText).contains(Base64URL.encode(Self.secret)))
  }

  @Test func aChangedPolicyCountsAtTheNextRequest() throws {
    let fixture = try ServiceFixture()
    let members: [(name: String, value: JSON)] = [("alg", "A256KW"), ("value", Self.value(Self.secret))]
    fixture.store.set(try KeyStoreTwin.policy(["diskData"]))
    #expect(fixture.ask("/aes/wrapkey", members).json["code"] == "ReasonNotAllowed")
    fixture.store.set(nil)
    #expect(fixture.ask("/aes/wrapkey", members).json["code"] == "PolicyUnreadable")
    fixture.store.set(try KeyStoreTwin.policy(["storageData"]))
    #expect(fixture.ask("/aes/wrapkey", members).status == 200)
  }

  @Test func whoStatesAReasonForMetadataHearsWhetherItIsAllowed() throws {
    let fixture = try ServiceFixture()
    #expect(fixture.ask("/aes/metadata").status == 200)
    #expect(fixture.ask("/aes/metadata", reason: "diskData").json["code"] == "ReasonNotAllowed")
    let described = fixture.ask("/rsa/metadata", reason: nil)
    #expect(described.status == 200 && described.json["key_type"] == "RSA" && described.json["key_size"] == 3072)
    #expect(fixture.ask("/other/metadata", reason: nil).json["code"] == "KeyNotFound")
  }

  @Test(arguments: [
    ("A256KWP", secret, 400, "UnsupportedAlgorithm"), ("RSA-OAEP-256", secret, 400, "UnsupportedAlgorithm"),
    ("none", secret, 400, "UnsupportedAlgorithm"),
    ("A256KW", [UInt8](repeating: 1, count: 15), 400, "InvalidRequest"), ("A256KW", [UInt8](repeating: 1, count: 17), 400, "InvalidRequest"),
    ("A256KW", [], 400, "InvalidRequest"), ("A256KW", [UInt8](repeating: 1, count: 5000), 400, "InvalidRequest"),
  ])
  func whatDoesNotFitTheKeyIsRefused(_ algorithm: String, _ value: [UInt8], _ status: Int, _ code: String) throws {
    let answer = try ServiceFixture().ask("/aes/wrapkey", [("alg", .string(algorithm)), ("value", Self.value(value))])
    #expect(answer.status == status && answer.json["code"]?.string == code)
  }

  @Test func whatAnotherKeyHasWrappedDoesNotOpen() throws {
    let (one, other) = (try ServiceFixture(), try ServiceFixture())
    for (key, algorithm) in [("aes", "A256KW"), ("rsa", "RSA-OAEP-256")] {
      let wrapped = try #require(one.ask("/\(key)/wrapkey", [("alg", .string(algorithm)), ("value", Self.value(Self.secret))]).json["value"])
      #expect(other.ask("/\(key)/unwrapkey", [("alg", .string(algorithm)), ("value", wrapped)]).json["code"] == "InvalidRequest")
    }
  }

  @Test func otherVersionsAndBodiesAreRefused() throws {
    let fixture = try ServiceFixture()
    #expect(fixture.ask("/info", query: "api-version=9").json["code"] == "UnsupportedApiVersion")
    #expect(fixture.ask("/info", query: "").json["code"] == "UnsupportedApiVersion")
    #expect(fixture.ask("/info").json["api_version"] == "0.1-preview")
    for body in ["", "[]", "{}", "{\"request_context\":1}", "{"] {
      let answer = fixture.service.answer(path: "/info", query: "api-version=0.1-preview", body: Array(body.utf8), client: "vault1")
      #expect(answer.status == 400 && answer.json["code"] == "InvalidRequest", "\(body)")
    }
    #expect(fixture.ask("/a%2Fb/metadata").json["code"] == "InvalidRequest")
  }

  @Test func aKeyThatIsReadBackIsTheSame() throws {
    for sort in [ExternalKeyMaterial.Sort.aes256, .rsa3072] {
      let key = try ExternalKeyMaterial(making: sort)
      let read = try #require(ExternalKeyMaterial(try JSON(parsing: key.json.bytes)))
      #expect(read.json == key.json && "\(read)" == "a key")
    }
    #expect(ExternalKeyMaterial(["type": "AES", "key": "AAAA"]) == nil && ExternalKeyMaterial(["type": "EC", "key": ""]) == nil)
  }
}
