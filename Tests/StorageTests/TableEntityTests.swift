import Base
import Edge
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

@Suite struct TableEntityTests {
  @Test func everyTypeComesBackAsItWent() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let sent = #"""
      "Text":"ꀕ 'q\" ","Empty":"","Bytes@odata.type":"Edm.Binary","Bytes":"AQID","Yes":true,"No":false,"When@odata.type":"Edm.DateTime",
      "When":"2013-08-22T01:12:06.2608595Z","Whole@odata.type":"Edm.DateTime","Whole":"2008-07-10T00:00:00","Half":2.5,"Even":3.0,
      "NotANumber@odata.type":"Edm.Double","NotANumber":"NaN","Most@odata.type":"Edm.Double","Most":"INF","Least@odata.type":"Edm.Double",
      "Least":"-Infinity","Id@odata.type":"Edm.Guid","Id":"C9DA6455-213D-42C9-9A79-3E9149A57833","Small":-2147483648,
      "Large@odata.type":"Edm.Int64","Large":"-9223372036854775808","Nothing":null,"Timestamp":"1999-01-01T00:00:00Z","text":"another"
      """#
    let created = try await fixture.insert("p", "r", sent)
    #expect(created.status == 201, "\(created)")
    let read = try await fixture.get("p", "r")
    let entity = try read.json()
    for (name, value) in [
      ("Text", "ꀕ 'q\" "), ("Empty", ""), ("Bytes", "AQID"), ("When", "2013-08-22T01:12:06.2608595Z"), ("Whole", "2008-07-10T00:00:00Z"),
      ("NotANumber", "NaN"), ("Most", "Infinity"), ("Least", "-Infinity"), ("Id", "c9da6455-213d-42c9-9a79-3e9149a57833"),
      ("Large", "-9223372036854775808"), ("text", "another"), ("Bytes@odata.type", "Edm.Binary"), ("When@odata.type", "Edm.DateTime"),
      ("NotANumber@odata.type", "Edm.Double"), ("Id@odata.type", "Edm.Guid"), ("Large@odata.type", "Edm.Int64"),
      ("Timestamp@odata.type", "Edm.DateTime"),
      ("odata.type", "acct.people"), ("odata.id", "https://acct.table.core.cloud.test/people(PartitionKey='p',RowKey='r')"),
    ] {
      #expect(entity[name]?.string == value, "\(name)")
    }
    #expect(entity["Yes"] == true && entity["No"] == false && entity["Small"] == -2_147_483_648)
    #expect(entity["Half"] == .number(2.5))
    #expect(read.text.contains("\"Even\":3.0"))
    #expect(entity["Nothing"] == nil)
    let timestamp = try #require(entity["Timestamp"]?.string)
    #expect(timestamp == fixture.storage.clock.now().iso8601Fractional)
    #expect(read["ETag"] == "W/\"datetime'\(percentEncoded(timestamp))'\"")
    #expect(entity["odata.etag"]?.string == read["ETag"])
  }

  @Test func metadataIsGivenAsItIsAskedFor() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "r", #""Large@odata.type":"Edm.Int64","Large":"5""#)
    let none = try await fixture.get("p", "r", accept: "application/json;odata=nometadata").json()
    #expect(none.object?.names.sorted() == ["Large", "PartitionKey", "RowKey", "Timestamp"])
    let minimal = try await fixture.get("p", "r", accept: "application/json").json()
    #expect(minimal["odata.metadata"] == "https://acct.table.core.cloud.test/$metadata#people/@Element")
    #expect(minimal["Large@odata.type"] == "Edm.Int64")
    #expect(minimal["odata.id"] == nil)
    #expect(try await fixture.get("p", "r", accept: "application/atom+xml").code == "AtomFormatNotSupported")
    #expect(try await fixture.get("p", "r", accept: "text/plain").status == 415)
    let byQuery = try await fixture.send(.GET, TableFixture.address("p", "r"), [("$format", "application/json;odata=nometadata")])
    #expect(try byQuery.json()["odata.metadata"] == nil)
  }

  @Test func selectedPropertiesAloneAreGiven() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "r", #""A":1,"B":2"#)
    let query = [(name: "$select", value: "A, RowKey,Missing")]
    for path in [TableFixture.address("p", "r"), "people()"] {
      let answer = try await fixture.send(.GET, path, query, [("Accept", "application/json;odata=nometadata")]).json()
      let entity = try #require(path == "people()" ? answer["value"]?.array?.first : answer)
      #expect(entity.object?.names.sorted() == ["A", "Missing", "RowKey"])
      #expect(entity["A"] == 1 && entity["Missing"] == nil)
    }
  }

  @Test func entitiesAreReplacedMergedAndDeletedUnderTheirTag() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let address = TableFixture.address("p", "r")
    let first = try #require(try await fixture.insert("p", "r", #""A":1,"B":"x""#)["ETag"])
    // The clock stands still, and yet no two states share a tag.
    let merged = try await fixture.send(.MERGE, address, [], [("If-Match", first)], json: #"{"B":2,"C":3}"#)
    #expect(merged.status == 204)
    let second = try #require(merged["ETag"])
    #expect(second != first)
    let afterMerge = try await fixture.get("p", "r").json()
    #expect(afterMerge["A"] == 1 && afterMerge["B"] == 2 && afterMerge["C"] == 3)

    for method in [HTTPMethod.PUT, .MERGE, .PATCH] {
      let answer = try await fixture.send(method, address, [], [("If-Match", first)], json: "{}")
      #expect(answer.status == 412)
      #expect(answer.code == "UpdateConditionNotSatisfied")
    }
    #expect(try await fixture.send(.DELETE, address, [], [("If-Match", first)]).status == 412)
    #expect(try await fixture.send(.DELETE, address).code == "MissingRequiredHeader")
    #expect(try await fixture.send(.PUT, address, [], [("If-Match", "\"0x8D\"")], json: "{}").code == "InvalidInput")
    #expect(try await fixture.send(.PUT, address, [], [("If-None-Match", "*")], json: "{}").code == "InvalidInput")

    let replaced = try await fixture.send(.POST, address, [], [("X-HTTP-Method", "PUT"), ("If-Match", second)], json: #"{"D":4}"#)
    #expect(replaced.status == 204)
    let afterReplace = try await fixture.get("p", "r").json()
    #expect(afterReplace["A"] == nil && afterReplace["D"] == 4)
    #expect(try await fixture.send(.DELETE, address, [], [("If-Match", "*")]).status == 204)
    for method in [HTTPMethod.PUT, .MERGE, .DELETE] {
      #expect(try await fixture.send(method, address, [], [("If-Match", "*")], json: "{}").code == "ResourceNotFound")
    }
    #expect(try await fixture.get("p", "r").code == "ResourceNotFound")
    #expect(try await fixture.send(.MERGE, address, json: #"{"E":5}"#).status == 204)
    #expect(try await fixture.send(.PUT, address, json: #"{"F":6}"#).status == 204)
    #expect(try await fixture.get("p", "r").json()["F"] == 6)
    #expect(try await fixture.insert("p", "r").code == "EntityAlreadyExists")
  }

  @Test(arguments: [
    (#"{"RowKey":"r"}"#, "PropertiesNeedValue"), (#"{"PartitionKey":"p"}"#, "PropertiesNeedValue"),
    (#"{"PartitionKey":"p","RowKey":null}"#, "PropertiesNeedValue"), (#"{"PartitionKey":"p","RowKey":1}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","RowKey@odata.type":"Edm.Guid"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"a/b"}"#, "OutOfRangeInput"), (#"{"PartitionKey":"p","RowKey":"a\\b"}"#, "OutOfRangeInput"),
    (#"{"PartitionKey":"p#","RowKey":"r"}"#, "OutOfRangeInput"), (#"{"PartitionKey":"p?","RowKey":"r"}"#, "OutOfRangeInput"),
    (#"{"PartitionKey":"p\u0001","RowKey":"r"}"#, "OutOfRangeInput"), (#"{"PartitionKey":"p\u0085","RowKey":"r"}"#, "OutOfRangeInput"),
    (#"{"PartitionKey":"p","RowKey":"r","1a":1}"#, "PropertyNameInvalid"), (#"{"PartitionKey":"p","RowKey":"r","a-b":1}"#, "PropertyNameInvalid"),
    (#"{"PartitionKey":"p","RowKey":"r","":1}"#, "PropertyNameInvalid"), (#"{"PartitionKey":"p","RowKey":"r","a":[1]}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":{"b":1}}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":1,"a":2}"#, "DuplicatePropertiesSpecified"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"x","a@odata.type":"Edm.Int32"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"2147483648","a@odata.type":"Edm.Int32"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"9223372036854775808","a@odata.type":"Edm.Int64"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"x","a@odata.type":"Edm.Guid"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"=","a@odata.type":"Edm.Binary"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"1600-12-31T23:59:59Z","a@odata.type":"Edm.DateTime"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"9999-12-31T23:59:59-14:00","a@odata.type":"Edm.DateTime"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"not a bool","a@odata.type":"Edm.Boolean"}"#, "InvalidInput"),
    (#"{"PartitionKey":"p","RowKey":"r","a":"1","a@odata.type":"Edm.Stream"}"#, "InvalidInput"),
    ("", "InvalidInput"), ("[]", "InvalidInput"), (#"{"PartitionKey":"p","RowKey":"r""#, "InvalidInput"), ("nul", "InvalidInput"),
  ])
  func aDocumentThatIsNoEntityIsRefused(_ document: String, _ code: String) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let answer = try await fixture.send(.POST, "people", json: document)
    #expect(answer.status == 400)
    #expect(answer.code == code)
    #expect(try await fixture.rows(nil).isEmpty)
  }

  @Test func theFirstAndTheLastTimeThereIsAreKept() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    for (row, time) in [("first", "1601-01-01T00:00:00Z"), ("last", "9999-12-31T23:59:59.9999999Z")] {
      #expect(try await fixture.insert("p", row, "\"a\":\"\(time)\",\"a@odata.type\":\"Edm.DateTime\"").status == 201)
      #expect(try await fixture.get("p", row).json()["a"] == .string(time))
    }
  }

  @Test(arguments: ["$orderby", "$skip", "$inlinecount", "$expand"])
  func anOptionOfAQueryThatTheServiceHasNotIsRefused(option: String) async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let answer = try await fixture.send(.GET, "people", [(option, "RowKey")])
    #expect(answer.status == 501 && answer.code == "NotImplemented", "\(answer)")
  }

  @Test func aTunnelledVerbThatIsNoneIsRefused() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    let address = TableFixture.address("p", "r")
    let answer = try await fixture.send(.POST, address, [], [("X-HTTP-Method", "FOO")], json: "{}")
    #expect(answer.status == 400 && answer.code == "XMethodIncorrectValue", "\(answer)")
    #expect(try await fixture.send(.POST, address, json: "{}").status == 405)
  }

  @Test func aVersionThatIsNoneIsRefusedInTheServicesOwnForm() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    var request = fixture.request(.GET, "people")
    request.headers.replaceOrAdd(name: "x-ms-version", value: "1999-01-01")
    let answer = try await Answer(await fixture.storage.endpoint.respond(to: request))
    #expect(answer.status == 400)
    #expect(try answer.json()["odata.error"]?["code"]?.string == "InvalidHeaderValue", "\(answer)")
  }

  @Test func theLimitsOfAnEntityHold() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    func numbered(_ count: Int) -> String { (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: ",") }
    #expect(try await fixture.insert("p", "252", numbered(252)).status == 201)
    #expect(try await fixture.insert("p", "253", numbered(253)).code == "TooManyProperties")
    // A merge must not pass the bound either.
    let more = try await fixture.send(.MERGE, TableFixture.address("p", "252"), json: #"{"another":1}"#)
    #expect(more.code == "TooManyProperties")

    func name(_ count: Int) -> String { String(repeating: "a", count: count) }
    #expect(try await fixture.insert("p", "name", "\"\(name(255))\":1").status == 201)
    #expect(try await fixture.insert("p", "name2", "\"\(name(256))\":1").code == "PropertyNameTooLong")
    #expect(try await fixture.insert("p", name(1024)).status == 201)
    #expect(try await fixture.insert("p", name(1025)).code == "PropertyValueTooLarge")
    #expect(try await fixture.insert("p", "text", "\"a\":\"\(name(32768))\"").status == 201)
    #expect(try await fixture.insert("p", "text2", "\"a\":\"\(name(32769))\"").code == "PropertyValueTooLarge")
    let megabyte = (0..<16).map { "\"a\($0)\":\"\(name(32768))\"" }.joined(separator: ",")
    #expect(try await fixture.insert("p", "large", megabyte).code == "EntityTooLarge")
  }

  @Test func entitiesStandInTheOrderOfTheirCodeUnits() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    // By UTF-8 the emoji would stand behind the full-width letter; by UTF-16 it stands before it.
    let ordered = ["", "A", "Z", "a", "a\u{FF}", "é", "\u{D7FF}", "😀", "\u{10FFFF}", "\u{10FFFF}a", "\u{E000}", "Ａ", "\u{FFFD}"]
    for row in ordered.reversed() { #expect(try await fixture.insert("p", row).status == 201) }
    #expect(try await fixture.rows(nil, top: 2) == ordered)
    #expect(try await fixture.rows("PartitionKey eq 'p' and RowKey ge '😀' and RowKey lt '\u{E000}'") == ["😀", "\u{10FFFF}", "\u{10FFFF}a"])
    for partition in ordered.reversed() { #expect(try await fixture.insert(partition, "only").status == 201) }
    #expect(try await fixture.rows("RowKey eq 'only' and PartitionKey gt '😀'").count == 5)
    #expect(try await fixture.get("😀", "only").json()["PartitionKey"] == "😀")
  }

  @Test func propertiesRestSealed() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("readable", "key", #""Name":"unmistakable""#)
    #expect(try await fixture.storage.count("storage.entity") == 1)
    let values = try await fixture.storage.records.read { reader in
      try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 10_000, reversed: false).map(\.value)
    }
    #expect(!values.contains { value in value.indices.contains { value[$0...].starts(with: "unmistakable".utf8) } })
  }

  @Test func oneEntitysPropertiesDoNotStandInForAnothers() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "a", #""Role":"guest""#)
    try await fixture.insert("p", "b", #""Role":"admin""#)
    let entries = try await fixture.entityEntries()
    let (first, second) = (entries[0], entries[1])
    // Format, tenant, table and the two keys stay; tag and sealed properties are the other's.
    let keyBytes = 1 + 16 + 16 + 2 + 2
    let swapped = Array(first.value.prefix(keyBytes) + second.value.dropFirst(keyBytes))
    try await fixture.storage.records.write { try $0.put(swapped, forKey: first.key) }
    #expect(try await fixture.get("p", "a").status == 500)
    #expect(try await fixture.get("p", "b").json()["Role"] == "admin")
  }

  @Test func aChangeThatReturnedSurvivesConcurrentOnes() async throws {
    let fixture = try await TableFixture()
    try await fixture.makeTable()
    try await fixture.insert("p", "counter", #""N":0"#)
    // Each takes the counter one further, and tries again when another came first.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<10 {
            while true {
              let read = try await fixture.get("p", "counter")
              let (count, tag) = (try #require(try read.json()["N"]?.integer), try #require(read["ETag"]))
              let written = try await fixture.send(
                .PUT, TableFixture.address("p", "counter"), [], [("If-Match", tag)], json: "{\"N\":\(count + 1)}")
              if written.status == 204 { break }
              #expect(written.status == 412)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await fixture.get("p", "counter").json()["N"] == 80)
  }
}

extension TableFixture {
  /// The record entries of all entities.
  func entityEntries() async throws -> [(key: [UInt8], value: [UInt8])] {
    try await storage.records.read { reader in
      try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 100_000, reversed: false).filter { entry in
        entry.key.indices.contains { entry.key[$0...].starts(with: "storage.entity".utf8) }
      }
    }
  }
}
