import Access
import Base
import Crypto
import Edge
import Keyring
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

@Suite struct AuthenticationTests {
  // MARK: Shared Key

  @Test func bothKeysSignInBothFormsAndStyles() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    for key in keys {
      for isLite in [false, true] {
        let hostStyle = try fixture.request(.GET, "/", "comp=list&maxresults=5")
        #expect(try await fixture.send(fixture.signed(hostStyle, key: key, isLite: isLite)).status == 200)
        let pathStyle = try fixture.request(.GET, "/acct/", "comp=list", host: "127.0.0.1")
        #expect(try await fixture.send(fixture.signed(pathStyle, key: key, isLite: isLite)).status == 200)
        let address = try fixture.request(.GET, "/acct", "comp=list", host: "[::1]")
        #expect(try await fixture.send(fixture.signed(address, key: key, isLite: isLite)).status == 200)
      }
    }
  }

  @Test func theDateMayBeQuarterOfAnHourAway() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    for (offset, status) in [(0, 200), (-900, 200), (900, 200), (-901, 403), (901, 403)] {
      let date = fixture.clock.now().advanced(by: .seconds(offset)).httpDate
      for header in ["x-ms-date", "Date"] {
        var request = fixture.signed(try fixture.request(.GET, "/", "comp=list", [("x-ms-date", date)]), key: keys[0])
        if header == "Date" {
          var plain = try fixture.request(.GET, "/", "comp=list", [("Date", date), ("x-ms-version", "2025-05-05")])
          let signed = SharedKey.SignedRequest(
            method: "GET", path: "/", query: plain.query, headers: plain.headers.map { ($0.name, $0.value) }, account: "acct", version: "2025-05-05")
          plain.headers.add(
            name: "Authorization", value: "SharedKey acct:\(SharedKey.signature(of: SharedKey.stringToSign(signed), key: keys[0]))")
          request = plain
        }
        let answer = try await fixture.send(request)
        #expect(answer.status == status, "\(header) \(offset): \(answer)")
        if status == 403 { #expect(answer.code == "AuthenticationFailed") }
      }
    }
  }

  @Test(arguments: ["", "yesterday", "2026-11-24T04:00:00Z"])
  func aRequestWithoutAProperDateIsRefused(date: String) async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    var request = fixture.signed(try fixture.request(.GET, "/", "comp=list", [("x-ms-date", date)]), key: keys[0])
    if date.isEmpty { request.headers.remove(name: "x-ms-date") }
    let answer = try await fixture.send(request)
    #expect(answer.status == 403)
    #expect(answer.code == "AuthenticationFailed")
    #expect(try answer.xml().at("AuthenticationErrorDetail").text == "The Date header in the request is incorrect.")
  }

  @Test func aChangedRequestIsRefusedWithTheStringThatWasExpected() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    var request = fixture.signed(try fixture.request(.GET, "/", "comp=list"), key: keys[0])
    request.query = try #require(Query(parsing: "comp=list&prefix=x"))
    let answer = try await fixture.send(request)
    #expect(answer.status == 403)
    #expect(answer.code == "AuthenticationFailed")
    let detail = try answer.xml().at("AuthenticationErrorDetail").text
    #expect(detail.contains("Server used following string to sign: 'GET\n"))
    #expect(detail.contains("\nprefix:x'"))
  }

  @Test(arguments: [
    ("SharedKey", 400, "InvalidAuthenticationInfo"), ("SharedKey acct", 400, "InvalidAuthenticationInfo"),
    ("SharedKey acct:", 400, "InvalidAuthenticationInfo"), ("SharedKey :x", 400, "InvalidAuthenticationInfo"),
    ("Basic acct:x", 400, "InvalidAuthenticationInfo"), ("SharedKey other:AAAA", 403, "AuthenticationFailed"),
    ("SharedKey acct:AAAA", 403, "AuthenticationFailed"), ("SharedKey acct:***", 403, "AuthenticationFailed"),
  ])
  func malformedHeadersAreRefused(header: String, status: Int, code: String) async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    let answer = try await fixture.send(
      fixture.request(.GET, "/", "comp=list", [("Authorization", header), ("x-ms-date", fixture.clock.now().httpDate)]))
    #expect(answer.status == status)
    #expect(answer.code == code)
  }

  @Test func sharedKeyCanBeForbidden() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let list = try fixture.request(.GET, "/", "comp=list")
    let signature = try fixture.signature([("ss", "b"), ("srt", "s"), ("sp", "l")], key: keys[0])
    #expect(try await fixture.send(fixture.request(.GET, "/", "comp=list&\(signature)")).status == 200)
    try await fixture.put(resource.id, ["properties": ["allowSharedKeyAccess": false]], .patch)
    for request in [fixture.signed(list, key: keys[0]), try fixture.request(.GET, "/", "comp=list&\(signature)")] {
      let answer = try await fixture.send(request)
      #expect(answer.status == 403)
      #expect(answer.code == "KeyBasedAuthenticationNotPermitted")
    }
  }

  // MARK: Nobody

  @Test func nobodyGetsAChallengeOrNothing() async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    let current = ("x-ms-version", "2025-05-05")
    let list = try await fixture.send(fixture.request(.GET, "/", "comp=list", [current]))
    #expect(list.status == 401)
    #expect(list.code == "NoAuthenticationInformation")
    let uri = "https://login.cloud.test:8443/\(fixture.tenant)/oauth2/authorize"
    #expect(list["WWW-Authenticate"] == "Bearer authorization_uri=\(uri) resource_id=https://storage.azure.com")
    #expect(try await fixture.send(fixture.request(.GET, "/con/b", "", [current])).status == 401)
    #expect(try await fixture.send(fixture.request(.GET, "/con/b")).code == "PublicAccessNotPermitted")
    #expect(try await fixture.send(fixture.request(.PUT, "/con/b")).code == "NoAuthenticationInformation")
  }

  @Test func aPublicContainerIsReadableToTheLevelItSays() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount(["allowBlobPublicAccess": true], container: [("x-ms-blob-public-access", "blob")])
    let list = try fixture.request(.GET, "/con", "restype=container&comp=list")
    let blob = try fixture.request(.GET, "/con/b")
    #expect(try await fixture.send(blob).code == "BlobNotFound")
    #expect(try await fixture.send(list).code == "ResourceNotFound")
    #expect(try await fixture.send(fixture.request(.DELETE, "/con/b")).code == "NoAuthenticationInformation")
    let open = try fixture.request(.PUT, "/con", "restype=container&comp=acl", [("x-ms-blob-public-access", "container")])
    #expect(try await fixture.send(fixture.signed(open, key: keys[0])).status == 200)
    #expect(try await fixture.send(list).status == 200)
    #expect(try await fixture.send(fixture.request(.GET, "/con", "restype=container")).status == 200)
    #expect(try await fixture.send(fixture.request(.GET, "/con", "restype=container&comp=acl")).code == "NoAuthenticationInformation")
    try await fixture.put(resource.id, ["properties": ["allowBlobPublicAccess": false]], .patch)
    #expect(try await fixture.send(list).code == "PublicAccessNotPermitted")
    #expect(try await fixture.send(list).status == 409)
  }

  @Test func whatIsNotPublishedStaysHiddenFromThosePublicAccessLetsIn() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount(["allowBlobPublicAccess": true], container: [("x-ms-blob-public-access", "container")])
    let stage = try fixture.request(.PUT, "/con/b", "comp=block&blockid=YQ==", body: "x")
    let blocks = try fixture.request(.GET, "/con/b", "comp=blocklist&blocklisttype=all")
    #expect(try await fixture.send(fixture.signed(stage, key: keys[0])).status == 201)
    #expect(try await fixture.send(fixture.signed(blocks, key: keys[0])).text.contains("YQ=="))
    let published = try await fixture.send(blocks)
    #expect(published.status == 200)
    #expect(!published.text.contains("YQ=="))
    for include in ["metadata", "snapshots", "copy"] {
      #expect(try await fixture.send(fixture.request(.GET, "/con", "restype=container&comp=list&include=\(include)")).status == 200)
    }
    for include in ["metadata,tags", "Tags", "deleted", "deletedwithversions", "versions", "uncommittedblobs"] {
      let request = try fixture.request(.GET, "/con", "restype=container&comp=list&include=\(include)")
      #expect(try await fixture.send(request).code == "AuthorizationPermissionMismatch", "\(include)")
      #expect(try await fixture.send(fixture.signed(request, key: keys[0])).status == 200, "\(include)")
    }
  }

  @Test func anAnswerDoesNotRepeatAnEncryptionKey() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let headers = [("x-ms-encryption-key", "secret1"), ("x-ms-source-encryption-key", "secret2"), ("x-ms-encryption-algorithm", "AES256")]
    var request = try fixture.signed(fixture.request(.GET, "/con/b", "", headers), key: keys[0])
    #expect(try await fixture.send(request).code != "AuthenticationFailed")
    request.headers.add(name: "x-ms-meta-a", value: "b")
    let refused = try await fixture.send(request)
    #expect(refused.code == "AuthenticationFailed")
    #expect(refused.text.contains("x-ms-encryption-key:XXXXX\n"))
    #expect(refused.text.contains("x-ms-encryption-algorithm:AES256\n"))
    #expect(!refused.text.contains("secret"))
  }

  // MARK: Tokens

  @Test(arguments: [
    (TokenError.expired, "Lifetime validation failed. The token is expired."),
    (.notYetValid, "Lifetime validation failed. The token is not yet valid."),
    (.wrongAudience, "Audience validation failed. Audience did not match."),
    (.wrongIssuer, "Issuer validation failed. Issuer did not match."),
    (.badSignature, "Signature validation failed. Signature verification failed."),
    (.wrongAlgorithm, "Signature validation failed. Signature verification failed."),
    (.malformed, "Signature validation failed. Signature verification failed."),
  ])
  func aBadTokenIsChallenged(error: TokenError, detail: String) async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    fixture.directory.fail("bad", error)
    let answer = try await fixture.send(fixture.request(.GET, "/", "comp=list", [("Authorization", "Bearer bad")]))
    #expect(answer.status == 401)
    #expect(answer.code == "InvalidAuthenticationInfo")
    #expect(answer["WWW-Authenticate"]?.hasPrefix("Bearer authorization_uri=") == true)
    #expect(try answer.xml().at("AuthenticationErrorDetail").text == detail)
  }

  @Test func rolesDecideWhatATokenMay() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let other = try fixture.request(.PUT, "/other", "restype=container")
    #expect(try await fixture.send(fixture.signed(other, key: keys[0])).status == 201)
    let reader = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
    fixture.directory.add(reader, token: "reader")
    let bearer = [("Authorization", "Bearer reader")]
    let list = try fixture.request(.GET, "/con", "restype=container&comp=list", bearer)
    let denied = try await fixture.send(list)
    #expect(denied.status == 403)
    #expect(denied.code == "AuthorizationPermissionMismatch")
    try await fixture.assign(BuiltInRole.storageBlobDataReader, to: reader, at: "\(resource.id)/blobServices/default/containers/con")
    #expect(try await fixture.send(list).status == 200)
    #expect(try await fixture.send(fixture.request(.GET, "/con/b", "", bearer)).code == "BlobNotFound")
    #expect(try await fixture.send(fixture.request(.DELETE, "/con/b", "", bearer)).code == "AuthorizationPermissionMismatch")
    #expect(
      try await fixture.send(fixture.request(.GET, "/other", "restype=container&comp=list", bearer)).code == "AuthorizationPermissionMismatch")
    #expect(try await fixture.send(fixture.request(.GET, "/", "comp=list", bearer)).code == "AuthorizationPermissionMismatch")
    let old = try await fixture.send(fixture.request(.GET, "/", "comp=list", bearer + [("x-ms-version", "2016-05-31")]))
    #expect(old.code == "AuthenticationFailed")
  }

  @Test func aForeignTenantsTokenIsNone() async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    fixture.directory.add(Principal(kind: .user, tenant: fixture.random.guid(), objectID: fixture.random.guid()), token: "foreign")
    let answer = try await fixture.send(fixture.request(.GET, "/", "comp=list", [("Authorization", "Bearer foreign")]))
    #expect(answer.status == 401)
    #expect(answer.code == "InvalidAuthenticationInfo")
    #expect(answer["WWW-Authenticate"]?.contains(fixture.tenant.description) == true)
  }

  // MARK: The shape of answers

  @Test func anErrorIsXMLWithItsCodeInAHeader() async throws {
    let fixture = try await AccountFixture()
    let answer = try await fixture.send(
      fixture.request(.GET, "/", "comp=list", [("x-ms-version", "2025-05-05")], host: "nobody.blob.core.cloud.test"))
    #expect(answer.status == 404)
    #expect(answer["x-ms-error-code"] == "ResourceNotFound")
    #expect(answer["x-ms-version"] == "2025-05-05")
    #expect(answer["x-ms-client-request-id"] == "client-1")
    let id = try #require(answer["x-ms-request-id"])
    let error = try answer.xml()
    #expect(error.name == "Error")
    #expect(try error.at("Code").text == "ResourceNotFound")
    #expect(
      try error.at("Message").text
        == "The specified resource does not exist.\nRequestId:\(id)\nTime:\(fixture.clock.now().iso8601Fractional)")
    let head = try await fixture.send(fixture.request(.HEAD, "/", "comp=list", host: "nobody.blob.core.cloud.test"))
    #expect(head["x-ms-error-code"] == "ResourceNotFound")
    #expect(head.body.isEmpty)
  }

  @Test(arguments: [
    ("GET", "/", "comp=batch", 405, "UnsupportedHttpVerb"), ("POST", "/", "comp=bunch", 400, "InvalidQueryParameterValue"),
    ("GET", "/", "restype=service&comp=state", 400, "InvalidQueryParameterValue"), ("DELETE", "/", "comp=list", 405, "UnsupportedHttpVerb"),
    ("PUT", "/con", "restype=container&comp=rent", 400, "InvalidQueryParameterValue"), ("GET", "//", "", 400, "InvalidUri"),
    ("GET", "/con/a%00b", "", 400, "InvalidUri"), ("GET", "/con/a%0Ab", "", 400, "InvalidUri"), ("GET", "/con/a%zz", "", 400, "InvalidUri"),
    ("GET", "/con/a%FF", "", 400, "InvalidUri"), ("GET", "/con/", "", 400, "InvalidUri"), ("GET", "con", "", 400, "InvalidUri"),
  ])
  func whatNamesNoOperationIsRefused(method: String, path: String, query: String, status: Int, code: String) async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    let answer = try await fixture.send(fixture.request(HTTPMethod(rawValue: method), path, query))
    #expect(answer.status == status)
    #expect(answer.code == code)
  }

  @Test(arguments: ["1999-01-01", "2027-01-01", "today", "2025-13-01", ""])
  func unknownVersionsAreRefused(version: String) async throws {
    let fixture = try await AccountFixture()
    _ = try await fixture.makeAccount()
    let answer = try await fixture.send(fixture.request(.GET, "/", "comp=list", [("x-ms-version", version)]))
    #expect(answer.code == "InvalidHeaderValue")
    #expect(try answer.xml().at("HeaderName").text == "x-ms-version")
  }

  @Test func theSecondaryIsNotThere() async throws {
    let fixture = try await AccountFixture()
    let (_, keys) = try await fixture.makeAccount()
    let request = try fixture.request(.GET, "/", "comp=list", host: "acct-secondary.blob.core.cloud.test")
    let answer = try await fixture.send(fixture.signed(request, key: keys[0]))
    #expect(answer.status == 403)
    #expect(answer.code == "InsufficientAccountPermissions")
  }

  @Test(arguments: [
    ("GET", "/con/b", "", true), ("PUT", "/con/b", "comp=block&blockid=x", true), ("PUT", "/con/b", "COMP=BLOCK", true),
    ("GET", "/con/b", "sv=x&sig=y", true), ("PUT", "/con/b", "comp=blocklist", false), ("GET", "/con", "restype=container&comp=list", false),
    ("HEAD", "/con/b", "", false), ("DELETE", "/con/b", "", false), ("GET", "/con", "", false),
  ])
  func theFastPathIsForBodiesOfBlobs(method: String, path: String, query: String, isFast: Bool) async throws {
    let fixture = try await AccountFixture()
    #expect(fixture.endpoint.prefersFastPath(method: HTTPMethod(rawValue: method), path: path, query: query[...]) == isFast)
  }
}
