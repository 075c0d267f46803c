import ExternalKeys
import Testing

/// What may be written of an external key manager's place.
struct ExternalKeyConnectionTests {
  private static func connection(_ host: String, prefix: String? = nil, name: String? = nil) -> ExternalKeyConnection? {
    ExternalKeyConnection(host: host, pathPrefix: prefix, authorities: [], serverName: name)
  }

  @Test func aHostHasANameAndPerhapsAPort() throws {
    #expect(Self.connection("Keys.Example.org")?.host == "keys.example.org" && Self.connection("keys.example.org")?.port == 443)
    #expect(Self.connection("10.0.0.1:8443")?.port == 8443 && Self.connection("a", prefix: "/x/y-1", name: "*.example.org") != nil)
  }

  @Test(arguments: [
    "", ":443", "a:", "a:0", "a:65536", "a:+1", "a:1:2", "a/b", "a b", "https://a", "a..b", "-a", "a-", "[::1]", "a@b", "é", "a?b", "a#b",
    String(repeating: "a", count: 64),
  ])
  func otherHostsAreNone(_ host: String) { #expect(Self.connection(host) == nil) }

  @Test(arguments: ["x", "/", "/x/", "/x y", "/é", "/..%2f", "/" + String(repeating: "x", count: 64)])
  func otherPrefixesAreNone(_ prefix: String) { #expect(Self.connection("a", prefix: prefix) == nil) }

  @Test(arguments: ["", "*", "*.", "a b", "*.*.a", "a/b"])
  func otherServerNamesAreNone(_ name: String) { #expect(Self.connection("a", name: name) == nil) }

  @Test func anIdentifierHasLettersDigitsAndHyphens() {
    for good in ["a", "A-1", String(repeating: "k", count: 64)] { #expect(ExternalKeyConnection.isIdentifier(good)) }
    for bad in ["", "a/b", "a.b", "../a", "é", "a b", String(repeating: "k", count: 65)] { #expect(!ExternalKeyConnection.isIdentifier(bad)) }
  }
}
