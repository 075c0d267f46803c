import Crypto
import Testing
import Wire

/// Known answers made by azure-storage-queue 12.18.1 and azure-data-tables 12.7.0 for account `acct` with the key 0, 1, … 63, which is the user
/// delegation key too.
@Suite struct QueueAndTableSignatureTests {
  private static let key = SymmetricKey(data: Array(UInt8(0)..<64))

  struct KnownAnswer: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var service: SharedAccessSignature.Service
    var container = ""
    var query: String
  }

  static let knownAnswers = [
    KnownAnswer(
      testDescription: "queue", service: .queue, container: "q1",
      query: "st=2027-01-01T00%3A00%3A00Z&se=2027-01-02T03%3A04%3A05Z&sp=raup&sip=10.0.0.1-10.0.0.9&spr=https&sv=2026-10-06"
        + "&sig=3KKirHBHx7%2BxDMlkNTdGiEfRnExGIdcHzn9pCVh50Eo%3D"),
    KnownAnswer(
      testDescription: "queue with stored policy", service: .queue, container: "q1",
      query: "sv=2026-10-06&si=p1&sig=JEjqFPlEEdZrhypwz8V8sb9HVy/JkJF%2BkoVVmQ82iyo%3D"),
    KnownAnswer(
      testDescription: "queue, user delegation, bound to a user", service: .queue, container: "q1",
      query: "se=2027-01-02T03%3A04%3A05Z&sp=rp&sv=2026-10-06&sduoid=44444444-4444-4444-4444-444444444444"
        + "&skoid=11111111-1111-1111-1111-111111111111&sktid=22222222-2222-2222-2222-222222222222&skt=2027-01-01T00%3A00%3A00Z"
        + "&ske=2027-01-02T00%3A00%3A00Z&sks=q&skv=2026-04-06&skdutid=33333333-3333-3333-3333-333333333333"
        + "&sig=W81OOfP0LlGkECCZ1rs60I3flhgBlcq4Bqcwb7ZYbHg%3D"),
    KnownAnswer(
      testDescription: "table, a range of keys", service: .table, container: "MyTable",
      query: "se=2027-01-02T03%3A04%3A05Z&sp=raud&sv=2019-02-02&tn=MyTable&spk=a&srk=1&epk=c&erk=%C3%A9"
        + "&sig=0qxVq/s84NUycIzLB3nezSrQJnwTeLx59O62RtgsiXQ%3D"),
    KnownAnswer(
      testDescription: "table", service: .table, container: "mytable",
      query: "se=2027-01-02T03%3A04%3A05Z&sp=r&sv=2019-02-02&tn=MyTable&sig=z%2BM5Rcstz3/Cg0I/CfcmEJRCFDhpy9oG7lCSMT5W2ao%3D"),
    KnownAnswer(
      testDescription: "account, for tables", service: .table,
      query: "se=2027-01-02T03%3A04%3A05Z&sp=rl&sv=2019-02-02&ss=t&srt=so&sig=qRf6Ospz6rgyi0CcmdePWeflLKP9uFABJ12VwsMljnw%3D"),
    KnownAnswer(
      testDescription: "account, for queues", service: .queue,
      query: "se=2027-01-02T03%3A04%3A05Z&sp=rl&sv=2026-10-06&ss=q&srt=so&sig=/gQrsoUWPE6uLwUFXKf945frHPDxREZtpq/ZLqaCyUE%3D"),
  ]

  private func isValid(_ query: Query, _ service: SharedAccessSignature.Service, _ container: String) throws -> Bool {
    let signature = try #require(try SharedAccessSignature(parsing: query, service: service))
    return signature.isValid(SharedAccessSignature.Context(account: "acct", container: container), keys: [Self.key])
  }

  @Test(arguments: knownAnswers) func theSDKsSignaturesAreRecognised(answer: KnownAnswer) throws {
    let query = try #require(Query(parsing: answer.query))
    #expect(try isValid(query, answer.service, answer.container))
  }

  @Test(arguments: knownAnswers) func aChangedFieldOrAnotherResourceBreaksTheSignature(answer: KnownAnswer) throws {
    let query = try #require(Query(parsing: answer.query))
    let replacements = [
      "sp": "rau", "st": "2026-11-22T00:00:00Z", "se": "2027-11-25T00:00:00Z", "sip": "0.0.0.0-255.255.255.255", "spr": "https,http",
      "sv": "2025-11-05", "si": "p2", "ss": "bqt", "srt": "sco", "skoid": "11111111-1111-1111-1111-111111111112",
      "sktid": "22222222-2222-2222-2222-222222222223", "skt": "2026-11-22T00:00:00Z", "ske": "2027-12-25T00:00:00Z", "sks": "bq",
      "skv": "2025-11-05", "skdutid": "33333333-3333-3333-3333-333333333334", "sduoid": "44444444-4444-4444-4444-444444444445", "spk": "A",
      "srk": "0", "epk": "d", "erk": "z",
    ]
    for index in query.items.indices where query.items[index].name != "sig" && query.items[index].name != "tn" {
      var changed = query
      changed.items[index].value = try #require(replacements[changed.items[index].name])
      #expect(try !isValid(changed, answer.service, answer.container), "\(changed.items[index])")
    }
    if !answer.container.isEmpty {
      #expect(try !isValid(query, answer.service, "other"))
      #expect(throws: (any Error).self) { try #require(try isValid(query, .blob, answer.container)) }
    }
  }

  @Test(arguments: [
    ("tn=t&srk=1&sp=r", "Signature fields not well formed."), ("tn=t&spk=a&epk=b&erk=1&sp=q", "Signature fields not well formed."),
    ("tn=t&erk=1&sp=r", "Signature fields not well formed."), ("sp=r", "tn is mandatory. Cannot be empty"),
    ("tn=&sp=r", "tn is mandatory. Cannot be empty"), ("tn=t&tn=u&sp=r", "Signature fields not well formed."),
    ("tn=t%0a&sp=r", "Signature fields not well formed."),
  ])
  func aSignatureForTablesNamesItsTableAndBounds(fields: String, detail: String) throws {
    let query = try #require(Query(parsing: "sv=2019-02-02&se=2027-01-02T03%3A04%3A05Z&sig=AA&\(fields)"))
    #expect { try SharedAccessSignature(parsing: query, service: .table) } throws: {
      ($0 as? SharedAccessSignature.Malformed)?.description == detail
    }
  }

  @Test(arguments: [SharedAccessSignature.Service.queue, .table])
  func versionsThatDoNotSignTheServiceAreRefused(service: SharedAccessSignature.Service) throws {
    let query = try #require(Query(parsing: "sv=2014-02-14&se=2027-01-02T03%3A04%3A05Z&sp=r&tn=T&sig=AA"))
    #expect(throws: SharedAccessSignature.Malformed.notWellFormed) { try SharedAccessSignature(parsing: query, service: service) }
  }

  @Test func tablesHaveAShorterStringToSign() throws {
    let query = try #require(Query(parsing: "comp=acl&timeout=5"))
    let headers = [
      ("x-ms-date", "Tue, 24 Nov 2026 04:00:00 GMT"), ("Date", "Tue, 24 Nov 2026 03:00:00 GMT"), ("Content-Type", "application/json"),
      ("x-ms-version", "2019-02-02"), ("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="),
    ]
    let request = SharedKey.SignedRequest(
      method: "PUT", path: "/T%28%29", query: query, headers: headers.map { (name: $0.0, value: $0.1) }, account: "acct", version: "2019-02-02")
    #expect(
      SharedKey.tableStringToSign(request)
        == "PUT\nXrY7u+Ae7tCTyyK7j1rNww==\napplication/json\nTue, 24 Nov 2026 04:00:00 GMT\n/acct/T%28%29?comp=acl")
    #expect(SharedKey.tableLiteStringToSign(request) == "Tue, 24 Nov 2026 04:00:00 GMT\n/acct/T%28%29?comp=acl")
  }
}
