internal import Declarations

/// How texts are written in YAML.
enum YAMLText {
  /// Without quotes where nobody could read it for anything else.
  static func scalar(_ text: String) -> String {
    let isWord = text.utf8.allSatisfy {
      (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
    }
    let reserved: Set = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    guard isWord, let first = text.first, first.isLetter, !reserved.contains(text.lowercased()) else { return quoted(text) }
    return text
  }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case let control where control.value < 0x20 || control.value == 0x7F:
        let digits = String(control.value, radix: 16)
        result += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// A number, a day or a word as it is; in quotes where it is none of these, so that it breaks nothing.
  static func plain(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E }
    return isPlain ? text : quoted(text)
  }

  static func list(_ texts: [String], isAlwaysList: Bool = false) -> String {
    let items = texts.map(scalar)
    return items.count == 1 && !isAlwaysList ? items[0] : "[\(items.joined(separator: ", "))]"
  }

  /// A list or a mapping that somebody wrote in YAML: one value, on one line.
  static func flow(_ text: String, file: String) throws -> String {
    // Inside of a list it must be the only item, or it would bring members of its own.
    guard !text.utf8.contains(0x0A), let alone = try? Declaration("[\(text)]", file: file).list(), alone.count == 1 else {
      throw DeclarationError(
        file: file, line: nil, "« \(text) » n'est pas une valeur YAML sur une ligne.", "“\(text)” is not one value of YAML on one line.")
    }
    return text
  }
}

/// The lines of a file, with what stands where. Every line keeps its bytes.
struct FileLines {
  /// The members of a block mapping, or the items of a block list.
  struct Block {
    /// From the first line of it to behind the last that says something.
    var range: Range<Int>
    /// Spaces before each of its keys or dashes.
    var indent: Int
  }

  private var lines: [String]

  init(_ text: String) {
    // By bytes: for Swift, a carriage return and a line feed are one character.
    lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(decoding: Array($0), as: UTF8.self) }
  }

  var text: String { lines.joined(separator: "\n") }

  /// The block of a mapping, each of whose members begins a line.
  func block(of mapping: Declaration, in file: String) throws -> Block {
    let start = mapping.line - 1
    guard lines.indices.contains(start), let first = try mapping.entries().first?.name, isKey(start, first) else {
      throw mapping.error(
        "cette table n'est pas écrite en lignes : changez-la à la main.", "this mapping is not written in lines: change it by hand.")
    }
    return block(from: start, isList: false)
  }

  /// The block of the list that a member of a block holds, each of whose items begins a line.
  func listBlock(named name: String, in block: Block, file: String) throws -> Block {
    let range = try range(of: name, in: block, file: file)
    guard let start = range.dropFirst().first(where: { Self.isContent(lines[$0]) }), Self.trimmed(lines[start]).hasPrefix("- ") else {
      throw DeclarationError(
        file: file, line: range.lowerBound + 1, "cette liste n'est pas écrite en lignes : changez-la à la main.",
        "this list is not written in lines: change it by hand.")
    }
    return self.block(from: start, isList: true)
  }

  private func block(from start: Int, isList: Bool) -> Block {
    let indent = Self.indent(lines[start])
    var end = start + 1
    for index in lines.indices.dropFirst(start + 1) where Self.isContent(lines[index]) {
      let own = Self.indent(lines[index])
      // What stands at the indent of a mapping is its next key, or the list of the one before; at that of a list it is an item or no longer the list.
      if own < indent || own == indent && isList && !Self.trimmed(lines[index]).hasPrefix("- ") { break }
      end = index + 1
    }
    return Block(range: start..<end, indent: indent)
  }

  /// Adds lines behind a block, at its indent.
  mutating func append(_ added: [String], to block: Block) {
    let ending = lines[block.range.lowerBound].utf8.last == 0x0D ? "\r" : ""
    lines.insert(contentsOf: added.map { String(repeating: " ", count: block.indent) + $0 + ending }, at: block.range.upperBound)
  }

  /// Puts lines in the place of a member. Its comments stay.
  mutating func replace(_ name: String, in block: Block, by added: [String], file: String) throws {
    replace(try range(of: name, in: block, file: file), indent: block.indent, by: added)
  }

  /// Puts lines in the place of others. Comments of these stay.
  mutating func replace(_ range: Range<Int>, indent: Int, by added: [String]) {
    let ending = lines[range.lowerBound].utf8.last == 0x0D ? "\r" : ""
    var written = added.map { String(repeating: " ", count: indent) + $0 }
    let comments = lines[range].map(Self.comment)
    if range.count == 1, let comment = comments[0] { written[written.count - 1] += " " + comment }
    let kept = range.count == 1 ? [] : comments.compactMap { $0 }.map { String(repeating: " ", count: indent) + $0 }
    lines.replaceSubrange(range, with: (kept + written).map { $0 + ending })
  }

  /// The lines of a member of a block, without what is blank or a comment behind it.
  private func range(of name: String, in block: Block, file: String) throws -> Range<Int> {
    guard let start = block.range.first(where: { Self.indent(lines[$0]) == block.indent && isKey($0, name) }) else {
      throw DeclarationError(
        file: file, line: block.range.lowerBound + 1, "« \(name) » n'est pas au début d'une ligne : changez-le à la main.",
        "“\(name)” does not begin a line: change it by hand.")
    }
    let next = block.range.first { index in
      index > start && Self.isContent(lines[index]) && Self.indent(lines[index]) == block.indent && !Self.trimmed(lines[index]).hasPrefix("- ")
    }
    var end = next ?? block.range.upperBound
    while end > start + 1, !Self.isContent(lines[end - 1]) { end -= 1 }
    return start..<end
  }

  private func isKey(_ index: Int, _ name: String) -> Bool {
    let line = Self.trimmed(lines[index])
    return [name, "\"\(name)\"", "'\(name)'"].contains { line.hasPrefix($0 + ":") }
  }

  private static func trimmed(_ line: String) -> Substring { line.drop { $0 == " " } }

  private static func indent(_ line: String) -> Int { line.utf8.prefix { $0 == 0x20 }.count }

  private static func isContent(_ line: String) -> Bool {
    guard let first = line.utf8.first(where: { $0 != 0x20 && $0 != 0x0D }) else { return false }
    return first != UInt8(ascii: "#")
  }

  /// The comment at the end of a line, from its mark on; nil where there is none.
  private static func comment(_ line: String) -> String? {
    var quote: UInt8?
    var previous: UInt8 = 0x20
    let bytes = Array(line.utf8)
    for (index, byte) in bytes.enumerated() {
      switch (quote, byte) {
      // Within a word it is an apostrophe.
      case (nil, UInt8(ascii: "\"")), (nil, UInt8(ascii: "'")): if " [{,:".utf8.contains(previous) { quote = byte }
      case (let open?, byte) where open == byte && !(byte == UInt8(ascii: "\"") && previous == UInt8(ascii: "\\")): quote = nil
      case (nil, UInt8(ascii: "#")) where previous == 0x20:
        let text = String(decoding: bytes[index...], as: UTF8.self)
        return text.utf8.last == 0x0D ? String(text.unicodeScalars.dropLast()) : text
      default: break
      }
      previous = byte
    }
    return nil
  }
}
