import Access
import Base
import Directory
import Identity
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct ApplicationTests {
  /// A self-signed RSA certificate in base64, with the line breaks that the Azure CLI leaves in.
  private let certificate =
    """
    MIIDCzCCAfOgAwIBAgIUVxaIM4bPb5KWfw9azLXR7jIvXLowDQYJKoZIhvcNAQELBQAwFDESMBAGA1UEAwwJQ0xJLUxvZ2luMCAXDTI2MTEyNDA1MjMxNVoYDzIxMjYxMDMxMDUyMzE1
    WjAUMRIwEAYDVQQDDAlDTEktTG9naW4wggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCKzdGsjnnd/wHU9jWCjAHUAQBDUevX+F4EPcJQ6sNyBoo56h9c4LLhyMZBpVwb9b2z
    YUaHcLPcINuOZmblO7lMa60I3wJ2J9U5spJGPFBfM7FlmCjwNG84tVKiHd1T53aa9RadyHhHC+D1DZY1EDSLCZ5voduD/neNO97upLWM6tsL3W5mZMOx+478sELM8cezu5qI7HXWsHys
    XD1AhF9QyT+Zg9MMjn8AyAi05/9NhiQcOz+nDLJCdF3kNnz3nevO8nFL/NacH6obvKRQu6cJbZs/pdeRy1giEfXzrRNBU8uR8DE08eGWCLGltONg1oBC+alnQnNqwzW7pvi6mgjtAgMB
    AAGjUzBRMB0GA1UdDgQWBBRaM/Uu9xHCbroOZuGrn/r1WUcgizAfBgNVHSMEGDAWgBRaM/Uu9xHCbroOZuGrn/r1WUcgizAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IB
    AQCJJ0pE6/crgVow/4Yk1HlIk9Fy5mtVnIwZ+6V3rjuyXqyOpXtIlBGOUJLYR5sJh82J4wOe4ZazSQwyEJpdcehnqorqxTndrnWgW/EGI8LLzjFV7Hmra5BV3KY3hMGDl5DFU41dd0PU
    gDyyOvA/pYU6YF4CslXDoDTgrfy99AFfxDGHc/XLRteNKoMz4D/7xqYdOjEgycGsWmDJoRv+CeA139hvyyEotlNLR7JIjAIyOgStSMSrnSZUW65ST/15Fn743kga481U343PKB5+yZyg
    LIei53YZAjLyXlD2lXAAn5V5i52ehwiVmSvKRGG9i9WElYUncFWQq9YETL9OVVs4
    """
  private let thumbprint = "0A50A073200491410B399FD6E6122B1EA2CBEA80"

  @Test func certificatesAreAddedKeptAndRemoved() async throws {
    let fixture = try await DirectoryFixture()
    let key: JSON = [
      "@odata.type": "#microsoft.graph.keyCredential", "displayName": "first", "key": .string(certificate),
      "keyId": "5f3c3f43-9d9c-4f2e-8d8a-1f6f5a1b2c3d", "type": "AsymmetricX509Cert", "usage": "Verify",
    ]
    let created = try await fixture.send(.POST, "/v1.0/applications", ["displayName": "app", "keyCredentials": [key]])
    #expect(created.status == 201, "\(created.text)")
    let path = "/v1.0/applications/\(created.id)"
    let shown = try #require(try await fixture.get(path).json["keyCredentials"]?.array?.first)
    #expect(shown["customKeyIdentifier"]?.string == thumbprint)
    #expect(shown["keyId"]?.string == "5f3c3f43-9d9c-4f2e-8d8a-1f6f5a1b2c3d")
    #expect(shown.object?["key"] == .null)
    let selected = try await fixture.get(path + "?$select=keyCredentials").json["keyCredentials"]?.array?.first
    #expect(selected?["key"]?.string == certificate.filter { $0 != "\n" })
    var second = try #require(key.object)
    second["keyId"] = "6f3c3f43-9d9c-4f2e-8d8a-1f6f5a1b2c3d"
    // Clients give back what they were shown, without the certificate itself.
    #expect(try await fixture.send(.PATCH, path, ["keyCredentials": [shown, .object(second)]]).status == 204)
    let both = try #require(try await fixture.get(path).json["keyCredentials"]?.array)
    #expect(both.map { $0["keyId"]?.string } == ["5f3c3f43-9d9c-4f2e-8d8a-1f6f5a1b2c3d", "6f3c3f43-9d9c-4f2e-8d8a-1f6f5a1b2c3d"])
    #expect(try await fixture.send(.PATCH, path, ["keyCredentials": [both[1], both[1]]]).status == 400)
    #expect(try await fixture.send(.PATCH, path, ["keyCredentials": [both[1]]]).status == 204)
    #expect(try await fixture.get(path).json["keyCredentials"]?.array?.count == 1)
    #expect(try await fixture.send(.PATCH, path, ["keyCredentials": []]).status == 204)
    #expect(try await fixture.get(path).json["keyCredentials"]?.array == [])
    try await fixture.close()
  }

  @Test func aServicePrincipalForRolesIsMadeAsTheCommandLineMakesIt() async throws {
    let fixture = try await DirectoryFixture()
    #expect(try await fixture.get("/v1.0/servicePrincipals?$filter=displayName eq 'rbac1'").values.isEmpty)
    #expect(try await fixture.get("/v1.0/applications?$filter=startswith(displayName,'rbac1')").values.isEmpty)
    let application = try await fixture.send(.POST, "/v1.0/applications", ["displayName": "rbac1", "keyCredentials": []])
    #expect(application.status == 201)
    let appID = try #require(application.json["appId"]?.string)
    #expect(application.json["passwordCredentials"]?.array == [])
    let password = try await fixture.send(
      .POST, "/v1.0/applications/\(application.id)/addPassword",
      ["passwordCredential": ["displayName": "rbac", "startDateTime": "2026-11-23T00:00:00Z", "endDateTime": "2027-11-23T00:00:00Z"]])
    #expect(password.status == 200)
    #expect(password.json["secretText"]?.string?.count == 40)
    #expect(password.json["endDateTime"]?.string == "2027-11-23T00:00:00Z")
    let principal = try await fixture.send(.POST, "/v1.0/servicePrincipals", ["appId": .string(appID), "accountEnabled": true])
    #expect(principal.status == 201)
    #expect(principal.json["servicePrincipalNames"]?.array == [.string(appID)])
    for path in [
      "/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '\(appID)')", "/v1.0/servicePrincipals?$filter=appId eq '\(appID)'",
      "/v1.0/servicePrincipals?$filter=displayName eq 'rbac1'",
    ] {
      #expect(try await fixture.get(path).values.map { $0["id"]?.string } == [principal.id])
    }
    #expect(try await fixture.get("/v1.0/servicePrincipals(appId='\(appID)')").id == principal.id)
    #expect(try await fixture.get("/v1.0/applications(appId='\(appID)')").id == application.id)
    let shown = try await fixture.get("/v1.0/applications/\(application.id)")
    let credential = try #require(shown.json["passwordCredentials"]?.array?.first)
    #expect(credential.object?["secretText"] == .null)
    #expect(credential["hint"]?.string == password.json["secretText"]?.string.map { String($0.prefix(3)) })
    let keyID: JSON = ["keyId": credential["keyId"] ?? .null]
    #expect(try await fixture.send(.POST, "/v1.0/applications/\(application.id)/removePassword", keyID).status == 204)
    #expect(try await fixture.send(.POST, "/v1.0/applications/\(application.id)/removePassword", keyID).status == 400)
    let again = try await fixture.send(.POST, "/v1.0/servicePrincipals", ["appId": .string(appID)])
    #expect(again.status == 409)
    #expect(try await fixture.send(.DELETE, "/v1.0/applications/\(application.id)").status == 204)
    #expect(try await fixture.get("/v1.0/servicePrincipals/\(principal.id)").status == 404)
    try await fixture.close()
  }

  @Test func whatAnApplicationIsGivenItGivesBack() async throws {
    let fixture = try await DirectoryFixture()
    let body: JSON = [
      "displayName": "app", "identifierUris": ["api://app-one"],
      "web": ["redirectUris": ["https://app.local/back"], "homePageUrl": "https://app.local"],
      "publicClient": ["redirectUris": ["http://localhost"]], "requiredResourceAccess": [["resourceAppId": "x", "resourceAccess": []]],
      "api": ["requestedAccessTokenVersion": 2], "signInAudience": "AzureADMultipleOrgs",
    ]
    let created = try await fixture.send(.POST, "/v1.0/applications", body)
    #expect(created.status == 201, "\(created.text)")
    #expect(try await fixture.send(.PATCH, "/v1.0/applications/\(created.id)", ["web": ["logoutUrl": "https://app.local/out"]]).status == 204)
    let shown = try await fixture.get("/v1.0/applications/\(created.id)")
    #expect(shown.json["web"]?["redirectUris"]?.array == ["https://app.local/back"])
    #expect(shown.json["web"]?["homePageUrl"]?.string == "https://app.local")
    #expect(shown.json["web"]?["logoutUrl"]?.string == "https://app.local/out")
    #expect(shown.json["web"]?["implicitGrantSettings"]?["enableIdTokenIssuance"]?.boolean == false)
    #expect(shown.json["publicClient"]?["redirectUris"]?.array == ["http://localhost"])
    #expect(shown.json["api"]?["requestedAccessTokenVersion"]?.integer == 2)
    #expect(shown.json["api"]?["oauth2PermissionScopes"]?.array == [])
    #expect(shown.json["requiredResourceAccess"]?.array?.count == 1)
    #expect(try await fixture.get("/v1.0/applications?$filter=identifierUris/any(s:s eq 'api://app-one')").values.count == 1)
    let owned = try await fixture.get("/v1.0/me/ownedObjects")
    #expect(owned.values.map { $0["@odata.type"]?.string } == ["#microsoft.graph.application"])
    try await fixture.close()
  }

  @Test func credentialsThatAreNotACertificateAreRefused() async throws {
    let fixture = try await DirectoryFixture()
    let created = try await fixture.send(.POST, "/v1.0/applications", ["displayName": "app"])
    let path = "/v1.0/applications/\(created.id)"
    for key: JSON in [["key": "AAAA"], ["key": "!"], [:], ["keyId": .string(GUID.zero.description)]] {
      let answer = try await fixture.send(.PATCH, path, ["keyCredentials": [key]])
      #expect(answer.status == 400)
      #expect(answer.message == "Key credential value is invalid certificate.")
    }
    for body: JSON in [
      ["passwordCredential": ["secretText": "mine"]], ["passwordCredential": ["endDateTime": "soon"]], ["passwordCredential": ["colour": "red"]],
      ["passwordCredential": ["startDateTime": "2027-01-01T00:00:00Z", "endDateTime": "2026-01-01T00:00:00Z"]],
    ] {
      #expect(try await fixture.send(.POST, path + "/addPassword", body).status == 400)
    }
    try await fixture.close()
  }

  @Test func thePlatformsOwnApplicationsStayAsTheyAre() async throws {
    let fixture = try await DirectoryFixture()
    let found = try await fixture.get("/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')")
    #expect(found.json["displayName"]?.string == "Microsoft Graph")
    let changes: [(HTTPMethod, String, JSON?)] = [
      (.DELETE, "", nil), (.POST, "/addPassword", [:]), (.PATCH, "", ["accountEnabled": false]), (.PATCH, "", ["keyCredentials": []]),
    ]
    for (method, path, body) in changes {
      #expect(try await fixture.send(method, "/v1.0/servicePrincipals/\(found.id)\(path)", body).status == 403)
    }
    try await fixture.close()
  }
}
