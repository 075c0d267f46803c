internal import Wire

/// Writes OData's JSON member by member, without making a tree of it first.
struct ODataWriter {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false

  init(reserving capacity: Int = 1024) {
    bytes.reserveCapacity(capacity)
  }

  mutating func object(_ write: (inout ODataWriter) -> Void) {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
    write(&self)
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  mutating func list<Element>(_ name: String, _ elements: [Element], _ write: (inout ODataWriter, Element) -> Void) {
    begin(name)
    bytes.append(UInt8(ascii: "["))
    needsComma = false
    for element in elements { write(&self, element) }
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  mutating func member(_ name: String, _ value: String) {
    member(name, .string(value))
  }

  mutating func member(_ name: String, _ value: JSON) {
    begin(name)
    value.write(to: &bytes)
  }

  mutating func null(_ name: String) {
    member(name, .null)
  }

  private mutating func begin(_ name: String) {
    separate()
    JSON.string(name).write(to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }
}
