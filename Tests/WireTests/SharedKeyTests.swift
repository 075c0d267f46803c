import Crypto
import Testing
import Wire

/// Known answers made by azure-storage-blob 12.31.1 for account `acct` with the key 0, 1, … 63.
@Suite struct SharedKeyTests {
  private let key = SymmetricKey(data: Array(UInt8(0)..<64))
  private let common = [("x-ms-date", "Tue, 24 Nov 2026 04:00:00 GMT"), ("x-ms-version", "2026-04-06")]

  private func request(_ method: String, _ path: String, _ query: String, _ headers: [(String, String)]) throws -> SharedKey.SignedRequest {
    let query = try #require(Query(parsing: query))
    return SharedKey.SignedRequest(
      method: method, path: path, query: query, headers: (common + headers).map { (name: $0.0, value: $0.1) },
      account: "acct", version: "2026-04-06")
  }

  private func list() throws -> SharedKey.SignedRequest {
    try request("GET", "/", "comp=list&include=metadata&maxresults=5000&prefix=a%20b%2Fc", [("x-ms-client-request-id", "c1")])
  }

  private func put() throws -> SharedKey.SignedRequest {
    try request(
      "PUT", "/acct/c1/dir%20%C3%A9/b%25.txt", "",
      [
        ("x-ms-blob-type", "BlockBlob"), ("x-ms-blob-content-type", "text/plain"), ("x-ms-meta-a-b", "1"), ("x-ms-meta-ab", "2"),
        ("x-ms-meta-Abc", "3"), ("x-ms-meta-a1", "4"), ("x-ms-meta-a_c", "5"), ("Content-Length", "11"),
        ("Content-Type", "application/octet-stream"), ("If-None-Match", "*"), ("Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="),
      ])
  }

  @Test func theSDKsSignaturesAreRecognised() throws {
    #expect(SharedKey.signature(of: SharedKey.stringToSign(try list()), key: key) == "nczsY4vF4otbuoIO/ae2sqFNcaEjD6zwGAIDIx5Eosg=")
    #expect(SharedKey.signature(of: SharedKey.stringToSign(try put()), key: key) == "7GeDetg2wT7JG03yZszwms7pOXrUZFUtqE5sJw5FoMg=")
    let create = try request("PUT", "/c1", "restype=container", [("Content-Length", "0")])
    #expect(SharedKey.isValid(signature: "8a9hA6GFL7E8bwGb4E+vJF0qzPMNcyBQ5ZjeWGPs3r8=", of: SharedKey.stringToSign(create), key: key))
  }

  @Test func theStringIsWhatTheReferenceSays() throws {
    #expect(
      SharedKey.stringToSign(try put(), order: .bytewise) == """
        PUT


        11
        XrY7u+Ae7tCTyyK7j1rNww==
        application/octet-stream



        *


        x-ms-blob-content-type:text/plain
        x-ms-blob-type:BlockBlob
        x-ms-date:Tue, 24 Nov 2026 04:00:00 GMT
        x-ms-meta-a-b:1
        x-ms-meta-a1:4
        x-ms-meta-a_c:5
        x-ms-meta-ab:2
        x-ms-meta-abc:3
        x-ms-version:2026-04-06
        /acct/acct/c1/dir%20%C3%A9/b%25.txt
        """)
    #expect(
      SharedKey.liteStringToSign(try list()) == """
        GET



        x-ms-client-request-id:c1
        x-ms-date:Tue, 24 Nov 2026 04:00:00 GMT
        x-ms-version:2026-04-06
        /acct/?comp=list
        """)
  }

  @Test func everythingThatIsSignedCounts() throws {
    let original = SharedKey.stringToSign(try put())
    var variants: [SharedKey.SignedRequest] = []
    for change in [
      { (request: inout SharedKey.SignedRequest) in request.method = "GET" },
      { $0.path += "x" }, { $0.query = Query(items: [("comp", "block")]) }, { $0.account = "other" },
      { $0.headers.removeAll { $0.name == "If-None-Match" } }, { $0.headers.append(("Range", "bytes=0-1")) },
      { $0.headers.append(("x-ms-meta-new", "")) }, { $0.headers.append(("Content-Encoding", "gzip")) },
      { $0.headers.append(("Content-Language", "fr")) }, { $0.headers.append(("If-Match", "*")) },
      { $0.headers.append(("If-Modified-Since", "x")) }, { $0.headers.append(("If-Unmodified-Since", "x")) },
    ] as [(inout SharedKey.SignedRequest) -> Void] {
      var request = try put()
      change(&request)
      variants.append(request)
    }
    for variant in variants { #expect(SharedKey.stringToSign(variant) != original) }
  }

  @Test func aLengthOfZeroIsEmptySince2015() throws {
    var request = try request("PUT", "/c1", "", [("Content-Length", "0")])
    #expect(SharedKey.stringToSign(request).hasPrefix("PUT\n\n\n\n"))
    request.version = "2014-02-14"
    #expect(SharedKey.stringToSign(request).hasPrefix("PUT\n\n\n0\n"))
  }

  @Test func headersAreCollatedAsTheServiceDoes() throws {
    let names = [
      "x-ms-blob-content-type", "x-ms-blob-type", "x-ms-date", "x-ms-meta-a", "x-ms-meta-a.b", "x-ms-meta-a_c", "x-ms-meta-a1", "x-ms-meta-ab",
      "x-ms-meta-ab-", "x-ms-meta-a-b", "x-ms-meta--ab", "x-ms-meta-abc", "x-ms-meta-a-bc", "x-ms-version",
    ]
    let request = SharedKey.SignedRequest(
      method: "GET", path: "/", query: Query(), headers: names.reversed().map { ($0, "v") }, account: "a", version: "2026-04-06")
    let lines = SharedKey.stringToSign(request).split(separator: "\n").filter { $0.hasPrefix("x-ms-") }
    #expect(lines.map { String($0.dropLast(2)) } == names)
  }

  @Test(arguments: ["", "!!!", "nczsY4vF4otbuoIO/ae2sqFNcaEjD6zwGAIDIx5Eosg", "oczsY4vF4otbuoIO/ae2sqFNcaEjD6zwGAIDIx5Eosg="])
  func otherSignaturesAreRefused(signature: String) throws {
    #expect(!SharedKey.isValid(signature: signature, of: SharedKey.stringToSign(try list()), key: key))
  }
}
