import Base
import Simulation
import Testing
import Wire

@Suite struct CRC64Tests {
  @Test func theCheckValueIsThatOfNVME() {
    var crc = CRC64()
    crc.update(Array("123456789".utf8))
    #expect(crc.value == 0xAE8B_1486_0A79_9888)
    #expect(crc.bytes == [0x88, 0x98, 0x79, 0x0A, 0x86, 0x14, 0x8B, 0xAE])
  }

  @Test func nothingHasTheValueZero() {
    #expect(CRC64().value == 0)
  }

  /// Bit by bit, as the polynomial is defined.
  private static func reference(_ bytes: [UInt8]) -> UInt64 {
    var state: UInt64 = .max
    for byte in bytes {
      state ^= UInt64(byte)
      for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x9A6C_9329_AC4B_C9B5 : state >> 1 }
    }
    return ~state
  }

  @Test(arguments: 0..<40)
  func theTablesAgreeWithTheDefinitionForEveryLengthAndCut(length: Int) {
    let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    for cut in 0...length {
      var crc = CRC64()
      crc.update(bytes[..<cut])
      crc.update(bytes[cut...])
      #expect(crc.value == Self.reference(bytes), "cut at \(cut)")
    }
  }

  @Test func foldingGivesWhatTheTablesGiveForEveryLengthStartAndCut() {
    let random = SeededRandom(seed: 64)
    let bytes = random.bytes(8192)
    for length in Array(0..<700) + (0..<200).map({ _ in random.number(below: bytes.count) }) {
      let start = random.number(below: bytes.count - length)
      let cut = start + random.number(below: length + 1)
      var (folded, tables) = (CRC64(), CRC64(folding: false))
      folded.update(bytes[start..<cut])
      folded.update(bytes[cut..<start + length])
      tables.update(bytes[start..<start + length])
      #expect(folded.value == tables.value, "\(length) bytes from \(start), cut at \(cut)")
    }
  }
}
