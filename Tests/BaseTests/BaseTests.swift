import Base
import Simulation
import Testing

@Suite struct GUIDTests {
  @Test func aGUIDReadsWhatItWrites() {
    let random = SeededRandom(seed: 7)
    for _ in 0..<1000 {
      let guid = random.guid()
      #expect(GUID(guid.description) == guid)
      #expect(GUID(guid.description.uppercased()) == guid)
      #expect(guid.description.utf8.count == 36)
      #expect(Array(guid.description)[14] == "4", "version")
      #expect("89ab".contains(Array(guid.description)[19]), "variant")
    }
  }

  @Test(arguments: [
    "", "0f8fad5b", "0f8fad5b-d9cb-469f-a165-70867728950", "0f8fad5b-d9cb-469f-a165-70867728950eg", "0f8fad5bXd9cb-469f-a165-70867728950e",
    "{0f8fad5b-d9cb-469f-a165-70867728950e}",
  ])
  func anythingElseIsNoGUID(text: String) {
    #expect(GUID(text) == nil)
  }
}

@Suite struct ByteCodingTests {
  @Test func everyFieldComesBack() throws {
    var writer = ByteWriter()
    let numbers: [Int64] = [0, 1, -1, 63, 64, -64, -65, .max, .min]
    writer.list(numbers) { $0.signed($1) }
    writer.string("été\u{0}")
    writer.optional("x") { $0.string($1) }
    writer.optional(String?.none) { $0.string($1) }
    writer.guid(GUID(high: 1, low: .max))
    writer.unsigned(.max)
    var reader = ByteReader(writer.bytes)
    #expect(try reader.list { try $0.signed() } == numbers)
    #expect(try reader.string() == "été\u{0}")
    #expect(try reader.optional { try $0.string() } == "x")
    #expect(try reader.optional { try $0.string() } == nil)
    #expect(try reader.guid() == GUID(high: 1, low: .max))
    #expect(try reader.unsigned() == .max)
    #expect(reader.isAtEnd)
  }

  @Test func bytesThatAreCutOrAlteredGiveAnErrorAndNeverMore() {
    var writer = ByteWriter()
    writer.list(["a", "bc", "def"]) { $0.string($1) }
    for end in 0..<writer.bytes.count {
      var reader = ByteReader(writer.bytes[..<end])
      #expect(throws: ByteReader.Malformed.self) { _ = try reader.list { try $0.string() } }
    }
    var huge = ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
    #expect(throws: ByteReader.Malformed.self) { _ = try huge.blob() }
  }
}

@Suite struct RandomSourceTests {
  @Test func numbersBelowABoundCoverIt() {
    let random = SystemRandom()
    var seen: Set<Int> = []
    for _ in 0..<1000 { seen.insert(random.number(below: 10)) }
    #expect(seen == Set(0..<10))
  }

  @Test func bytesComeInTheWantedNumber() {
    for count in [0, 1, 7, 8, 9, 33] { #expect(SystemRandom().bytes(count).count == count) }
  }
}

@Suite struct TimestampTests {
  @Test func secondsRoundDownOnBothSidesOfTheEpoch() {
    #expect(Timestamp(microseconds: 1_999_999).seconds == 1)
    #expect(Timestamp(microseconds: -1).seconds == -1)
    #expect(Timestamp(microseconds: -1_000_000).seconds == -1)
    #expect(Timestamp(seconds: 5).advanced(by: .milliseconds(-1)).microseconds == 4_999_000)
  }
}

@Suite struct ConstantTimeTests {
  /// Every pair of strings of up to three bytes out of four: differences that would cancel one another are among them.
  @Test func onlyEqualBytesAreEqual() {
    let alphabet: [UInt8] = [0x00, 0x01, 0xFE, 0xFF]
    var strings: [[UInt8]] = [[]]
    var longest = strings
    for _ in 0..<3 {
      longest = longest.flatMap { string in alphabet.map { string + [$0] } }
      strings += longest
    }
    for left in strings {
      for right in strings {
        #expect(constantTimeEqual(left, right) == (left == right), "\(left) and \(right)")
      }
    }
  }
}
