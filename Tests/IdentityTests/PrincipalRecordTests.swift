import Base
import Identity
import Records
import Simulation
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

@Suite struct PrincipalRecordTests {
  private let random = SeededRandom(seed: 5)
  private let now = Timestamp(microseconds: 1_700_000_000_123_456)

  private var user: User {
    var user = User(
      id: random.guid(), tenant: random.guid(), userPrincipalName: "é@contoso.local", displayName: "É", mailNickname: "e", accountEnabled: false,
      forceChangePasswordNextSignIn: true, home: User.HomeAccount(tenant: random.guid(), user: random.guid()), created: now)
    user.sessionsValidFrom = now.advanced(by: .seconds(1))
    (user.mail, user.givenName, user.surname, user.jobTitle, user.department) = ("m", "g", "s", "j", "d")
    (user.companyName, user.officeLocation, user.mobilePhone, user.preferredLanguage, user.usageLocation) = ("c", "o", "p", "fr", "FR")
    (user.passwordHash, user.businessPhones, user.otherMails) = ("hash", ["1", "2"], ["x@y"])
    return user
  }

  private var principal: ServicePrincipal {
    var principal = ServicePrincipal(
      id: random.guid(), tenant: random.guid(), appID: random.guid(), displayName: "app", servicePrincipalNames: ["a", "api://b"],
      servicePrincipalType: "ManagedIdentity", accountEnabled: false, appOwnerOrganizationID: random.guid(), created: now)
    (principal.description, principal.tags) = ("d", ["t", "u"])
    return principal
  }

  /// A record as it is written now, and as the first format wrote it: both are read.
  private func requireSame<R: Record & Codable & Equatable>(_ record: R) throws {
    var writer = ByteWriter()
    try record.encode(to: &writer)
    var reader = ByteReader(writer.bytes)
    #expect(try R(from: &reader, format: R.format) == record)
    #expect(reader.isAtEnd)
    var older = ByteWriter()
    older.blob(Array(try JSONEncoder().encode(record)))
    var olderReader = ByteReader(older.bytes)
    #expect(try R(from: &olderReader, format: 1) == record)
    for count in 0..<writer.bytes.count {
      var cut = ByteReader(writer.bytes[..<count])
      #expect(throws: (any Error).self) { try R(from: &cut, format: R.format) }
    }
  }

  /// As a release of before wrote them.
  private func older<R: Record>(_ type: R.Type, _ json: String) throws -> R {
    var writer = ByteWriter()
    writer.blob(Array(json.utf8))
    var reader = ByteReader(writer.bytes)
    return try R(from: &reader, format: 1)
  }

  @Test func recordsOfTheFirstFormatAreRead() throws {
    let user = try older(
      User.self,
      """
      {"accountEnabled":true,"businessPhones":[],"created":1795693102185410,"displayName":"Administrateur","forceChangePasswordNextSignIn":false,\
      "id":"75aee186-c663-40f6-aa38-251595bcc774","mailNickname":"admin","otherMails":[],"passwordHash":"pbkdf2","sessionsValidFrom":1795693102185410,\
      "tenant":"8b4f9a53-ff58-4bf3-a30f-79037079b10f","userPrincipalName":"admin@cocagne.localhost"}
      """)
    #expect((user.userPrincipalName, user.passwordHash, user.mail) == ("admin@cocagne.localhost", "pbkdf2", nil))
    #expect(user.created == Timestamp(microseconds: 1_795_693_102_185_410))
    let principal = try older(
      ServicePrincipal.self,
      """
      {"accountEnabled":true,"appID":"6ba168f7-ca11-4a1a-8ad7-8e28ce92c390","appOwnerOrganizationID":"8b4f9a53-ff58-4bf3-a30f-79037079b10f",\
      "created":1795693102185779,"displayName":"cocagne-admin","id":"1f594137-1c14-4eb2-bfc8-923b3b4345e6","keyCredentials":[],"passwordCredentials":\
      [{"displayName":"cocagne up","end":1858765102113240,"hash":"pbkdf2","hint":"yfe","keyID":"ec8e1759-dcf2-410f-883b-230cd6929b68",\
      "start":1795693102113240}],"servicePrincipalNames":["6ba168f7-ca11-4a1a-8ad7-8e28ce92c390"],"servicePrincipalType":"Application","tags":[],\
      "tenant":"8b4f9a53-ff58-4bf3-a30f-79037079b10f"}
      """)
    #expect(principal.passwordCredentials.map(\.hint) == ["yfe"])
    try requireSame(principal)
  }

  @Test func allOfAUserIsKept() throws {
    try requireSame(user)
    var bare = User(id: random.guid(), tenant: random.guid(), userPrincipalName: "a", displayName: "b", mailNickname: "c", created: now)
    try requireSame(bare)
    bare.accountEnabled = false
    try requireSame(bare)
  }

  @Test func allOfAServicePrincipalIsKept() throws {
    try requireSame(principal)
    var credentialed = principal
    credentialed.passwordCredentials = [
      PasswordCredential(keyID: random.guid(), displayName: "p", hint: "abc", hash: "h", start: now, end: now.advanced(by: .seconds(60)))
    ]
    try requireSame(credentialed)
  }
}
