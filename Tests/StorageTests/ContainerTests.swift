import Base
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct ContainerTests {
  private static let container = [(name: "restype", value: "container")]

  @Test func aContainerIsMadeReadChangedAndDeleted() async throws {
    let fixture = try await StorageFixture()
    let created = try await fixture.send(.PUT, "con", Self.container, [("x-ms-meta-Colour", "blue"), ("x-ms-blob-public-access", "blob")])
    #expect(created.status == 201)
    let etag = try #require(created["ETag"])
    #expect(etag.hasPrefix("\"0x8D") || etag.hasPrefix("\"0x8E"))
    #expect(created["Last-Modified"] == fixture.clock.now().httpDate)
    #expect(try await fixture.send(.PUT, "con", Self.container).code == "ContainerAlreadyExists")

    for method in [HTTPMethod.GET, .HEAD] {
      let read = try await fixture.send(method, "con", Self.container)
      #expect(read.status == 200)
      #expect(read["x-ms-meta-Colour"] == "blue")
      #expect(read["x-ms-blob-public-access"] == "blob")
      #expect(read["x-ms-lease-state"] == "available")
      #expect(read["ETag"] == etag)
    }
    fixture.clock.advance(by: .seconds(2))
    let changed = try await fixture.send(.PUT, "con", Self.container + [("comp", "metadata")], [("x-ms-meta-size", "9")])
    #expect(changed.status == 200)
    #expect(changed["ETag"] != etag)
    let metadata = try await fixture.send(.GET, "con", Self.container + [("comp", "metadata")])
    #expect(metadata["x-ms-meta-size"] == "9")
    #expect(metadata["x-ms-meta-Colour"] == nil)
    #expect(metadata["ETag"] == changed["ETag"])

    #expect(try await fixture.send(.DELETE, "con", Self.container).status == 202)
    #expect(try await fixture.send(.GET, "con", Self.container).code == "ContainerNotFound")
    #expect(try await fixture.send(.DELETE, "con", Self.container).status == 404)
  }

  @Test(arguments: [
    ("ab", "OutOfRangeInput"), (String(repeating: "a", count: 64), "OutOfRangeInput"), ("Upper", "InvalidResourceName"),
    ("two--dashes", "InvalidResourceName"), ("-lead", "InvalidResourceName"), ("trail-", "InvalidResourceName"),
    ("under_score", "InvalidResourceName"),
    ("dot.dot", "InvalidResourceName"), ("$other", "InvalidResourceName"),
  ])
  func aBadNameIsRefused(name: String, code: String) async throws {
    let answer = try await StorageFixture().send(.PUT, name, Self.container)
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test(arguments: ["abc", String(repeating: "a", count: 63), "a-b-c", "0zero", "$root", "$web"])
  func aGoodNameIsTaken(name: String) async throws {
    #expect(try await StorageFixture().send(.PUT, name, Self.container).status == 201)
  }

  @Test func accessPoliciesAreKept() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let acl = Self.container + [("comp", "acl")]
    let document = """
      <?xml version="1.0" encoding="utf-8"?><SignedIdentifiers>
      <SignedIdentifier><Id>one</Id><AccessPolicy><Start>2026-01-01T00:00:00Z</Start><Expiry>2027-01-01</Expiry><Permission>rl</Permission></AccessPolicy></SignedIdentifier>
      <SignedIdentifier><Id>two</Id></SignedIdentifier></SignedIdentifiers>
      """
    let set = try await fixture.send(.PUT, "con", acl, [("x-ms-blob-public-access", "container")], body: PiecesBody(Array(document.utf8)))
    #expect(set.status == 200, "\(set)")
    let get = try await fixture.send(.GET, "con", acl)
    #expect(get["x-ms-blob-public-access"] == "container")
    let identifiers = try get.xml().children
    #expect(try identifiers.map { try $0.at("Id").text } == ["one", "two"])
    let policy = try identifiers[0].at("AccessPolicy")
    #expect(try policy.at("Start").text == "2026-01-01T00:00:00.0000000Z")
    #expect(try policy.at("Expiry").text == "2027-01-01T00:00:00.0000000Z")
    #expect(try policy.at("Permission").text == "rl")
    // Without a body and a header everything is withdrawn.
    #expect(try await fixture.send(.PUT, "con", acl).status == 200)
    let cleared = try await fixture.send(.GET, "con", acl)
    #expect(try cleared.xml().children.isEmpty)
    #expect(cleared["x-ms-blob-public-access"] == nil)
  }

  @Test(arguments: [
    (
      "<SignedIdentifiers>" + String(repeating: "<SignedIdentifier><Id>x</Id></SignedIdentifier>", count: 6) + "</SignedIdentifiers>",
      "InvalidXmlDocument"
    ),
    ("<SignedIdentifiers><SignedIdentifier></SignedIdentifier></SignedIdentifiers>", "MissingRequiredXmlNode"),
    (
      "<SignedIdentifiers><SignedIdentifier><Id>x</Id><AccessPolicy><Permission>?</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>",
      "InvalidXmlNodeValue"
    ),
    (
      "<SignedIdentifiers><SignedIdentifier><Id>x</Id><AccessPolicy><Expiry>soon</Expiry></AccessPolicy></SignedIdentifier></SignedIdentifiers>",
      "InvalidXmlNodeValue"
    ),
    ("<!DOCTYPE x [<!ENTITY a 'b'>]><SignedIdentifiers/>", "InvalidXmlDocument"), ("<Signed", "InvalidXmlDocument"),
  ])
  func aBadAccessPolicyIsRefused(document: String, code: String) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let answer = try await fixture.send(.PUT, "con", Self.container + [("comp", "acl")], body: PiecesBody(Array(document.utf8)))
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test func containersAreListedByPrefixAndPage() async throws {
    let fixture = try await StorageFixture()
    for name in ["alpha", "beta-1", "beta-2", "beta-3", "gamma"] {
      #expect(try await fixture.send(.PUT, name, Self.container, [("x-ms-meta-name", name)]).status == 201)
    }
    let all = try await fixture.send(.GET, "", [("comp", "list"), ("include", "metadata")]).xml()
    let containers = try all.at("Containers").children
    #expect(try containers.map { try $0.at("Name").text } == ["alpha", "beta-1", "beta-2", "beta-3", "gamma"])
    #expect(try containers[1].at("Metadata", "name").text == "beta-1")
    #expect(try containers[1].at("Properties", "Etag").text.hasPrefix("\"0x8"))
    #expect(try all.at("NextMarker").text.isEmpty)
    var names: [String] = []
    var marker = ""
    repeat {
      let page = try await fixture.send(.GET, "", [("comp", "list"), ("prefix", "beta"), ("maxresults", "2"), ("marker", marker)]).xml()
      names += try page.at("Containers").children.map { try $0.at("Name").text }
      marker = try page.at("NextMarker").text
    } while !marker.isEmpty
    #expect(names == ["beta-1", "beta-2", "beta-3"])
  }

  @Test(arguments: [
    ([("maxresults", "0")], "OutOfRangeQueryParameterValue"), ([("maxresults", "many")], "InvalidQueryParameterValue"),
    ([("marker", "?")], "OutOfRangeInput"), ([("include", "secrets")], "InvalidQueryParameterValue"),
  ])
  func badListParametersAreRefused(parameters: [(String, String)], code: String) async throws {
    let fixture = try await StorageFixture()
    #expect(try await fixture.send(.GET, "", [("comp", "list")] + parameters.map { (name: $0.0, value: $0.1) }).code == code)
  }

  @Test(arguments: [
    ([("x-ms-meta-", "x")], "EmptyMetadataKey"), ([("x-ms-meta-a-b", "x")], "InvalidMetadata"), ([("x-ms-meta-1a", "x")], "InvalidMetadata"),
    ([("x-ms-meta-a", "caf\u{E9}")], "InvalidMetadata"), ([("x-ms-meta-a", String(repeating: "x", count: 8192))], "MetadataTooLarge"),
    ([("x-ms-blob-public-access", "everyone")], "InvalidHeaderValue"),
  ])
  func badHeadersAreRefused(headers: [(String, String)], code: String) async throws {
    let answer = try await StorageFixture().send(.PUT, "con", Self.container, headers)
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test func conditionsGuardAContainer() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let now = fixture.clock.now().httpDate
    let before = fixture.clock.now().advanced(by: .seconds(-10)).httpDate
    #expect(try await fixture.send(.DELETE, "con", Self.container, [("If-Unmodified-Since", before)]).code == "ConditionNotMet")
    #expect(try await fixture.send(.DELETE, "con", Self.container, [("If-Modified-Since", now)]).status == 412)
    #expect(
      try await fixture.send(.DELETE, "con", Self.container, [("x-ms-lease-id", GUID(high: 1, low: 2).description)]).code
        == "LeaseNotPresentWithContainerOperation")
    #expect(try await fixture.send(.DELETE, "con", Self.container, [("If-Unmodified-Since", now)]).status == 202)
  }

  @Test func aContainerMadeAgainIsEmptyAndTheOldBlobsArePurged() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let records = try await fixture.count("storage.")
    let extents = try await fixture.count("extent")
    for index in 0..<150 { #expect(try await fixture.put("con/small\(index)", fixture.bytes(100)).status == 201) }
    for index in 0..<3 { #expect(try await fixture.put("con/large\(index)", fixture.bytes(40_000)).status == 201) }
    #expect(try await fixture.putBlock("con/blocks", "a", fixture.bytes(10)).status == 201)
    #expect(try await fixture.send(.DELETE, "con", Self.container).status == 202)
    try await fixture.makeContainer()
    #expect(try await fixture.send(.GET, "con/small1").code == "BlobNotFound")
    let list = try await fixture.send(.GET, "con", Self.container + [("comp", "list"), ("include", "uncommittedblobs")]).xml()
    #expect(try list.at("Blobs").children.isEmpty)
    #expect(try await fixture.put("con/kept", fixture.bytes(10)).status == 201)
    #expect(try await fixture.count("storage.") > records + 300)
    try await fixture.purge()
    #expect(try await fixture.send(.GET, "con/kept").status == 200)
    #expect(try await fixture.send(.DELETE, "con/kept").status == 202)
    #expect(try await fixture.count("storage.") == records)
    #expect(try await fixture.count("extent") == extents)
  }
}
