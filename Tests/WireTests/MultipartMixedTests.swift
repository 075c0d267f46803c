import Testing
import Wire

@Suite struct MultipartMixedTests {
  private static func parts(_ header: String) -> [MultipartMixed.Part]? {
    let body = "--b\r\n\(header)\r\n\r\nGET /a HTTP/1.1\r\n\(header)\r\n\r\n\r\n--b--\r\n"
    return try? MultipartMixed.parts(Array(body.utf8)[...], boundary: "b", limit: 4)
  }

  @Test(arguments: ["Content-ID: 1", "x-ms-meta-a: é", "A:", "a!#$%&'*+-.^_`|~9: b"]) func headersAreTaken(header: String) throws {
    let part = try #require(Self.parts(header)?.first)
    #expect(part.headers.count == 1)
    #expect(try EmbeddedRequest(part).headers.count == 1)
  }

  /// Where a name were not checked, it would get among the headers of a request that nobody parsed.
  @Test(arguments: ["é: 1", "a b: 1", ": 1", "a\u{1}: 1", "a: b\u{1}c", "a: b\u{7F}", "(a): 1", "no colon"])
  func whatIsNoHeaderIsRefused(header: String) {
    #expect(Self.parts(header) == nil)
  }
}
