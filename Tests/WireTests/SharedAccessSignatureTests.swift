import Crypto
import Testing
import Wire

/// Known answers made by azure-storage-blob 12.31.1 for account `acct` with the key 0, 1, … 63, and 0, 1, … 31 as user delegation key.
@Suite struct SharedAccessSignatureTests {
  private static let key = SymmetricKey(data: Array(UInt8(0)..<64))
  private static let delegationKey = SymmetricKey(data: Array(UInt8(0)..<32))
  private static let validity = "st=2026-11-23T00%3A00%3A00Z&se=2026-11-25T00%3A00%3A00Z"

  struct KnownAnswer: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var query: String
    var container = ""
    var blob = ""
    var key = SharedAccessSignatureTests.key
  }

  private static let account = KnownAnswer(
    testDescription: "account",
    query: "\(validity)&sp=rwdlacupitfx&sip=10.0.0.1-10.0.0.9&spr=https&sv=2026-10-06&ss=b&srt=sco"
      + "&sig=co65iH63IMQjz2iq2%2BXGrOwecExmI3Qv71OTd50VPAM%3D")
  private static let blob = KnownAnswer(
    testDescription: "blob",
    query: "se=2026-11-25T00%3A00%3A00Z&sp=r&sip=127.0.0.1&spr=https&sv=2026-10-06&sr=b&rscc=no-cache"
      + "&rscd=attachment%3B%20filename%3D%22x%22&rsct=text/plain&sig=3r7FDNhzRDCT1mtrUKp/R5E/pPGMTobr7KPZjyLiOk8%3D",
    container: "c1", blob: "dir/b é.txt")
  private static let bound = KnownAnswer(
    testDescription: "user delegation, bound to user, headers and parameters",
    query: "\(validity)&sp=rl&sv=2026-10-06&sduoid=44444444-4444-4444-8444-444444444444&sr=c&scid=55555555-5555-4555-8555-555555555555"
      + "&skoid=11111111-1111-4111-8111-111111111111&sktid=22222222-2222-4222-8222-222222222222&skt=2026-11-23T00%3A00%3A00Z"
      + "&ske=2026-11-25T00%3A00%3A00Z&sks=b&skv=2026-04-06&skdutid=33333333-3333-4333-8333-333333333333&srh=x-ms-meta,Foo%20Bar"
      + "&srq=prefix,delimiter&sig=zahVxKc5r6GzYXZGaqIOl5%2B6YAmufBx96T9yLH%2Bv3es%3D",
    container: "c1", key: delegationKey)

  static let knownAnswers = [
    account, blob, bound,
    KnownAnswer(
      testDescription: "container",
      query: "\(validity)&sp=racwdl&sv=2026-10-06&sr=c&sig=Xah9ArP0FIwihuJgaCARUObnNlK7Xxet%2BvZLwQRxuVU%3D", container: "c1"),
    KnownAnswer(
      testDescription: "container with stored policy",
      query: "sv=2026-10-06&si=p%20%C3%A91&sr=c&sig=eVm5tPpzAii4ueL57Xc85wy84AHdVI4Ol3TpyOAmXns%3D", container: "c1"),
    KnownAnswer(
      testDescription: "user delegation",
      query: "\(validity)&sp=r&sv=2026-10-06&sr=b&skoid=11111111-1111-4111-8111-111111111111&sktid=22222222-2222-4222-8222-222222222222"
        + "&skt=2026-11-23T00%3A00%3A00Z&ske=2026-11-25T00%3A00%3A00Z&sks=b&skv=2026-04-06&sig=PQLW2vj7tDB3UDYdf8ujtbQRuP%2BxgvBqAa1Mx/F8ams%3D",
      container: "c1", blob: "b1", key: delegationKey),
  ]

  private func signature(_ query: String) throws -> SharedAccessSignature {
    let query = try #require(Query(parsing: query))
    return try #require(try SharedAccessSignature(parsing: query))
  }

  private func context(_ answer: KnownAnswer) -> SharedAccessSignature.Context {
    SharedAccessSignature.Context(
      account: "acct", container: answer.container, blob: answer.blob, header: { ["x-ms-meta": "v1", "Foo Bar": "v2"][$0] },
      parameter: { ["prefix": "a/b", "delimiter": "/"][$0] })
  }

  @Test(arguments: knownAnswers) func theSDKsSignaturesAreRecognised(answer: KnownAnswer) throws {
    #expect(try signature(answer.query).isValid(context(answer), keys: [SymmetricKey(size: .bits256), answer.key]))
    #expect(try !signature(answer.query).isValid(context(answer), keys: [SymmetricKey(size: .bits256)]))
  }

  @Test(arguments: knownAnswers) func aChangedFieldBreaksTheSignature(answer: KnownAnswer) throws {
    let query = try #require(Query(parsing: answer.query))
    let replacements = [
      "sp": "rw", "st": "2026-11-22T00:00:00Z", "se": "2027-11-25T00:00:00Z", "sip": "0.0.0.0-255.255.255.255", "spr": "https,http",
      "sv": "2026-06-06", "ss": "bq", "srt": "s", "si": "p2", "rscc": "x", "rscd": "x", "rsct": "x", "scid": "55555555-5555-4555-8555-555555555556",
      "skoid": "11111111-1111-4111-8111-111111111112", "sktid": "22222222-2222-4222-8222-222222222223", "skt": "2026-11-22T00:00:00Z",
      "ske": "2026-12-25T00:00:00Z", "sks": "bq", "skv": "2025-11-05", "skdutid": "33333333-3333-4333-8333-333333333334",
      "sduoid": "44444444-4444-4444-8444-444444444445", "srh": "x-ms-meta", "srq": "prefix", "sr": "bs",
    ]
    for index in query.items.indices where query.items[index].name != "sig" {
      var changed = query
      let name = changed.items[index].name
      changed.items[index].value = try #require(replacements[name])
      let signature = try #require(try SharedAccessSignature(parsing: changed))
      #expect(!signature.isValid(context(answer), keys: [answer.key]), "\(name)")
    }
  }

  @Test func anotherPlaceBreaksTheSignature() throws {
    var other = Self.blob
    other.blob = "dir/c"
    #expect(try !signature(other.query).isValid(context(other), keys: [other.key]))
    other = Self.blob
    other.container = "c2"
    #expect(try !signature(other.query).isValid(context(other), keys: [other.key]))
    var foreign = context(Self.account)
    foreign.account = "acct2"
    #expect(try !signature(Self.account.query).isValid(foreign, keys: [Self.key]))
  }

  @Test func boundHeadersAndParametersMustBeThere() throws {
    var context = context(Self.bound)
    context.header = { _ in "other" }
    #expect(try !signature(Self.bound.query).isValid(context, keys: [Self.delegationKey]))
    context = self.context(Self.bound)
    context.parameter = { _ in nil }
    #expect(try !signature(Self.bound.query).isValid(context, keys: [Self.delegationKey]))
  }

  /// How many lines each version signs, by the reference.
  @Test(arguments: [
    ("2015-04-05", 13, "/blob/acct/c/b"), ("2018-03-28", 13, "/blob/acct/c/b"), ("2018-11-09", 15, "/blob/acct/c/b"),
    ("2020-12-06", 16, "/blob/acct/c/b"),
    ("2026-10-06", 16, "/blob/acct/c/b"),
  ])
  func aServiceSignatureHasTheFieldsOfItsVersion(version: String, lines: Int, resource: String) throws {
    let text = try signature("sv=\(version)&sr=b&sp=r&se=2026-01-01&sig=x").stringToSign(.init(account: "acct", container: "c", blob: "b"))
    let parts = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(parts.count == lines)
    #expect(parts[3] == resource)
    #expect(parts.contains { $0 == version })
  }

  @Test(arguments: [("2018-11-09", 20), ("2020-02-10", 23), ("2020-12-06", 24), ("2025-07-05", 26), ("2026-02-06", 26), ("2026-04-06", 28)])
  func aDelegatedSignatureHasTheFieldsOfItsVersion(version: String, lines: Int) throws {
    let text = try signature(
      "sv=\(version)&sr=b&sp=r&se=2026-01-01&skoid=11111111-1111-4111-8111-111111111111&sktid=22222222-2222-4222-8222-222222222222"
        + "&skt=2026-01-01&ske=2026-01-02&sks=b&skv=2018-11-09&sig=x"
    ).stringToSign(.init(account: "acct", container: "c", blob: "b"))
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == lines)
  }

  @Test(arguments: [("2015-04-05", 10), ("2020-12-06", 11)])
  func anAccountSignatureHasTheFieldsOfItsVersion(version: String, lines: Int) throws {
    let text = try signature("sv=\(version)&ss=b&srt=o&sp=r&se=2026-01-01&sig=x").stringToSign(.init(account: "acct"))
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == lines)
  }

  @Test func aDirectoryIsTheFirstSegmentsOfTheName() throws {
    let signature = try signature("sv=2020-02-10&sr=d&sdd=2&sp=r&se=2026-01-01&sig=x")
    let text = signature.stringToSign(.init(account: "acct", container: "c", blob: "a/b/c/d"))
    #expect(text.contains("/blob/acct/c/a/b\n"))
  }

  @Test(arguments: [
    ("sv=2020-12-06&sr=b&sp=r&se=2026-01-01&sig=", "sig is mandatory. Cannot be empty"),
    ("sr=b&sp=r&se=2026-01-01&sig=x", "sv is mandatory. Cannot be empty"),
    ("sv=2020-12-06&sp=r&se=2026-01-01&sig=x", "sr is mandatory. Cannot be empty"),
    ("sv=2020-12-06&sr=b&se=2026-01-01&sig=x", "sp is mandatory. Cannot be empty"),
    ("sv=2020-12-06&sr=b&sp=r&sig=x", "se is mandatory. Cannot be empty"),
    ("sv=2020-12-06&ss=b&sp=r&se=2026-01-01&sig=x", "srt is mandatory. Cannot be empty"),
    ("sv=2020-12-06&sr=d&sp=r&se=2026-01-01&sig=x", "sdd is mandatory. Cannot be empty"),
    ("sv=2020-12-06&sr=d&sdd=-1&sp=r&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=z&sp=r&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=b&sp=rr&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=b&sp=r%0A&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=b&sp=q&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=b&sp=r&se=tomorrow&sig=x", "Signature fields not well formed."),
    ("sv=latest&sr=b&sp=r&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2011-08-18&sr=b&sp=r&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2015-02-21&sr=b&sp=r&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=b&sp=r&sp=w&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=b&sp=r&SP=w&se=2026-01-01&sig=x", "Signature fields not well formed."),
    ("sv=2020-12-06&sr=b&sp=r&se=2026-01-01&rscd=a%0D%0Ab&sig=x", "Signature fields not well formed."),
    (
      "sv=2020-12-06&sr=b&sp=r&se=2026-01-01&skoid=me&sktid=t&skt=2026-01-01&ske=2026-01-01&sks=b&skv=2020-12-06&sig=x",
      "Signature fields not well formed."
    ),
  ])
  func malformedFieldsAreRefused(query: String, detail: String) throws {
    let query = try #require(Query(parsing: query))
    #expect { try SharedAccessSignature(parsing: query) } throws: { ($0 as? SharedAccessSignature.Malformed)?.description == detail }
  }

  /// Whoever has a signature could add them otherwise.
  @Test(arguments: [
    ("sr=bs", "2018-03-28", "2018-11-09"), ("sr=bv", "2018-03-28", "2018-11-09"), ("sr=d&sdd=1", "2019-12-12", "2020-02-10"),
    ("sr=c&ses=scope", "2020-10-02", "2020-12-06"), ("sr=c&scid=55555555-5555-4555-8555-555555555555", "2019-12-12", "2020-02-10"),
    ("sr=c&sduoid=44444444-4444-4444-8444-444444444444", "2025-05-05", "2025-07-05"),
    ("sr=c&skdutid=33333333-3333-4333-8333-333333333333", "2025-05-05", "2025-07-05"), ("sr=c&srh=a", "2026-02-06", "2026-04-06"),
    ("sr=c&srq=a", "2026-02-06", "2026-04-06"),
  ])
  func aFieldIsRefusedByVersionsThatDoNotSignIt(fields: String, without: String, with: String) throws {
    let common = "sp=r&se=2026-01-01&sig=x&\(fields)"
    #expect(throws: SharedAccessSignature.Malformed.notWellFormed) { try signature("sv=\(without)&\(common)") }
    #expect(throws: Never.self) { try signature("sv=\(with)&\(common)") }
  }

  @Test func aQueryWithoutSignatureIsNone() throws {
    let query = try #require(Query(parsing: "comp=list&prefix=a&sv=2020-12-06"))
    #expect(try SharedAccessSignature(parsing: query) == nil)
  }

  @Test func whatIsSignedHereIsWhatTheSDKWouldSign() throws {
    let query = try SharedAccessSignature.query(
      signing: [("st", "2026-11-23T00:00:00Z"), ("se", "2026-11-25T00:00:00Z"), ("sp", "racwdl"), ("sv", "2026-10-06"), ("sr", "c")],
      .init(account: "acct", container: "c1"), key: Self.key)
    #expect(query == "\(Self.validity)&sp=racwdl&sv=2026-10-06&sr=c&sig=Xah9ArP0FIwihuJgaCARUObnNlK7Xxet%2BvZLwQRxuVU%3D")
  }
}
