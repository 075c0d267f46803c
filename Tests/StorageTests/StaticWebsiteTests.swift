import Base
import Edge
import NIOHTTP1
import Storage
import Testing
import Wire

@Suite struct StaticWebsiteTests {
  private func website(_ settings: String) async throws -> StorageFixture {
    let fixture = try await StorageFixture()
    let document = "<StorageServiceProperties><StaticWebsite><Enabled>true</Enabled>\(settings)</StaticWebsite></StorageServiceProperties>"
    let answer = try await fixture.send(
      .PUT, "", [("restype", "service"), ("comp", "properties")], body: PiecesBody(Array(document.utf8)))
    #expect(answer.status == 202, "\(answer)")
    try await fixture.put("$web/index.html", Array("home".utf8), [("x-ms-blob-content-type", "text/html"), ("x-ms-meta-secret", "s")])
    try await fixture.put("$web/docs/index.html", Array("docs".utf8))
    try await fixture.put("$web/a b.txt", Array("spaced".utf8))
    return fixture
  }

  /// What a browser asks.
  private func get(
    _ fixture: StorageFixture, _ path: String, _ method: HTTPMethod = .GET, _ headers: HTTPHeaders = [:], query: [(name: String, value: String)] = []
  ) async throws -> Answer {
    let request = EdgeRequest(
      method: method, path: "/" + percentEncoded(path, keeping: "/"), query: Query(items: query), headers: headers,
      authority: "acct.web.core.cloud.test", host: "acct.web.core.cloud.test", identifiers: RequestIdentifiers(request: fixture.random.guid()))
    return try await Answer(await fixture.endpoint.respond(to: request))
  }

  @Test func pagesAreShownToAnybody() async throws {
    let fixture = try await website("<IndexDocument>index.html</IndexDocument>")
    let home = try await get(fixture, "")
    #expect(home.text == "home")
    #expect(home["Content-Type"] == "text/html")
    #expect(home["x-ms-meta-secret"] == nil)
    #expect(home["x-ms-blob-type"] == nil)
    #expect(try await get(fixture, "docs/").text == "docs")
    #expect(try await get(fixture, "docs").text == "docs")
    #expect(try await get(fixture, "docs/index.html", query: [("comp", "metadata"), ("v", "1")]).text == "docs")
    #expect(try await get(fixture, "a b.txt").text == "spaced")
    let head = try await get(fixture, "index.html", .HEAD)
    #expect(head.status == 200 && head.length == 4 && head.body.isEmpty)
  }

  @Test func partsAndStatesAreServed() async throws {
    let fixture = try await website("")
    let part = try await get(fixture, "index.html", .GET, ["Range": "bytes=1-2"])
    #expect(part.status == 206)
    #expect(part.text == "om")
    let tag = try #require(part["ETag"])
    #expect(try await get(fixture, "index.html", .GET, ["If-None-Match": tag]).status == 304)
  }

  @Test func whatIsMissingIsToldByTheErrorDocument() async throws {
    let fixture = try await website("<IndexDocument>index.html</IndexDocument><ErrorDocument404Path>docs/index.html</ErrorDocument404Path>")
    let missing = try await get(fixture, "nothing", .GET, ["Range": "bytes=0-0", "If-None-Match": "*"])
    #expect(missing.status == 404)
    #expect(missing.text == "docs")
    let plain = try await website("")
    #expect(try await get(plain, "").status == 404)
    #expect(try await get(plain, "nothing").code == "WebContentNotFound")
  }

  @Test func nothingCanBeChangedThere() async throws {
    let fixture = try await website("<IndexDocument>index.html</IndexDocument>")
    for method in [HTTPMethod.PUT, .DELETE, .POST] { #expect(try await get(fixture, "index.html", method).status == 405) }
    #expect(try await get(fixture, "index.html").text == "home")
  }

  @Test func oneDocumentCanStandForAllFolders() async throws {
    let fixture = try await website("<DefaultIndexDocumentPath>docs/index.html</DefaultIndexDocumentPath>")
    #expect(try await get(fixture, "").text == "docs")
    #expect(try await get(fixture, "any/where/").text == "docs")
    #expect(try await get(fixture, "index.html").text == "home")
  }

  @Test func withoutTheWebsiteNothingIsShown() async throws {
    let fixture = try await website("<IndexDocument>index.html</IndexDocument>")
    let document = "<StorageServiceProperties><StaticWebsite><Enabled>false</Enabled></StaticWebsite></StorageServiceProperties>"
    try await fixture.send(.PUT, "", [("restype", "service"), ("comp", "properties")], body: PiecesBody(Array(document.utf8)))
    #expect(try await get(fixture, "index.html").status == 404)
  }
}
