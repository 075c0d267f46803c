import Base
import Edge
import Keyring
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

@Suite struct AccountOperationTests {
  private func set(_ fixture: AccountFixture, _ document: String) async throws -> Answer {
    let resource = try await fixture.put(fixture.id("acct"), AccountFixture.body())
    let keys = try await fixture.keys(resource)
    return try await fixture.send(
      fixture.signed(try fixture.request(.PUT, "/", "restype=service&comp=properties", body: document), key: keys[0]))
  }

  private func get(_ fixture: AccountFixture) async throws -> Answer {
    let resource = try await fixture.put(fixture.id("acct"), AccountFixture.body())
    let keys = try await fixture.keys(resource)
    return try await fixture.send(fixture.signed(try fixture.request(.GET, "/", "restype=service&comp=properties"), key: keys[0]))
  }

  @Test func servicePropertiesAreKeptAndReturned() async throws {
    let fixture = try await AccountFixture()
    let initial = try await get(fixture).xml()
    #expect(initial.name == "StorageServiceProperties")
    #expect(try initial.at("HourMetrics", "Enabled").text == "false")
    #expect(try initial.at("DeleteRetentionPolicy", "Enabled").text == "false")
    #expect(initial.child("DefaultServiceVersion") == nil)
    let rule =
      "<CorsRule><AllowedOrigins>https://a.example,https://*.b.example</AllowedOrigins><AllowedMethods>GET,put</AllowedMethods>"
      + "<AllowedHeaders>x-ms-*</AllowedHeaders><ExposedHeaders>x-ms-request-id</ExposedHeaders><MaxAgeInSeconds>60</MaxAgeInSeconds></CorsRule>"
    let answer = try await set(
      fixture,
      "<StorageServiceProperties><Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write>"
        + "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging><Cors>\(rule)</Cors>"
        + "<DefaultServiceVersion>2021-12-02</DefaultServiceVersion></StorageServiceProperties>")
    #expect(answer.status == 202)
    let stored = try await get(fixture).xml()
    #expect(try stored.at("Cors", "CorsRule", "AllowedMethods").text == "GET,PUT")
    #expect(try stored.at("DefaultServiceVersion").text == "2021-12-02")
    // What a document leaves out stays.
    #expect(try await set(fixture, "<StorageServiceProperties/>").status == 202)
    #expect(try await get(fixture).xml().at("DefaultServiceVersion").text == "2021-12-02")
    #expect(try await set(fixture, "<StorageServiceProperties><Cors/></StorageServiceProperties>").status == 202)
    #expect(try await get(fixture).xml().at("Cors").children.isEmpty)
  }

  @Test(arguments: [
    ("<StorageServiceProperties><Logging><Delete>true</Delete><Read>false</Read></Logging></StorageServiceProperties>", "MissingRequiredXmlNode"),
    ("<StorageServiceProperties><HourMetrics><Enabled>true</Enabled></HourMetrics></StorageServiceProperties>", "MissingRequiredXmlNode"),
    (
      "<StorageServiceProperties><MinuteMetrics><Version>3.0</Version><Enabled>false</Enabled></MinuteMetrics></StorageServiceProperties>",
      "InvalidXmlNodeValue"
    ),
    (
      "<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled><Days>366</Days></DeleteRetentionPolicy></StorageServiceProperties>",
      "InvalidXmlNodeValue"
    ),
    (
      "<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled></DeleteRetentionPolicy></StorageServiceProperties>",
      "MissingRequiredXmlNode"
    ),
    (
      "<StorageServiceProperties><StaticWebsite><Enabled>true</Enabled><IndexDocument>a/b.html</IndexDocument></StaticWebsite></StorageServiceProperties>",
      "InvalidXmlNodeValue"
    ),
    ("<StorageServiceProperties><Cors/><Cors/></StorageServiceProperties>", "InvalidXmlDocument"),
    ("<StorageServiceProperties><HourMetrics/></StorageServiceProperties>", "MissingRequiredXmlNode"),
    ("<StorageServiceProperties><Magic/></StorageServiceProperties>", "UnsupportedXmlNode"),
    ("<StorageServiceProperties><DefaultServiceVersion>1999-01-01</DefaultServiceVersion></StorageServiceProperties>", "InvalidXmlNodeValue"),
    (
      "<StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins></CorsRule></Cors></StorageServiceProperties>",
      "MissingRequiredXmlNode"
    ),
    ("<Other/>", "InvalidXmlDocument"), ("", "InvalidXmlDocument"),
    ("<!DOCTYPE x [<!ENTITY a 'b'>]><StorageServiceProperties>&a;</StorageServiceProperties>", "InvalidXmlDocument"),
  ])
  func settingsThatCannotBeAreRefused(document: String, code: String) async throws {
    let fixture = try await AccountFixture()
    let answer = try await set(fixture, document)
    #expect(answer.status == 400)
    #expect(answer.code == code)
  }

