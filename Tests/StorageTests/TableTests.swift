import Base
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct TableTests {
  @Test func aTableIsMadeFoundInAnyCaseListedAndDeleted() async throws {
    let fixture = try await TableFixture()
    let created = try await fixture.send(.POST, "Tables", [], [("Accept", "application/json;odata=fullmetadata")], json: #"{"TableName":"People"}"#)
    #expect(created.status == 201)
    #expect(created["Location"] == "https://acct.table.core.cloud.test/Tables('People')")
    let document = try created.json()
    #expect(document["TableName"] == "People")
    #expect(document["odata.metadata"] == "https://acct.table.core.cloud.test/$metadata#Tables/@Element")
    #expect(document["odata.editLink"] == "Tables('People')")

    #expect(try await fixture.send(.POST, "Tables", json: #"{"TableName":"pEOPLE"}"#).code == "TableAlreadyExists")
    #expect(try await fixture.insert("a", "b", into: "PEOPLE").status == 201)
    #expect(try await fixture.send(.GET, "Tables('people')").json()["TableName"] == "People")
    let listed = try await fixture.send(.GET, "Tables()", [], [("Accept", "application/json;odata=nometadata")]).json()
    #expect(listed == ["value": [["TableName": "People"]]])

    #expect(try await fixture.send(.DELETE, "Tables('people')").status == 204)
    let again = try await fixture.send(.DELETE, "Tables('people')")
    #expect(again.status == 404)
    #expect(try again.json().member("odata.error", "code") == "ResourceNotFound")
    #expect(try await fixture.insert("a", "c", into: "people").code == "TableNotFound")
  }

  @Test func whatIsPreferredOfAnAnswerIsGiven() async throws {
    let fixture = try await TableFixture()
    let quiet = try await fixture.send(.POST, "Tables", [], [("Prefer", "return-no-content")], json: #"{"TableName":"people"}"#)
    #expect(quiet.status == 204)
    #expect(quiet["Preference-Applied"] == "return-no-content")
    #expect(quiet.body.isEmpty)
    let loud = try await fixture.send(.POST, "people", [], [("Prefer", "return-content")], json: #"{"PartitionKey":"a","RowKey":"b","Age":4}"#)
    #expect(loud.status == 201)
    #expect(loud["Preference-Applied"] == "return-content")
    #expect(try loud.json()["Age"] == 4)
  }

  @Test(arguments: [
    ("ab", "OutOfRangeInput"), (String(repeating: "a", count: 64), "OutOfRangeInput"), ("1abc", "InvalidResourceName"),
    ("my_table", "InvalidResourceName"), ("my-table", "InvalidResourceName"), ("täble", "InvalidResourceName"), ("tables", "InvalidInput"),
  ])
  func aBadNameIsRefused(_ name: String, _ code: String) async throws {
    let fixture = try await TableFixture()
    let answer = try await fixture.send(.POST, "Tables", json: #"{"TableName":"\#(name)"}"#)
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test(arguments: [
    ("", "InvalidInput"), ("{", "InvalidInput"), ("[]", "InvalidInput"), ("{}", "PropertiesNeedValue"),
    (#"{"TableName":null}"#, "PropertiesNeedValue"),
    (#"{"TableName":7}"#, "InvalidInput"), (#"{"TableName":"a","TableName":"b"}"#, "InvalidInput"),
  ])
  func aDocumentThatNamesNoTableIsRefused(_ document: String, _ code: String) async throws {
    let answer = try await TableFixture().send(.POST, "Tables", json: document)
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test func tablesAreListedByPagesAndFiltered() async throws {
    let fixture = try await TableFixture()
    for name in ["Alpha", "beta", "Gamma", "delta"] { try await fixture.makeTable(name) }
    var names: [String] = []
    var next: String?
    repeat {
      let query = [(name: "$top", value: "3")] + (next.map { [(name: "NextTableName", value: $0)] } ?? [])
      let page = try await fixture.send(.GET, "Tables", query)
      names += try page.json()["value"]?.array?.compactMap { $0["TableName"]?.string } ?? []
      next = page["x-ms-continuation-NextTableName"]
    } while next != nil
    #expect(names == ["Alpha", "beta", "delta", "Gamma"])
    let filtered = try await fixture.send(.GET, "Tables", [("$filter", "TableName ge 'b' and TableName lt 'c'")])
    #expect(try filtered.json()["value"]?.array?.map { $0["TableName"] } == ["beta"])
    #expect(try await fixture.send(.GET, "Tables", [("NextTableName", "nonsense")]).code == "InvalidInput")
    #expect(try await fixture.send(.GET, "Tables", [("$top", "0")]).code == "InvalidInput")
  }

  @Test func accessPoliciesAreKept() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let policies =
      "<SignedIdentifiers><SignedIdentifier><Id>all</Id><AccessPolicy><Permission>raud</Permission></AccessPolicy></SignedIdentifier>"
      + "<SignedIdentifier><Id>empty</Id></SignedIdentifier></SignedIdentifiers>"
    let request = fixture.request(.PUT, "people", [("comp", "acl")], body: PiecesBody(Array(policies.utf8)))
    #expect(try await Answer(await fixture.storage.endpoint.respond(to: request)).status == 204)
    let document = try await fixture.send(.GET, "people", [("comp", "acl")]).xml()
    #expect(document.children.count == 2)
    #expect(try document.children[0].at("AccessPolicy", "Permission").text == "raud")
    #expect(document.children[1].child("AccessPolicy") == nil)
    #expect(try await fixture.send(.GET, "nobody", [("comp", "acl")]).code == "TableNotFound")
  }

  @Test func aDeletedTableGivesItsSpaceBackAndANewOneBeginsEmpty() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    for row in 0..<150 { try await fixture.insert("p\(row % 3)", "\(row)") }
    #expect(try await fixture.storage.count("storage.entity") == 150)
    #expect(try await fixture.send(.DELETE, "Tables('people')").status == 204)
    try await fixture.makeTable()
    #expect(try await fixture.rows(nil).isEmpty)
    try await fixture.insert("p", "new")
    try await fixture.storage.purge()
    #expect(try await fixture.storage.count("storage.entity") == 1)
    #expect(try await fixture.rows(nil) == ["new"])
  }

  @Test func aDeletedAccountLeavesNoTable() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("a", "b")
    try await fixture.storage.deleteAccount(StorageFixture.account)
    try await fixture.storage.purge()
    #expect(try await fixture.storage.count("storage.table") == 0)
    #expect(try await fixture.storage.count("storage.entity") == 0)
  }

  @Test(arguments: [
    (HTTPMethod.GET, "people/Tables", "TableNotFound"), (.PUT, "Tables", "UnsupportedHttpVerb"), (.POST, "$batch", "MediaTypeNotSupported"),
    (.DELETE, "Tables('')", "InvalidUri"), (.GET, "people('a')", "InvalidInput"), (.GET, "people(PartitionKey='a')", "InvalidInput"),
    (.GET, "people(PartitionKey='a',RowKey='b',Other='c')", "InvalidInput"), (.GET, "people(PartitionKey='a',RowKey=b)", "InvalidInput"),
    (.GET, "people(PartitionKey='a',PartitionKey='b')", "InvalidInput"), (.GET, "people(PartitionKey='a',RowKey='b)", "InvalidInput"),
  ])
  func anAddressThatNamesNothingIsRefused(_ method: HTTPMethod, _ path: String, _ code: String) async throws {
    let answer = try await TableFixture().send(method, path)
    #expect((400..<500).contains(answer.status))
    #expect(answer.code == code, "\(answer)")
  }
}
