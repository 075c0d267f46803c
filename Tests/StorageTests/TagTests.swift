import Base
import Foundation
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct TagTests {
  private func document(_ tags: [(String, String)]) -> [UInt8] {
    var writer = XMLWriter()
    writer.element("Tags") { writer in
      writer.element("TagSet") { writer in
        for (key, value) in tags {
          writer.element("Tag") { writer in
            writer.element("Key", key)
            writer.element("Value", value)
          }
        }
      }
    }
    return writer.bytes
  }

  private func set(_ tags: [(String, String)], _ fixture: StorageFixture, _ path: String = "con/a") async throws -> Answer {
    try await fixture.send(.PUT, path, [("comp", "tags")], body: PiecesBody(document(tags)))
  }

  private func tags(_ fixture: StorageFixture, _ path: String = "con/a") async throws -> [String: String] {
    let set = try await fixture.send(.GET, path, [("comp", "tags")]).xml().at("TagSet")
    return Dictionary(try set.children.map { (try $0.at("Key").text, try $0.at("Value").text) }, uniquingKeysWith: { first, _ in first })
  }

  private func fixture() async throws -> StorageFixture {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    return fixture
  }

  @Test func tagsAreSetWithAWriteOrAlone() async throws {
    let fixture = try await fixture()
    let before = try await fixture.send(.HEAD, "con/a")
    #expect(before["x-ms-tag-count"] == nil)
    fixture.clock.advance(by: .seconds(5))
    #expect(try await set([("b", "2"), ("a+-./:=_ ", ""), ("c", "x y")], fixture).status == 204)
    #expect(try await tags(fixture) == ["a+-./:=_ ": "", "b": "2", "c": "x y"])
    let after = try await fixture.send(.HEAD, "con/a")
    #expect(after["x-ms-tag-count"] == "3")
    #expect(after["ETag"] == before["ETag"])
    #expect(after["Last-Modified"] == before["Last-Modified"])
    try await fixture.put("con/a", [2], [("x-ms-tags", "k%2B=v+w&l=%3D")])
    #expect(try await tags(fixture) == ["k+": "v w", "l": "="])
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "metadata")], [("x-ms-meta-a", "b")]).status == 200)
    #expect(try await tags(fixture).count == 2)
    try await fixture.put("con/a", [3])
    #expect(try await tags(fixture).isEmpty)
  }

  @Test(arguments: [
    ((0..<11).map { ("k\($0)", "v") }, "TagsTooLarge"), ([("", "v")], "EmptyTagName"), ([("k", "v"), ("k", "w")], "DuplicateTagNames"),
    ([(String(repeating: "k", count: 129), "v")], "TagsTooLarge"), ([("k", String(repeating: "v", count: 257))], "TagsTooLarge"),
    ([("k!", "v")], "InvalidTag"), ([("k", "é")], "InvalidTag"), ([("k", "a&b")], "InvalidTag"),
  ]) func tagsThatCannotBeAreRefused(_ tags: [(String, String)], _ code: String) async throws {
    let fixture = try await fixture()
    let answer = try await set(tags, fixture)
    #expect(answer.status == 400)
    #expect(answer.code == code)
    let header = tags.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
    let put = try await fixture.put("con/a", [1], [("x-ms-tags", header)])
    #expect(put.status == 400)
    #expect(try await self.tags(fixture).isEmpty)
  }

  @Test(arguments: [
    "", "<Tags/>", "<Tags><TagSet><Tag><Key>a</Key></Tag></TagSet></Tags>", "<Tags><TagSet><Other/></TagSet></Tags>", "<a", "<TagSet/>",
  ]) func aDocumentThatIsNoSetOfTagsIsRefused(_ text: String) async throws {
    let fixture = try await fixture()
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "tags")], body: PiecesBody(Array(text.utf8))).status == 400)
  }

  // MARK: Conditions

  @Test(arguments: [
    ("a = '1'", true), ("\"a\"='1'", true), ("a<>'1'", false), ("a='2'", false), ("missing = ''", false), ("missing <> '1'", false),
    ("a>'0'", true), ("a>='1'", true), ("a>'1'", false), ("a<'2' AND b<='x'", true), ("a='2' OR b='x'", true), ("a='2' or b='y'", false),
    ("a='1' AND b='y' OR a='1'", true), ("a='2' AND b='x' OR b='y' AND a='1'", false), ("a='1' AND (b='y' OR b='x')", true),
    ("(a='2' OR b='x') AND a='2'", false), ("\"c d\"='it''s'", false), ("a='1'AND b='x'", true),
  ]) func aConditionHoldsByWhatTheTagsAre(_ condition: String, _ holds: Bool) async throws {
    let fixture = try await fixture()
    #expect(try await set([("a", "1"), ("b", "x"), ("c d", "its")], fixture).status == 204)
    let read = try await fixture.send(.HEAD, "con/a", [], [("x-ms-if-tags", condition)])
    #expect(read.status == (holds ? 200 : 412), "\(read)")
    let write = try await fixture.put("con/a", [2], [("x-ms-if-tags", condition)])
    #expect(write.status == (holds ? 201 : 412), "\(write)")
  }

  @Test(arguments: [
    "", " ", "a", "a=", "a=1", "='1'", "a='1", "a=\"1\"", "a='1' AND", "AND a='1'", "a='1' b='2'", "a=='1'", "a<=>'1'", "(a='1'", "a='1')", "()",
    "a='1' NOT b='2'", "@container='con'", "a='1';b='2'", "\"a='1'", "a\u{1}='1'", "'a'='1'", "a='1' OR OR b='2'", "\"\"='1'",
    String(repeating: "(", count: 17) + "a='1'" + String(repeating: ")", count: 17),
    Array(repeating: "a='1'", count: 65).joined(separator: " AND "), "a='" + String(repeating: "x", count: 5000) + "'",
  ]) func whatIsNoConditionIsRefused(_ condition: String) async throws {
    let fixture = try await fixture()
    let answer = try await fixture.send(.HEAD, "con/a", [], [("x-ms-if-tags", condition)])
    #expect(answer.status == 400, "\(condition): \(answer)")
    #expect(answer.code == "InvalidHeaderValue")
  }

  @Test(arguments: ["", "a='1' OR b='2'", "a<>'1'", "@container='con'", "@container>'con' AND a='1'", "a", "(a='1'"])
  func whatIsNoSearchIsRefused(_ expression: String) async throws {
    let fixture = try await fixture()
    #expect(try await fixture.send(.GET, "", [("comp", "blobs"), ("where", expression)]).status == 400)
    #expect(try await fixture.send(.GET, "con", [("restype", "container"), ("comp", "blobs"), ("where", expression)]).status == 400)
  }

  /// A condition as the test knows it, to compare with what the service makes of its text.
  private indirect enum Model {
    case comparison(String, String, String)
    case all([Model])
    case any([Model])

    static let keys = ["a", "b", "c d"]
    static let values = ["", "0", "1", "10", "2", "x"]
    static let signs = ["=", "<>", "<", "<=", ">", ">="]

    init(_ random: SeededRandom, depth: Int) {
      let choice = depth == 0 ? 0 : Self.number(random, below: 3)
      func parts() -> [Model] { (0..<Self.number(random, below: 3) + 2).map { _ in Model(random, depth: depth - 1) } }
      switch choice {
      case 1: self = .all(parts())
      case 2: self = .any(parts())
      default: self = .comparison(Self.pick(Self.keys, random), Self.pick(Self.signs, random), Self.pick(Self.values, random))
      }
    }

    var text: String {
      switch self {
      case .comparison(let key, let sign, let value): "\"\(key)\" \(sign) '\(value)'"
      case .all(let parts): parts.map { part in if case .any = part { "(\(part.text))" } else { part.text } }.joined(separator: " and ")
      case .any(let parts): parts.map(\.text).joined(separator: " OR ")
      }
    }

    func holds(_ tags: [String: String]) -> Bool {
      switch self {
      case .comparison(let key, let sign, let value):
        guard let present = tags[key] else { return false }
        let (left, right) = (Array(present.utf8), Array(value.utf8))
        let (less, equal) = (left.lexicographicallyPrecedes(right), left == right)
        return ["=": equal, "<>": !equal, "<": less, "<=": less || equal, ">": !less && !equal, ">=": !less][sign] ?? false
      case .all(let parts): return parts.allSatisfy { $0.holds(tags) }
      case .any(let parts): return parts.contains { $0.holds(tags) }
      }
    }

    static func number(_ random: SeededRandom, below limit: Int) -> Int { Int(random.bytes(2).reduce(0) { $0 << 8 | Int($1) }) % limit }
    static func pick<T>(_ values: [T], _ random: SeededRandom) -> T { values[number(random, below: values.count)] }
    static func tags(_ random: SeededRandom) -> [String: String] {
      var tags: [String: String] = [:]
      for key in keys where number(random, below: 4) > 0 { tags[key] = pick(values, random) }
      return tags
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>) func anyConditionMeansWhatItSays(seed: UInt64) async throws {
    let random = SeededRandom(seed: seed)
    let fixture = try await fixture()
    for _ in 0..<12 {
      let tags = Model.tags(random)
      #expect(try await set(tags.map { ($0.key, $0.value) }, fixture).status == 204)
      for _ in 0..<25 {
        let condition = Model(random, depth: 3)
        // Longer ones are refused, which another test shows.
        guard condition.text.utf8.count < 1000 else { continue }
        let answer = try await fixture.send(.HEAD, "con/a", [], [("x-ms-if-tags", condition.text)])
        #expect(answer.status == (condition.holds(tags) ? 200 : 412), "seed \(seed), \(tags), \(condition.text): \(answer)")
      }
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>) func damagedConditionsAreRefusedOrEvaluated(seed: UInt64) async throws {
    let random = SeededRandom(seed: seed)
    let fixture = try await fixture()
    for _ in 0..<400 {
      var bytes = Array(Model(random, depth: 2).text.utf8)
      for _ in 0..<Model.number(random, below: 4) + 1 {
        let position = Model.number(random, below: bytes.count)
        switch Model.number(random, below: 3) {
        case 0: bytes.remove(at: position)
        case 1: bytes.insert(UInt8(0x20 + Model.number(random, below: 0x5F)), at: position)
        default: bytes[position] = UInt8(0x20 + Model.number(random, below: 0x5F))
        }
        if bytes.isEmpty { bytes = [0x20] }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let head = try await fixture.send(.HEAD, "con/a", [], [("x-ms-if-tags", text)])
      #expect([200, 400, 412].contains(head.status), "seed \(seed), \(text): \(head)")
      let found = try await fixture.send(.GET, "", [("comp", "blobs"), ("where", text)])
      #expect([200, 400].contains(found.status), "seed \(seed), \(text): \(found)")
    }
  }

  // MARK: Search

  private func find(_ expression: String, in container: String? = nil, pageSize: Int, _ fixture: StorageFixture) async throws -> [String] {
    var found: [String] = []
    var marker = ""
    repeat {
      let query = [("comp", "blobs"), ("where", expression), ("maxresults", String(pageSize)), ("marker", marker)]
      let all = query + (container == nil ? [] : [("restype", "container")])
      let answer = try await fixture.send(.GET, container ?? "", all.map { (name: $0.0, value: $0.1) })
      #expect(answer.status == 200, "\(answer)")
      let page = try answer.xml()
      let blobs = try page.at("Blobs").children
      #expect(blobs.count <= pageSize)
      found += try blobs.map { "\(try $0.at("ContainerName").text)/\(try $0.at("Name").text)" }
      marker = try page.at("NextMarker").text
    } while !marker.isEmpty && found.count < 10_000
    return found
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>) func aSearchFindsWhatMatchesAndNothingElse(seed: UInt64) async throws {
    let random = SeededRandom(seed: seed)
    let fixture = try await StorageFixture()
    try await fixture.makeAccount("other")
    var model: [String: [String: String]] = [:]
    for container in ["con", "con2", "other"] {
      try await fixture.makeContainer(container)
      for index in 0..<25 {
        let (path, tags) = ("\(container)/b\(index)", Model.tags(random))
        let header = tags.map { "\(percentEncoded($0.key))=\(percentEncoded($0.value))" }.joined(separator: "&")
        #expect(try await fixture.put(path, [1], [("x-ms-tags", header)]).status == 201)
        model[path] = tags
        if index % 5 == 0 {
          model[path] = Model.tags(random)
          #expect(try await set((model[path] ?? [:]).map { ($0.key, $0.value) }, fixture, path).status == 204)
        } else if index % 7 == 0 {
          model[path] = nil
          #expect(try await fixture.send(.DELETE, path).status == 202)
        }
      }
    }
    _ = try await fixture.send(.PUT, "con", [("restype", "container")], account: "other")
    _ = try await fixture.send(.PUT, "con/alien", [], [("x-ms-blob-type", "BlockBlob"), ("x-ms-tags", "a=1&b=1")], account: "other")
    for _ in 0..<25 {
      let parts = (0..<Model.number(random, below: 3) + 1).map { _ in
        Model.comparison(Model.pick(Model.keys, random), Model.pick(Model.signs.filter { $0 != "<>" }, random), Model.pick(Model.values, random))
      }
      let text = Model.all(parts).text
      let expected = model.filter { Model.all(parts).holds($0.value) }.keys.sorted()
      let size = Model.number(random, below: 8) + 1
      #expect(try await find(text, pageSize: size, fixture).sorted() == expected, "seed \(seed), \(text)")
      let inside = expected.filter { $0.hasPrefix("con2/") }
      #expect(try await find(text, in: "con2", pageSize: size, fixture).sorted() == inside, "seed \(seed), \(text)")
      #expect(try await find("@container='con2' AND \(text)", pageSize: size, fixture).sorted() == inside, "seed \(seed), \(text)")
      #expect(try await find("@container='con' AND \(text)", in: "con2", pageSize: size, fixture).isEmpty)
    }
  }

  @Test func aSearchShowsTheTagsThatItNamesAndCurrentVersionsOnly() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    try await fixture.write("con/a", [1], [("x-ms-tags", "k=old&l=1")])
    try await fixture.write("con/a", [2], [("x-ms-tags", "k=new&l=1")])
    _ = try await fixture.snapshot("con/a")
    #expect(try await find("k='old'", pageSize: 10, fixture).isEmpty)
    let answer = try await fixture.send(.GET, "", [("comp", "blobs"), ("where", "k = 'new'")])
    let blob = try #require(try answer.xml().at("Blobs").children.first)
    #expect(try blob.at("Tags", "TagSet").children.map { try $0.at("Key").text } == ["k"])
    #expect(try await fixture.send(.GET, "con", [("restype", "container"), ("comp", "blobs"), ("where", "k='new'"), ("marker", "%%")]).status == 400)
    #expect(try await fixture.send(.GET, "none", [("restype", "container"), ("comp", "blobs"), ("where", "k='new'")]).code == "ContainerNotFound")
  }

  @Test func whatWasInADeletedContainerIsFoundNoLonger() async throws {
    let fixture = try await fixture()
    #expect(try await set([("k", "v")], fixture).status == 204)
    #expect(try await find("k='v'", pageSize: 10, fixture) == ["con/a"])
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    #expect(try await find("k='v'", pageSize: 10, fixture).isEmpty)
    try await fixture.makeContainer()
    #expect(try await find("k='v'", pageSize: 10, fixture).isEmpty)
    try await fixture.purge()
    #expect(try await fixture.count("storage.blob") == 0)
  }
}
