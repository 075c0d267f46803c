import SecNumCloud
import Testing

struct ShareTests {
  private func share(_ percent: String) throws -> Share { try #require(Share(percent: percent)) }

  @Test(arguments: [("24", "24"), ("24.01", "24.01"), ("24.0001", "24.0001"), ("0", "0"), ("0.0001", "0.0001"), ("100", "100"), ("7.50", "7.5")])
  func `a percentage is written as it was read`(read: String, written: String) throws {
    #expect(try share(read).percent == written)
  }

  @Test(arguments: ["", "-1", "100.0001", "101", "24,01", "1e2", "24.00001", ".5", "5.", " 5", "0x10", "1000"])
  func `what is no percentage of at most 100 with four decimals is refused`(_ text: String) {
    #expect(Share(percent: text) == nil)
  }

  @Test func `three times 13 % is 39 % to the last decimal, and ten times 0.1 % is 1 %`() throws {
    let thirteen = try share("13")
    #expect(try thirteen + thirteen + thirteen == share("39"))
    #expect(try (0..<10).map { _ in try share("0.1") }.reduce(.zero, +) == share("1"))
  }

  @Test func `a product of many shares loses no decimal`() throws {
    #expect(try (share("60") * share("40")).percent == "24")
    #expect(try (share("33.3333") * share("33.3333")).percent == "11.1110888889")
    let long = try (0..<40).map { _ in try share("99.9999") }.reduce(.whole, *)
    #expect(long < .whole)
    #expect(long.percent.count > 200)
    #expect(try long > share("99.99"))
  }

  @Test func `shares are ordered by their value`() throws {
    #expect(try share("24") < share("24.0001"))
    #expect(try share("9") < share("10"))
    #expect(try share("24") * .whole == share("24"))
    #expect(try share("99.9999") < .whole)
  }

  @Test(arguments: [("0", "100"), ("100", "0"), ("24.01", "75.99"), ("99.9999", "0.0001")])
  func `what lacks to the whole is exact`(_ own: String, _ rest: String) throws {
    #expect(try share(own).remainder == share(rest))
    #expect(try share(own) + share(own).remainder == .whole)
  }
}
