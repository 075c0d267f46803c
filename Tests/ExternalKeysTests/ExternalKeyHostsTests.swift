import ExternalKeys
import Testing

/// To which hosts the operator lets vaults connect.
@Suite struct ExternalKeyHostsTests {
  @Test(arguments: [
    ("keys.example.org", "keys.example.org:8443", true), ("KEYS.example.org", "keys.EXAMPLE.org", true),
    ("keys.example.org:8443", "keys.example.org:8443", true),
    ("keys.example.org:8443", "keys.example.org", false), ("keys.example.org", "other.example.org", false),
    ("*.example.org", "keys.example.org", true),
    ("*.example.org", "a.b.example.org:9", true), ("*.example.org", "example.org", false), ("*.example.org:8443", "keys.example.org", false),
    ("*.example.org", "keysexample.org", false), ("192.0.2.10", "192.0.2.10:443", true), ("192.0.2.10", "192.0.2.1", false),
  ])
  func aNameAllowsItsHostAlone(name: String, host: String, isAllowed: Bool) throws {
    let hosts = try #require(ExternalKeyHosts([name]))
    let connection = try #require(ExternalKeyConnection(host: host, pathPrefix: nil, authorities: [], serverName: nil))
    #expect(hosts.allow(connection) == isAllowed)
    #expect(!ExternalKeyHosts.none.allow(connection))
  }

  @Test(arguments: ["", "*", "https://keys.example.org", "keys.example.org:0", "a b", "*.*.org", "keys.example.org/"])
  func whatIsNoHostCannotBeAllowed(name: String) {
    #expect(ExternalKeyHosts([name]) == nil)
  }
}
