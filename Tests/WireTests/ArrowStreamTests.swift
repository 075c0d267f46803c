import Testing
import Wire

@Suite struct ArrowStreamTests {
  /// As pyarrow 26 and nanoarrow 0.9 read it.
  @Test func aTableIsASchemaItsRowsAndAnEnd() {
    let stream = ArrowStream(
      columns: [
        ("Name", .strings(["a", nil])), ("Flag", .booleans([nil, true])), ("Size", .integers([7, nil])), ("Time", .seconds([0, 1])),
        ("Metadata", .maps([[("k", "v")], nil])),
      ], metadata: [("NextMarker", "m")])
    var rest = stream.bytes[...]
    var bodies: [Int] = []
    while rest.count > 8 {
      #expect(rest.prefix(4).elementsEqual([0xFF, 0xFF, 0xFF, 0xFF]))
      let length = rest.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      #expect(length % 8 == 0)
      let head = Array(rest.dropFirst(8).prefix(length))
      let body = Self.bodyLength(head)
      #expect(body % 8 == 0)
      bodies.append(body)
      rest = rest.dropFirst(8 + length + body)
    }
    #expect(Array(rest) == [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
    #expect(bodies.count == 2)
    #expect(bodies.first == 0)
  }

  @Test func aTableWithoutRowsIsASchemaAlone() {
    let bytes = ArrowStream(columns: [("Name", .strings([]))]).bytes
    #expect(bytes.count < 300)
    #expect(bytes.suffix(8).elementsEqual([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]))
  }

  /// Field 3 of the root table, a 64-bit number.
  private static func bodyLength(_ head: [UInt8]) -> Int {
    func number(_ position: Int, _ count: Int) -> Int { (0..<count).reversed().reduce(0) { $0 << 8 | Int(head[position + $1]) } }
    let table = number(0, 4)
    let vtable = table - number(table, 4)
    // A field that has its default is not written.
    guard number(vtable, 2) >= 12 else { return 0 }
    let offset = number(vtable + 10, 2)
    return offset == 0 ? 0 : number(table + offset, 8)
  }
}
