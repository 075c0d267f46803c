import Base
import Testing
import Wire

@Suite struct ETagTests {
  @Test func aTagIsTheTimeInTicksAsAzureWritesIt() throws {
    let time = try #require(Timestamp(iso8601: "2017-06-14T22:16:04.1234560Z"))
    #expect(ETag(at: time).text == "0x8D4B372F2714080")
    #expect(ETag(at: time).quoted == "\"0x8D4B372F2714080\"")
  }

  @Test func everyChangeHasAnotherTagThoughTheClockStandsStillOrGoesBack() {
    let now = Timestamp(seconds: 1_800_000_000)
    var tag = ETag(at: now)
    for time in [now, now, Timestamp(seconds: 1_700_000_000), now] {
      let next = ETag(at: time, after: tag)
      #expect(next > tag)
      tag = next
    }
  }
}