  @Test func browsersAreAnsweredByTheRules() async throws {
    let fixture = try await AccountFixture()
    let rule =
      "<CorsRule><AllowedOrigins>https://*.b.example</AllowedOrigins><AllowedMethods>GET,PUT</AllowedMethods>"
      + "<AllowedHeaders>x-ms-*</AllowedHeaders><ExposedHeaders>x-ms-request-id</ExposedHeaders><MaxAgeInSeconds>60</MaxAgeInSeconds></CorsRule>"
    func preflight(_ origin: String, _ method: String, _ headers: String) async throws -> Answer {
      let asked = [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", headers)]
      return try await fixture.send(fixture.request(.OPTIONS, "/con/b", "", asked))
    }
    _ = try await get(fixture)
    #expect(try await preflight("https://a.b.example", "PUT", "x-ms-date").code == "CorsPreflightFailure")
    #expect(try await set(fixture, "<StorageServiceProperties><Cors>\(rule)</Cors></StorageServiceProperties>").status == 202)
    let allowed = try await preflight("https://a.b.example", "PUT", "x-ms-date,x-ms-version")
    #expect(allowed.status == 200)
    #expect(allowed["Access-Control-Allow-Origin"] == "https://a.b.example")
    #expect(allowed["Access-Control-Allow-Headers"] == "x-ms-date,x-ms-version")
    #expect(allowed["Access-Control-Max-Age"] == "60")
    #expect(try await preflight("https://evil.example", "PUT", "x-ms-date").status == 403)
    #expect(try await preflight("https://a.b.example", "DELETE", "x-ms-date").status == 403)
    #expect(try await preflight("https://a.b.example", "PUT", "authorization").status == 403)
    #expect(try await fixture.send(fixture.request(.OPTIONS, "/con/b")).code == "InvalidHeaderValue")
    let actual = try await fixture.send(fixture.request(.GET, "/con/b", "", [("Origin", "https://a.b.example")]))
    #expect(actual["Access-Control-Allow-Origin"] == "https://a.b.example")
    #expect(actual["Access-Control-Expose-Headers"] == "x-ms-request-id")
    let other = try await fixture.send(fixture.request(.GET, "/con/b", "", [("Origin", "https://evil.example")]))
    #expect(other["Access-Control-Allow-Origin"] == nil)
    #expect(other["Vary"] == "Origin")
  }

  @Test func theDefaultVersionIsInEffectWhereNoneIsNamed() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount(["allowBlobPublicAccess": true], container: [("x-ms-blob-public-access", "container")])
    let list = try fixture.request(.GET, "/con", "restype=container&comp=list")
    #expect(try await fixture.send(list)["x-ms-version"] == "2026-12-06")
    let document = "<StorageServiceProperties><DefaultServiceVersion>2020-10-02</DefaultServiceVersion></StorageServiceProperties>"
    let change = try fixture.request(.PUT, "/", "restype=service&comp=properties", body: document)
    #expect(try await fixture.send(fixture.signed(change, key: keys[0])).status == 202)
    #expect(try await fixture.send(list)["x-ms-version"] == "2020-10-02")
  }

  @Test(arguments: ["/", "/con", "/con/b"])
  func accountInformationIsThereOnEveryLevel(path: String) async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    for method in [HTTPMethod.GET, .HEAD] {
      let request = try fixture.request(method, path, "restype=account&comp=properties")
      let answer = try await fixture.send(fixture.signed(request, key: keys[0]))
      #expect(answer.status == 200)
      #expect(answer["x-ms-sku-name"] == "Standard_LRS")
      #expect(answer["x-ms-account-kind"] == "StorageV2")
      #expect(answer["x-ms-is-hns-enabled"] == "false")
      #expect(answer.length == 0)
    }
  }
}
