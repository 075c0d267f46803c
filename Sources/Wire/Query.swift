/// The items of a URL's query, in their order, percent-decoded.
public struct Query: Sendable, Equatable {
  public var items: [(name: String, value: String)]

  public init(items: [(name: String, value: String)] = []) {
    self.items = items
  }

  /// Parses what stands behind the `?`. `+` stays a plus sign, as Azure's services read it, unless `plusIsSpace`, as HTML forms write it.
  /// Returns nil when an escape is malformed or the decoded bytes are not UTF-8.
  public init?(parsing text: some StringProtocol, plusIsSpace: Bool = false) {
    var text = String(text)
    guard let items = text.withUTF8({ Self.items(of: $0, plusIsSpace: plusIsSpace) }) else { return nil }
    self.items = items
  }

  private static func items(of bytes: UnsafeBufferPointer<UInt8>, plusIsSpace: Bool) -> [(name: String, value: String)]? {
    var items: [(name: String, value: String)] = []
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.endIndex
      if end > start {
        let equals = bytes[start..<end].firstIndex(of: UInt8(ascii: "="))
        guard let name = percentDecoded(UnsafeBufferPointer(rebasing: bytes[start..<(equals ?? end)]), plusIsSpace: plusIsSpace),
          let value = equals.map({ percentDecoded(UnsafeBufferPointer(rebasing: bytes[($0 + 1)..<end]), plusIsSpace: plusIsSpace) }) ?? ""
        else { return nil }
        items.append((name, value))
      }
      start = end + 1
    }
    return items
  }

  /// The first value of a name, compared without regard to case (as Azure's services do).
  public subscript(name: String) -> String? {
    items.first { $0.name.equalsIgnoringASCIICase(name) }?.value
  }

  public static func == (left: Query, right: Query) -> Bool {
    left.items.elementsEqual(right.items) { $0 == $1 }
  }
}
