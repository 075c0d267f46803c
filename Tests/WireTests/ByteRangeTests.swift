import Testing
import Wire

@Suite struct ByteRangeTests {
  @Test(
    arguments: [
      ("bytes=0-0", 0, 0), ("bytes=5-9", 5, 9), ("bytes=7-", 7, nil), ("bytes=0-99999999999999999999999", 0, Int.max),
    ] as [(String, Int, Int?)])
  func aRangeIsRead(text: String, first: Int, last: Int?) {
    #expect(ByteRange(text) == ByteRange(first: first, last: last))
  }

  @Test(arguments: ["", "bytes", "bytes=", "bytes=-5", "bytes=5", "bytes=9-5", "bytes=a-b", "bytes=1-2,4-5", "items=0-1", "bytes=+1-2", "bytes= 1-2"])
  func anotherFormIsNoRange(text: String) {
    #expect(ByteRange(text) == nil)
  }

  @Test(
    arguments: [
      ("bytes=0-", 10, 0..<10), ("bytes=0-99", 10, 0..<10), ("bytes=9-9", 10, 9..<10), ("bytes=3-5", 10, 3..<6), ("bytes=10-", 10, nil),
      ("bytes=0-0", 0, nil), ("bytes=0-", 0, nil), ("bytes=99999999999999999999-", 10, nil),
    ] as [(String, Int, Range<Int>?)])
  func aRangeIsCutToTheResource(text: String, size: Int, expected: Range<Int>?) throws {
    #expect(try #require(ByteRange(text)).resolve(size: size) == expected)
  }
}
