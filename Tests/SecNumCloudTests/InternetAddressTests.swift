import SecNumCloud
import Testing

struct InternetAddressTests {
  @Test(arguments: [
    ("127.0.0.1", true, false), ("::1", true, false), ("10.1.2.3", false, true), ("172.31.0.1", false, true), ("172.32.0.1", false, false),
    ("192.168.1.1", false, true), ("100.64.0.1", false, true), ("fd00::1", false, true), ("2001:db8::1", false, false), ("8.8.8.8", false, false),
  ])
  func `an address knows whether it is of this host or of a private network`(_ text: String, _ isLoopback: Bool, _ isPrivate: Bool) throws {
    let address = try #require(InternetAddress(text))
    #expect(address.isLoopback == isLoopback)
    #expect(address.isPrivate == isPrivate)
    #expect(address.description == text)
  }

  @Test func `an address of IPv4 within IPv6 is the one of IPv4`() {
    #expect(InternetAddress("::ffff:10.0.0.1") == InternetAddress("10.0.0.1"))
  }

  @Test(arguments: ["", "10.0.0", "10.0.0.256", "host.test", "1::2::3", "10.0.0.1 "])
  func `anything else is no address`(_ text: String) { #expect(InternetAddress(text) == nil) }

  @Test(arguments: [
    ("10.20.0.0/24", "10.20.0.255", true), ("10.20.0.0/24", "10.20.1.0", false), ("0.0.0.0/0", "203.0.113.1", true), ("10.0.0.7", "10.0.0.7", true),
    ("10.0.0.7", "10.0.0.8", false), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false), ("0.0.0.0/0", "::1", false),
  ])
  func `a range holds the addresses that share its bits`(_ text: String, _ address: String, _ holds: Bool) throws {
    let range = try #require(AddressRange(text))
    #expect(range.contains(try #require(InternetAddress(address))) == holds)
  }

  @Test(arguments: ["10.20.0.1/24", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "net/8", "fd00::1/8"])
  func `a range with bits behind its length, or without sense, is none`(_ text: String) { #expect(AddressRange(text) == nil) }
}
