import Base
import Edge
import Foundation
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

/// Requests that were right once and then had some of their bytes changed. Whatever comes, the service answers in time, and never with a
/// fault of its own.
///
/// `COCAGNE_FUZZ_REQUESTS` makes the run longer, `COCAGNE_SEED` repeats one.
@Suite(.timeLimit(.minutes(10))) struct FuzzTests {
  private struct Sample {
    var service = StorageService.blob
    var method: HTTPMethod
    var path: String
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body = ""
  }

  private static let signature =
    "sv=2022-11-02&ss=bqt&srt=sco&sp=rwdlacuptfx&st=2020-01-01T00:00:00Z&se=2040-01-01T00:00:00Z&spr=https&sip=10.0.0.1-10.0.0.9&sig=AAAA%3D"
  private static let batch = """
    --batch_a\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 0\r\n\r\n\
    DELETE /con/a HTTP/1.1\r\nx-ms-date: Thu, 14 Jun 2018 16:46:54 GMT\r\nAuthorization: Bearer token\r\nContent-Length: 0\r\n\r\n\r\n--batch_a--\r\n
    """
  private static let changes = """
    --batch_a\r\nContent-Type: multipart/mixed; boundary=changeset_b\r\n\r\n--changeset_b\r\nContent-Type: application/http\r\n\
    Content-Transfer-Encoding: binary\r\n\r\nPOST https://acct.table.core.cloud.test/people HTTP/1.1\r\nContent-Type: application/json\r\n\
    Accept: application/json;odata=minimalmetadata\r\n\r\n{"PartitionKey":"a","RowKey":"b","n@odata.type":"Edm.Int64","n":"5"}\r\n\
    --changeset_b--\r\n--batch_a--\r\n
    """
  private static let query = """
    <?xml version="1.0" encoding="utf-8"?><QueryRequest><QueryType>SQL</QueryType><Expression>SELECT _1, COUNT(*) FROM BlobStorage WHERE _1 LIKE 'a%' \
    LIMIT 3</Expression><InputSerialization><Format><Type>delimited</Type></Format></InputSerialization></QueryRequest>
    """

  private static let arithmetic = """
    <?xml version="1.0" encoding="utf-8"?><QueryRequest><QueryType>SQL</QueryType><Expression>SELECT 15.0/3 AS a, CAST('1e3' AS FLOAT) * 2 AS b \
    FROM BlobStorage</Expression><InputSerialization><Format><Type>delimited</Type></Format></InputSerialization><OutputSerialization><Format>\
    <Type>json</Type></Format></OutputSerialization></QueryRequest>
    """

  /// Of a key that nobody has; the time is that of the request.
  private static func signed(_ scheme: String) -> [(name: String, value: String)] {
    [("Authorization", "\(scheme) acct:ctzMq410TV3wS7upTBcunJTDLEJwMAZuFPfr0mrrA08=")]
  }

  private static let samples: [Sample] = [
    Sample(
      method: .GET, path: "/con/a", headers: [("x-ms-range", "bytes=0-99"), ("x-ms-range-get-content-md5", "true"), ("If-Match", "\"0x8D\", *")]),
    Sample(
      method: .GET, path: "/con",
      query: [
        ("restype", "container"), ("comp", "list"), ("prefix", "a"), ("delimiter", "/"), ("maxresults", "5"),
        ("include", "metadata,snapshots,versions,deleted,tags,copy,uncommittedblobs"), ("marker", "2!76!MDAwMDAy"),
      ]),
    Sample(method: .GET, path: "/", query: [("comp", "blobs"), ("where", "@container = 'con' AND \"k\" >= 'a' AND \"k\" < 'b'")]),
    Sample(
      method: .PUT, path: "/con/b",
      headers: [
        ("x-ms-blob-type", "BlockBlob"), ("x-ms-meta-a", "b"), ("x-ms-tags", "k=v&l=w"),
        ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="), ("x-ms-if-tags", "\"k\" = 'v'"),
      ]),
    Sample(method: .PUT, path: "/con/c", query: [("comp", "block"), ("blockid", "QUFBQQ==")], body: "some bytes"),
    Sample(
      method: .PUT, path: "/con/c", query: [("comp", "blocklist")], body: "<?xml version=\"1.0\"?><BlockList><Latest>QUFBQQ==</Latest></BlockList>"),
    Sample(method: .PUT, path: "/con/a", query: [("comp", "tags")], body: "<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags>"),
    Sample(
      method: .PUT, path: "/con/p",
      headers: [("x-ms-blob-type", "PageBlob"), ("x-ms-blob-content-length", "1024"), ("x-ms-blob-sequence-number", "7")]),
    Sample(method: .PUT, path: "/con/p", query: [("comp", "page")], headers: [("x-ms-page-write", "clear"), ("x-ms-range", "bytes=0-511")]),
    Sample(
      method: .GET, path: "/con/p", query: [("comp", "pagelist"), ("prevsnapshot", "2020-01-01T00:00:00.0000000Z")],
      headers: [("Range", "bytes=0-511")]),
    Sample(method: .PUT, path: "/con/q", headers: [("x-ms-blob-type", "AppendBlob")]),
    Sample(method: .PUT, path: "/con/q", query: [("comp", "appendblock")], headers: [("x-ms-blob-condition-appendpos", "0")], body: "appended"),
    Sample(
      method: .PUT, path: "/con/a", query: [("comp", "lease")],
      headers: [
        ("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "15"),
        ("x-ms-proposed-lease-id", "1f812371-a41d-49e6-b123-f4b542e851c5"),
      ]),
    Sample(
      method: .PUT, path: "/con/d",
      headers: [("x-ms-copy-source", "https://acct.blob.core.cloud.test/con/a?\(signature)"), ("x-ms-source-if-match", "*")]),
    Sample(
      method: .PUT, path: "/con", query: [("restype", "container"), ("comp", "acl")],
      body: """
        <SignedIdentifiers><SignedIdentifier><Id>a</Id><AccessPolicy><Start>2020-01-01T00:00:00Z</Start><Expiry>2030-01-01</Expiry>\
        <Permission>rwd</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>
        """),
    Sample(
      method: .PUT, path: "/", query: [("restype", "service"), ("comp", "properties")],
      body: """
        <StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins><AllowedMethods>GET</AllowedMethods><MaxAgeInSeconds>5</MaxAgeInSeconds>\
        <ExposedHeaders>x</ExposedHeaders><AllowedHeaders>y</AllowedHeaders></CorsRule></Cors></StorageServiceProperties>
        """),
    Sample(method: .POST, path: "/", query: [("comp", "batch")], headers: [("Content-Type", "multipart/mixed; boundary=batch_a")], body: batch),
    Sample(method: .POST, path: "/con/a", query: [("comp", "query")], body: query),
    Sample(method: .GET, path: "/con/a", query: parameters(signature)),
    Sample(method: .GET, path: "/con/a", query: [("timeout", "5")], headers: signed("SharedKey") + [("x-ms-client-request-id", "a")]),
    Sample(method: .GET, path: "/con/a", headers: signed("SharedKeyLite")),
    Sample(service: .table, method: .GET, path: "/people()", headers: signed("SharedKeyLite")),
    Sample(method: .POST, path: "/con/a", query: [("comp", "query")], body: arithmetic),
    Sample(service: .queue, method: .PUT, path: "/line"),
    Sample(
      service: .queue, method: .POST, path: "/line/messages", query: [("visibilitytimeout", "5"), ("messagettl", "-1")],
      body: "<QueueMessage><MessageText>hello</MessageText></QueueMessage>"),
    Sample(service: .queue, method: .GET, path: "/line/messages", query: [("numofmessages", "3"), ("visibilitytimeout", "30")]),
    Sample(
      service: .queue, method: .PUT, path: "/line/messages/1f812371-a41d-49e6-b123-f4b542e851c5",
      query: [
        ("popreceipt", "AgAAAAMAAAA"),
        ("visibilitytimeout", "30"),
      ], body: "<QueueMessage><MessageText>hello</MessageText></QueueMessage>"),
    Sample(service: .table, method: .POST, path: "/Tables", headers: [("Content-Type", "application/json")], body: "{\"TableName\":\"people\"}"),
    Sample(
      service: .table, method: .GET, path: "/people()",
      query: [
        (
          "$filter",
          "PartitionKey eq 'a' and (RowKey ge 'b' or n lt 5L) and not (t eq datetime'2020-01-01T00:00:00Z') and g ne guid'1f812371-a41d-49e6-b123-f4b542e851c5'"
        ),
        ("$select", "a,b"), ("$top", "5"), ("NextPartitionKey", "1!4!YQ--"),
      ]),
    Sample(
      service: .table, method: .PUT, path: "/people(PartitionKey='a',RowKey='b''c')",
      headers: [("Content-Type", "application/json"), ("If-Match", "*")],
      body: "{\"d@odata.type\":\"Edm.Double\",\"d\":\"NaN\",\"b@odata.type\":\"Edm.Binary\",\"b\":\"AAE=\",\"s\":\"x\"}"),
    Sample(service: .table, method: .POST, path: "/$batch", headers: [("Content-Type", "multipart/mixed; boundary=batch_a")], body: changes),
  ]

  private static func parameters(_ text: String) -> [(name: String, value: String)] {
    text.split(separator: "&").map { pair in
      let halves = pair.split(separator: "=", maxSplits: 1).map(String.init)
      return (halves[0], halves.count == 2 ? halves[1] : "")
    }
  }

  private static var requests: Int { ProcessInfo.processInfo.environment["COCAGNE_FUZZ_REQUESTS"].flatMap { Int($0) } ?? 4000 }

  private static var seed: UInt64 { ProcessInfo.processInfo.environment["COCAGNE_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32) }

  @Test func noRequestBringsTheServiceDown() async throws {
    let seed = Self.seed
    // A crash leaves no other trace of it.
    print("COCAGNE_SEED=\(seed)")
    var dice = Dice(SeededRandom(seed: seed))
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", Array("alpha,beta\ngamma,delta\n".utf8))
    var (answered, accepted) = (0, 0)
    for turn in 0..<Self.requests {
      var sample = Self.samples[turn % Self.samples.count]
      // Each is sent as it is as well, so that what the others change is there.
      if turn >= Self.samples.count { dice.change(&sample) }
      let request = Self.request(sample, fixture)
      let started = ContinuousClock.now
      let answer = try await Answer(await fixture.endpoint.respond(to: request))
      #expect(answer.status < 500 || answer.status == 501, "seed \(seed), request \(turn): \(sample) answered \(answer.status)")
      #expect(answer.failure == nil, "seed \(seed), request \(turn): \(sample) broke off")
      #expect(ContinuousClock.now - started < .seconds(30), "seed \(seed), request \(turn): \(sample)")
      answered += 1
      if answer.status < 300 { accepted += 1 }
    }
    #expect(answered == Self.requests && accepted > Self.samples.count / 2 && accepted < answered, "\(accepted) of \(answered)")
  }

  private static func request(_ sample: Sample, _ fixture: StorageFixture) -> EdgeRequest {
    var headers: HTTPHeaders = ["x-ms-version": "2025-05-05"]
    if sample.headers.contains(where: { $0.name == "Authorization" }) {
      headers.add(name: "x-ms-date", value: fixture.clock.now().httpDate)
    } else if !sample.query.contains(where: { $0.name == "sig" }) {
      headers.add(name: "Authorization", value: "Bearer token")
    }
    for header in sample.headers { headers.add(name: header.name, value: header.value) }
    let host = "acct.\(sample.service.rawValue).core.cloud.test"
    return EdgeRequest(
      method: sample.method, path: percentEncoded(sample.path, keeping: "/$(),'=%"), query: Query(items: sample.query), headers: headers,
      authority: host, host: host, identifiers: RequestIdentifiers(request: fixture.random.guid()), body: PiecesBody(Array(sample.body.utf8)))
  }

  /// What is changed, and how.
  private struct Dice {
    private let random: SeededRandom

    init(_ random: SeededRandom) {
      self.random = random
    }

    func roll(_ sides: Int) -> Int {
      Int(random.bytes(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % UInt64(max(1, sides)))
    }

    mutating func change(_ sample: inout Sample) {
      for _ in 0...roll(3) {
        switch roll(6) {
        case 0 where !sample.query.isEmpty:
          let index = roll(sample.query.count)
          sample.query[index].value = changed(sample.query[index].value)
        case 1 where !sample.query.isEmpty: sample.query.remove(at: roll(sample.query.count))
        case 2 where !sample.headers.isEmpty:
          let index = roll(sample.headers.count)
          sample.headers[index].value = changed(sample.headers[index].value).filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        case 3 where !sample.headers.isEmpty: sample.headers.remove(at: roll(sample.headers.count))
        case 4: sample.path = "/" + changed(String(sample.path.dropFirst()))
        default: sample.body = changed(sample.body)
        }
      }
    }

    private func changed(_ text: String) -> String {
      var bytes = Array(text.utf8)
      switch roll(6) {
      case 0: bytes = Array(bytes.prefix(roll(bytes.count + 1)))
      case 1: bytes.insert(contentsOf: Self.pieces[roll(Self.pieces.count)].utf8, at: roll(bytes.count + 1))
      case 2 where !bytes.isEmpty: bytes[roll(bytes.count)] = UInt8(roll(256))
      case 3 where !bytes.isEmpty: bytes.remove(at: roll(bytes.count))
      case 4: bytes += bytes
      default: bytes = Array(Self.pieces[roll(Self.pieces.count)].utf8)
      }
      return String(decoding: bytes, as: UTF8.self)
    }

    private static let pieces = [
      "", "0", "-1", "9223372036854775808", "%00", "%", "'", "\"", "&", "<", "<a>", "]]>", "<!DOCTYPE a>", "\u{0}", "\u{FFFF}", "é", "\u{1F600}",
      "../", "//",
      "(", ")", " or ", " and ", "*", "\r\n\r\n", "--batch_a", "1e999", "0001-01-01T00:00:00Z", "bytes=5-1", "bytes=-",
      String(repeating: "a", count: 2000),
      String(repeating: "(", count: 500), String(repeating: "not ", count: 300),
    ]
  }
}
