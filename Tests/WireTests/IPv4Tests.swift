import Testing
import Wire

@Suite struct IPv4Tests {
  @Test(arguments: ["0.0.0.0", "10.0.0.255", "255.255.255.255"]) func anAddressIsReadAndWritten(text: String) {
    #expect(IPv4Address(text)?.description == text)
  }

  @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..3.4", "a.b.c.d", "1.2.3.4 ", "-1.2.3.4"]) func whatIsNoAddressIsRefused(
    text: String
  ) {
    #expect(IPv4Address(text) == nil)
  }

  @Test func prefixesContainAndOverlap() throws {
    let (wide, narrow, other) = (
      try #require(IPv4Prefix("10.0.0.0/8")), try #require(IPv4Prefix("10.1.2.0/24")), try #require(IPv4Prefix("11.0.0.0/8"))
    )
    #expect(wide.contains(narrow) && !narrow.contains(wide) && wide.overlaps(narrow) && narrow.overlaps(wide) && !wide.overlaps(other))
    #expect(narrow.last.description == "10.1.2.255" && narrow.count == 256 && narrow.netmask.description == "255.255.255.0")
    #expect(narrow.address(at: 4).description == "10.1.2.4")
    #expect(IPv4Prefix("0.0.0.0/0")?.contains(other) == true)
    #expect(IPv4Prefix("1.2.3.4")?.length == 32)
  }

  @Test(arguments: ["10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/a", "/8", "10.0.0.0/8/8"]) func whatIsNoPrefixIsRefused(text: String) {
    #expect(IPv4Prefix(text) == nil)
  }

  @Test func hardwareAddressesAreReadInBothForms() {
    let address = MACAddress("02-1A-2B-3C-4D-5E")
    #expect(address?.description == "02:1a:2b:3c:4d:5e" && address == MACAddress("02:1a:2b:3c:4d:5e") && address?.azureText == "02-1A-2B-3C-4D-5E")
    #expect(MACAddress("02:1a:2b:3c:4d") == nil && MACAddress("zz:1a:2b:3c:4d:5e") == nil)
  }
}
