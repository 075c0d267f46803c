import Base
import Testing
import Wire

@Suite struct ConditionalHeadersTests {
  private static let modified = Timestamp(microseconds: 1_700_000_000_400_000)
  private static let tag = ETag(at: modified)
  private static let before = "Tue, 14 Nov 2023 22:13:19 GMT"
  private static let same = "Tue, 14 Nov 2023 22:13:20 GMT"

  private static func conditions(_ headers: [String: String]) throws -> ConditionalHeaders {
    try ConditionalHeaders { name in headers[name]?.replacing("TAG", with: tag.quoted) }
  }

  @Test(
    arguments: [
      ([:], .met),
      (["If-Match": "TAG"], .met), (["If-Match": "*"], .met), (["If-Match": "\"0x1\""], .failed), (["If-Match": "\"0x1\", TAG"], .met),
      (["If-None-Match": "TAG"], .notModified), (["If-None-Match": "\"0x1\""], .met), (["If-None-Match": "*"], .unsatisfiable),
      (["If-None-Match": "\"0x1\", TAG"], .notModified),
      (["If-Modified-Since": before], .met), (["If-Modified-Since": same], .notModified),
      (["If-Unmodified-Since": before], .failed), (["If-Unmodified-Since": same], .met),
      (["If-None-Match": "TAG", "If-Modified-Since": before], .met), (["If-None-Match": "\"0x1\"", "If-Modified-Since": same], .met),
      (["If-None-Match": "TAG", "If-Modified-Since": same], .notModified), (["If-Match": "TAG", "If-Unmodified-Since": before], .failed),
      (["If-Match": "\"0x1\"", "If-None-Match": "TAG"], .failed),
    ] as [([String: String], ConditionalHeaders.Outcome)])
  func aReadIsEvaluated(headers: [String: String], expected: ConditionalHeaders.Outcome) throws {
    #expect(try Self.conditions(headers).evaluateRead(etag: Self.tag, lastModified: Self.modified) == expected)
  }

  @Test(
    arguments: [
      ([:], .met, .met),
      (["If-Match": "TAG"], .met, .failed), (["If-Match": "0x1"], .failed, .failed), (["If-Match": "*"], .met, .failed),
      (["If-None-Match": "TAG"], .failed, .met), (["If-None-Match": "\"0x1\""], .met, .met), (["If-None-Match": "*"], .exists, .met),
      (["If-Modified-Since": before], .met, .met), (["If-Modified-Since": same], .failed, .met),
      (["If-Unmodified-Since": before], .failed, .met), (["If-Unmodified-Since": same], .met, .met),
      (["If-Match": "TAG", "If-Unmodified-Since": before], .met, .failed), (["If-None-Match": "\"0x1\"", "If-Modified-Since": same], .met, .met),
    ] as [([String: String], ConditionalHeaders.Outcome, ConditionalHeaders.Outcome)])
  func aWriteIsEvaluated(headers: [String: String], existing: ConditionalHeaders.Outcome, missing: ConditionalHeaders.Outcome) throws {
    let conditions = try Self.conditions(headers)
    #expect(try conditions.evaluateWrite(etag: Self.tag, lastModified: Self.modified) == existing)
    #expect(try conditions.evaluateWrite(etag: nil, lastModified: nil) == missing)
  }

  @Test(arguments: [
    ["If-Match": "TAG, \"0x1\""], ["If-None-Match": "TAG, \"0x1\""], ["If-Match": "TAG", "If-None-Match": "TAG"],
    ["If-Match": "TAG", "If-Modified-Since": before], ["If-Modified-Since": before, "If-Unmodified-Since": same],
  ])
  func combinationsThatAWriteDoesNotTakeAreRefused(headers: [String: String]) throws {
    let conditions = try Self.conditions(headers)
    #expect(throws: ConditionalHeaders.Malformed.combination) { try conditions.evaluateWrite(etag: Self.tag, lastModified: Self.modified) }
  }

  @Test(arguments: [["If-Match": ""], ["If-None-Match": "\"\""], ["If-Modified-Since": "yesterday"], ["If-Unmodified-Since": "2023-11-14"]])
  func malformedHeadersAreRefused(headers: [String: String]) {
    #expect(throws: ConditionalHeaders.Malformed.self) { try Self.conditions(headers) }
  }
}
