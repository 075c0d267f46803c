import Base
import Simulation
import Testing
import Wire

@Suite struct DatesTests {
  @Test(
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z"),
      (1_795_452_226, "Mon, 23 Nov 2026 16:43:46 GMT", "2026-11-23T16:43:46Z"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59Z"),
      (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT", "2099-12-31T23:59:59Z"),
    ] as [(Int64, String, String)])
  func aPointInTimeIsWrittenInBothForms(seconds: Int64, http: String, iso: String) {
    let time = Timestamp(seconds: seconds)
    #expect(time.httpDate == http)
    #expect(time.iso8601 == iso)
    #expect(Timestamp(httpDate: http) == time)
    #expect(Timestamp(iso8601: iso) == time)
  }

  @Test func everyDayReadsBack() {
    let random = SeededRandom(seed: 3)
    for _ in 0..<5000 {
      let time = Timestamp(microseconds: Int64(random.number(below: 8_000_000_000_000_000)) - 2_000_000_000_000_000)
      #expect(Timestamp(iso8601: time.iso8601Fractional) == time)
      #expect(Timestamp(httpDate: time.httpDate) == time.wholeSecond)
    }
  }

  @Test(
    arguments: [
      ("2026-11-23", 1_795_392_000_000_000), ("2026-11-23T16:43Z", 1_795_452_180_000_000), ("2026-11-23T16:43:46.972907", 1_795_452_226_972_907),
      ("2026-11-23T16:43:46.9729071Z", 1_795_452_226_972_907), ("2026-11-23T17:43:46+01:00", 1_795_452_226_000_000),
      ("2026-11-23T15:13:46-01:30", 1_795_452_226_000_000), ("2026-11-23 16:43:46", 1_795_452_226_000_000),
    ] as [(String, Int64)])
  func theFormsThatClientsSendAreRead(text: String, microseconds: Int64) {
    #expect(Timestamp(iso8601: text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026", "2026-13-01", "2026-02-29", "2026-11-31T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T16:60:00Z", "2026-11-23T16:43:46ZZ",
    "2026-11-23T16:43:46.Z", "2026-11-23T16:43:46.1234567890Z", "2026-11-23T16:43:46+1:00", "tomorrow", "２０２６-11-23",
  ])
  func anythingElseIsNoISODate(text: String) {
    #expect(Timestamp(iso8601: text) == nil)
  }

  @Test(arguments: [
    "", "Mon, 23 Nov 2026 16:43:46", "Mon, 23 Nov 2026 16:43:46 CET", "Mon 23 Nov 2026 16:43:46 GMT", "Mon, 32 Nov 2026 16:43:46 GMT",
    "Mon, 23 Foo 2026 16:43:46 GMT", "Mon, 23 Nov 26 16:43:46 GMT", "2026-11-23T16:43:46Z",
  ])
  func anythingElseIsNoHTTPDate(text: String) {
    #expect(Timestamp(httpDate: text) == nil)
  }
}
