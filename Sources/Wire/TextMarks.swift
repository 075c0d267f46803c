extension String {
  /// The texts between each pair of marks, in order: for small documents of a known writer, where a parser would be more than is needed.
  public func texts(between start: String, and end: String) -> [String] {
    let (bytes, opening, closing) = (Array(utf8), Array(start.utf8), Array(end.utf8))
    var found: [String] = []
    var position = 0
    while let from = Self.find(opening, in: bytes, from: position), let to = Self.find(closing, in: bytes, from: from + opening.count) {
      found.append(String(decoding: bytes[(from + opening.count)..<to], as: UTF8.self))
      position = to + closing.count
    }
    return found
  }

  private static func find(_ mark: [UInt8], in bytes: [UInt8], from position: Int) -> Int? {
    var start = position
    while start + mark.count <= bytes.count {
      if bytes[start...].starts(with: mark) { return start }
      start += 1
    }
    return nil
  }
}
