import Base
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct BlobListTests {
  private struct Page {
    var items: [String]
    var marker: String
  }

  /// Prefixes stand in angle brackets.
  private static func page(_ fixture: StorageFixture, _ query: [(String, String)]) async throws -> Page {
    let all = [("restype", "container"), ("comp", "list")] + query
    let answer = try await fixture.send(.GET, "con", all.map { (name: $0.0, value: $0.1) })
    #expect(answer.status == 200, "\(answer)")
    let document = try answer.xml()
    let items = try document.at("Blobs").children.map { item in
      let name = try item.at("Name")
      let isEncoded = name.attributes.contains { $0.name == "Encoded" && $0.value == "true" }
      let text = isEncoded ? try #require(percentDecoded(name.text)) : name.text
      return item.name == "BlobPrefix" ? "<\(text)>" : text
    }
    return Page(items: items, marker: try document.at("NextMarker").text)
  }

  private static func all(_ fixture: StorageFixture, _ query: [(String, String)], size: Int) async throws -> [String] {
    var items: [String] = []
    var marker = ""
    repeat {
      let page = try await page(fixture, query + [("maxresults", String(size)), ("marker", marker)])
      #expect(page.items.count == size || page.marker.isEmpty)
      #expect(!page.items.isEmpty || page.marker.isEmpty)
      items += page.items
      marker = page.marker
    } while !marker.isEmpty
    return items
  }

  @Test func aFlatListIsInTheOrderOfUTF8() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let names = ["a", "a/b", "a0", "B", "é", "e\u{301}", "\u{10FFFF}", "\u{FFFD}", "日本", "a-b", "\u{FFFE}x", "zz"]
    for name in names { #expect(try await fixture.put("con/\(name)", [1]).status == 201) }
    let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for size in [1, 3, 5000] {
      let listed = try await Self.all(fixture, [], size: size)
      #expect(listed.map { Array($0.utf8) } == sorted.map { Array($0.utf8) })
    }
  }

  @Test func aNameThatXMLCannotSayIsEncoded() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a\u{FFFF}/b", [1])
    let flat = try await fixture.send(.GET, "con", [("restype", "container"), ("comp", "list")])
    #expect(flat.text.contains("<Name Encoded=\"true\">a%EF%BF%BF%2Fb</Name>"))
    let tree = try await fixture.send(.GET, "con", [("restype", "container"), ("comp", "list"), ("delimiter", "/")])
    #expect(tree.text.contains("<BlobPrefix><Name Encoded=\"true\">a%EF%BF%BF%2F</Name></BlobPrefix>"))
  }

  @Test func aDelimiterDrawsNamesTogether() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    for name in ["a", "d/1", "d/2", "d/e/3", "d0", "f/", "f/x", "g"] { try await fixture.put("con/\(name)", [1]) }
    for size in [1, 2, 100] {
      #expect(try await Self.all(fixture, [("delimiter", "/")], size: size) == ["a", "<d/>", "d0", "<f/>", "g"])
      #expect(try await Self.all(fixture, [("delimiter", "/"), ("prefix", "d/")], size: size) == ["d/1", "d/2", "<d/e/>"])
      #expect(try await Self.all(fixture, [("delimiter", "/"), ("prefix", "d")], size: size) == ["<d/>", "d0"])
      #expect(try await Self.all(fixture, [("delimiter", "/"), ("prefix", "f/")], size: size) == ["f/", "f/x"])
      #expect(try await Self.all(fixture, [("prefix", "d/")], size: size) == ["d/1", "d/2", "d/e/3"])
      #expect(try await Self.all(fixture, [("prefix", "none")], size: size) == [])
      #expect(try await Self.all(fixture, [("delimiter", "/e/")], size: size) == ["a", "d/1", "d/2", "<d/e/>", "d0", "f/", "f/x", "g"])
    }
  }

  /// Against a model, over names in which delimiters and prefixes collide often.
  @Test(arguments: 1...4)
  func listsAgreeWithAModel(seed: Int) async throws {
    let fixture = try await StorageFixture(seed: UInt64(seed))
    try await fixture.makeContainer()
    var names: Set<String> = []
    for _ in 0..<200 { names.insert(fixture.random.text(1 + fixture.random.number(below: 5), from: Array("a/bé".utf8.prefix(3)))) }
    for name in names where name != "/" { try await fixture.put("con/\(name)", [1]) }
    names.remove("/")
    for prefix in ["", "a", "a/", "/", "b/a", "//"] {
      for delimiter in ["", "/", "a"] {
        var expected: [String] = []
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) where name.hasPrefix(prefix) {
          let rest = name.dropFirst(prefix.count)
          let item = delimiter.isEmpty ? name : rest.firstIndex(of: Character(delimiter)).map { "<\(prefix)\(rest[...$0])>" } ?? name
          if expected.last != item { expected.append(item) }
        }
        let size = 1 + fixture.random.number(below: 40)
        let listed = try await Self.all(fixture, [("prefix", prefix), ("delimiter", delimiter)], size: size)
        #expect(listed == expected, "prefix \(prefix) delimiter \(delimiter) size \(size) seed \(seed)")
      }
    }
  }

  @Test func aListSaysWhatIsKnownOfEachBlob() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a&b", [1, 2, 3], [("x-ms-blob-content-type", "text/plain"), ("x-ms-meta-k", "<v>")])
    try await fixture.putBlock("con/u", "a", [1])
    try await fixture.putBlock("con/a&b", "a", [1])
    let head = try await fixture.send(.HEAD, "con/a&b")
    let answer = try await fixture.send(
      .GET, "con", [("restype", "container"), ("comp", "list"), ("include", "metadata,uncommittedblobs"), ("prefix", "a"), ("maxresults", "7")])
    let document = try answer.xml()
    #expect(document.name == "EnumerationResults")
    #expect(document.attributes.contains { $0.name == "ServiceEndpoint" && $0.value == "https://acct.blob.core.cloud.test/" })
    #expect(document.attributes.contains { $0.name == "ContainerName" && $0.value == "con" })
    #expect(try document.at("Prefix").text == "a")
    #expect(try document.at("MaxResults").text == "7")
    let blobs = try document.at("Blobs").children
    #expect(blobs.count == 1)
    let properties = try blobs[0].at("Properties")
    #expect(try properties.at("Content-Length").text == "3")
    #expect(try properties.at("Content-Type").text == "text/plain")
    #expect("\"\(try properties.at("Etag").text)\"" == head["ETag"])
    #expect(try properties.at("Last-Modified").text == head["Last-Modified"])
    #expect(try properties.at("Content-MD5").text == head["Content-MD5"])
    #expect(try properties.at("BlobType").text == "BlockBlob")
    #expect(try blobs[0].at("Metadata", "k").text == "<v>")
    let everything = try await Self.page(fixture, [("include", "uncommittedblobs")])
    #expect(everything.items == ["a&b", "u"])
    #expect(try await Self.page(fixture, []).items == ["a&b"])
  }

  @Test func aListOfWhatIsNotThereIsNotFound() async throws {
    let fixture = try await StorageFixture()
    #expect(try await fixture.send(.GET, "con", [("restype", "container"), ("comp", "list")]).code == "ContainerNotFound")
  }

  @Test func accountsDoNotSeeOneAnother() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    try await fixture.makeAccount("other")
    #expect(try await fixture.send(.GET, "con/a", account: "other").code == "ContainerNotFound")
    #expect(try await fixture.send(.PUT, "con", [("restype", "container")], account: "other").status == 201)
    #expect(try await fixture.send(.GET, "con/a", account: "other").code == "BlobNotFound")
  }

  @Test func anAccountMadeAgainUnderItsNameIsEmptyAndTheOldOneIsPurged() async throws {
    let fixture = try await StorageFixture()
    let records = try await fixture.count("storage.")
    for index in 0..<70 { try await fixture.makeContainer("con\(index)") }
    try await fixture.put("con1/a", fixture.bytes(20_000))
    try await fixture.put("con1/b", [1])
    try await fixture.deleteAccount(StorageFixture.account)
    #expect(try await fixture.send(.GET, "con1/a").status == 404)
    try await fixture.makeAccount(StorageFixture.account)
    #expect(try await fixture.send(.GET, "con1/a").code == "ContainerNotFound")
    try await fixture.makeContainer("con1")
    #expect(try await fixture.send(.GET, "con1/a").code == "BlobNotFound")
    try await fixture.purge()
    #expect(try await fixture.send(.DELETE, "con1", [("restype", "container")]).status == 202)
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
  }
}
