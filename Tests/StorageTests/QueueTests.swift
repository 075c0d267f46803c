import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct QueueTests {
  private static let metadata = [(name: "comp", value: "metadata")]
  private static let acl = [(name: "comp", value: "acl")]

  @Test func aQueueIsMadeReadChangedAndDeleted() async throws {
    let queues = try await QueueFixture()
    #expect(try await queues.send(.PUT, "jobs", [], [("x-ms-meta-Colour", "blue")]).status == 201)
    for method in [HTTPMethod.GET, .HEAD] {
      let read = try await queues.send(method, "jobs", Self.metadata)
      #expect(read.status == 200, "\(read)")
      #expect(read["x-ms-meta-Colour"] == "blue")
      #expect(read["x-ms-approximate-messages-count"] == "0")
    }
    #expect(try await queues.send(.PUT, "jobs", Self.metadata, [("x-ms-meta-size", "9")]).status == 204)
    let read = try await queues.send(.GET, "jobs", Self.metadata)
    #expect(read["x-ms-meta-size"] == "9")
    #expect(read["x-ms-meta-Colour"] == nil)
    #expect(try await queues.send(.DELETE, "jobs").status == 204)
    for (method, path, query) in [
      (HTTPMethod.GET, "jobs", Self.metadata), (.PUT, "jobs", Self.metadata), (.GET, "jobs", Self.acl), (.DELETE, "jobs", []),
      (.GET, "jobs/messages", []), (.DELETE, "jobs/messages", []), (.GET, "jobs/messages", [("peekonly", "true")]),
    ] {
      let answer = try await queues.send(method, path, query)
      #expect(answer.status == 404 && answer.code == "QueueNotFound", "\(method) \(path): \(answer)")
    }
  }

  @Test func aQueueThatIsThereIsMadeAgainWithTheSameMetadataOnly() async throws {
    let queues = try await QueueFixture()
    let headers = [("x-ms-meta-a", "1"), ("x-ms-meta-B", "2")]
    #expect(try await queues.send(.PUT, "jobs", [], headers).status == 201)
    try await queues.put("kept")
    #expect(try await queues.send(.PUT, "jobs", [], [("x-ms-meta-b", "2"), ("x-ms-meta-A", "1")]).status == 204)
    for other in [[], [("x-ms-meta-a", "1")], [("x-ms-meta-a", "1"), ("x-ms-meta-b", "3")], headers + [("x-ms-meta-c", "3")]] {
      let answer = try await queues.send(.PUT, "jobs", [], other)
      #expect(answer.status == 409 && answer.code == "QueueAlreadyExists", "\(other): \(answer)")
    }
    #expect(try await queues.peek() == ["kept"])
  }

  @Test(arguments: [
    ("ab", "OutOfRangeInput"), (String(repeating: "a", count: 64), "OutOfRangeInput"), ("Upper", "InvalidResourceName"),
    ("two--dashes", "InvalidResourceName"), ("-lead", "InvalidResourceName"), ("under_score", "InvalidResourceName"),
    ("$root", "InvalidResourceName"), ("$logs", "InvalidResourceName"),
  ])
  func aBadNameIsRefused(name: String, code: String) async throws {
    let answer = try await QueueFixture().send(.PUT, name)
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test func queuesAreListedByPrefixAndPage() async throws {
    let queues = try await QueueFixture()
    for number in 0..<7 { try await queues.send(.PUT, "a-\(number)", [], [("x-ms-meta-number", "\(number)")]) }
    try await queues.makeQueue("b-0")
    // A container is no queue.
    try await queues.fixture.makeContainer("a-container")
    var names: [String] = []
    var marker = ""
    repeat {
      let query = [(name: "comp", value: "list"), ("prefix", "a-"), ("maxresults", "3"), ("marker", marker), ("include", "metadata")]
      let page = try await queues.send(.GET, "", query).xml()
      for queue in try page.at("Queues").children {
        let name = try queue.at("Name").text
        #expect(try "a-" + queue.at("Metadata", "number").text == name)
        names.append(name)
      }
      marker = try page.at("NextMarker").text
    } while !marker.isEmpty
    #expect(names == (0..<7).map { "a-\($0)" })
    let all = try await queues.send(.GET, "", [("comp", "list")]).xml().at("Queues").children
    #expect(try all.map { try $0.at("Name").text } == names + ["b-0"])
    #expect(all.allSatisfy { $0.child("Metadata") == nil })
    #expect(try await queues.send(.GET, "", [("comp", "list"), ("marker", "no marker")]).code == "OutOfRangeInput")
    #expect(try await queues.send(.GET, "", [("comp", "list"), ("maxresults", "0")]).code == "OutOfRangeQueryParameterValue")
    #expect(try await queues.send(.GET, "", [("comp", "list"), ("include", "messages")]).code == "InvalidQueryParameterValue")
  }

  @Test func accessPoliciesAreKept() async throws {
    let queues = try await QueueFixture()
    try await queues.makeQueue()
    func document(_ count: Int) -> [UInt8] {
      let identifiers = (0..<count).map { number in
        "<SignedIdentifier><Id>\(number)</Id><AccessPolicy><Expiry>2030-01-01</Expiry><Permission>raup</Permission></AccessPolicy></SignedIdentifier>"
      }
      return Array("<SignedIdentifiers>\(identifiers.joined())</SignedIdentifiers>".utf8)
    }
    #expect(try await queues.send(.GET, "jobs", Self.acl).xml().children.isEmpty)
    #expect(try await queues.send(.PUT, "jobs", Self.acl, body: document(5)).status == 204)
    let identifiers = try await queues.send(.GET, "jobs", Self.acl).xml().children
    #expect(try identifiers.map { try $0.at("Id").text } == (0..<5).map { "\($0)" })
    #expect(try identifiers[0].at("AccessPolicy", "Permission").text == "raup")
    #expect(try await queues.send(.PUT, "jobs", Self.acl, body: document(6)).code == "InvalidXmlDocument")
    #expect(try await queues.send(.PUT, "jobs", Self.acl).status == 204)
    #expect(try await queues.send(.GET, "jobs", Self.acl).xml().children.isEmpty)
  }

  @Test func clearingAQueueGivesItsSpaceBackAndLeavesWhatComesAfter() async throws {
    let queues = try await QueueFixture()
    try await queues.makeQueue()
    for number in 0..<150 { try await queues.put("\(number)") }
    let taken = try await queues.get()
    #expect(try await queues.send(.DELETE, "jobs/messages").status == 204)
    #expect(try await queues.peek() == [])
    #expect(try await queues.count() == 0)
    #expect(try await queues.delete(taken[0]).code == "MessageNotFound")
    try await queues.put("after")
    try await queues.fixture.purge()
    #expect(try await queues.peek() == ["after"])
    #expect(try await queues.count() == 1)
    // The record and its entries in two indexes.
    #expect(try await queues.fixture.count("storage.message") == 3)
    #expect(try await queues.fixture.count("storage.queueCount") == 1)
  }

  @Test func aQueueThatIsMadeAgainIsEmptyWhileTheOldOneIsPurged() async throws {
    let queues = try await QueueFixture()
    try await queues.makeQueue()
    try await queues.put("old")
    try await queues.send(.DELETE, "jobs")
    try await queues.makeQueue()
    #expect(try await queues.peek() == [])
    try await queues.put("new")
    try await queues.fixture.purge()
    #expect(try await queues.get(32).map(\.text) == ["new"])
    #expect(try await queues.count() == 1)
  }

  @Test func anAccountThatIsDeletedTakesItsQueuesWithIt() async throws {
    let queues = try await QueueFixture()
    for queue in 0..<70 { try await queues.makeQueue("queue-\(queue)") }
    for number in 0..<70 { try await queues.put("\(number)", queue: "queue-7") }
    try await queues.fixture.deleteAccount(StorageFixture.account)
    try await queues.fixture.purge()
    for kind in ["storage.message", "storage.queueCount"] { #expect(try await queues.fixture.count(kind) == 0, "\(kind)") }
    try await queues.fixture.makeAccount(StorageFixture.account)
    #expect(try await queues.send(.GET, "", [("comp", "list")]).xml().at("Queues").children.isEmpty)
  }
}
