internal import Base
internal import Crypto
internal import Wire

extension TemplateFunctions {
  static let strings: [String: Function] = [
    "base64": Function(1) { arguments, _ in .string(Base64.encode(Array(try text(arguments[0], "base64").utf8))) },
    "base64tostring": Function(1) { arguments, _ in .string(try decoded(arguments[0], "base64ToString")) },
    "base64tojson": Function(1) { arguments, _ in try parsed(try decoded(arguments[0], "base64ToJson"), "base64ToJson") },
    "datauri": Function(1) { arguments, _ in
      .string("data:text/plain;charset=utf8;base64,\(Base64.encode(Array(try text(arguments[0], "dataUri").utf8)))")
    },
    "datauritostring": Function(1) { arguments, _ in
      let uri = try text(arguments[0], "dataUriToString")
      guard uri.lowercased().hasPrefix("data:"), let comma = uri.firstIndex(of: ",") else {
        throw TemplateFailure.evaluation("The argument of 'dataUriToString' is not a data URI.")
      }
      let data = String(uri[uri.index(after: comma)...])
      guard uri[..<comma].hasSuffix(";base64") else { return .string(percentDecoded(data.utf8) ?? data) }
      return .string(try decoded(.string(data), "dataUriToString"))
    },
    "json": Function(1) { arguments, _ in try parsed(try text(arguments[0], "json"), "json") },
    "string": Function(1) { arguments, _ in .string(arguments[0].string ?? arguments[0].text) },
    "tolower": Function(1) { arguments, _ in .string(try text(arguments[0], "toLower").lowercased()) },
    "toupper": Function(1) { arguments, _ in .string(try text(arguments[0], "toUpper").uppercased()) },
    "trim": Function(1) { arguments, _ in
      var rest = Substring(try text(arguments[0], "trim"))
      while rest.first?.isWhitespace == true { rest.removeFirst() }
      while rest.last?.isWhitespace == true { rest.removeLast() }
      return .string(String(rest))
    },
    "startswith": Function(2) { arguments, _ in
      .boolean(try text(arguments[0], "startsWith").lowercased().hasPrefix(try text(arguments[1], "startsWith").lowercased()))
    },
    "endswith": Function(2) { arguments, _ in
      .boolean(try text(arguments[0], "endsWith").lowercased().hasSuffix(try text(arguments[1], "endsWith").lowercased()))
    },
    "replace": Function(3) { arguments, _ in
      .string(try text(arguments[0], "replace").replacing(try text(arguments[1], "replace"), with: try text(arguments[2], "replace")))
    },
    "split": Function(2) { arguments, _ in
      let source = try text(arguments[0], "split")
      let marks = try arguments[1].array.map { try $0.map { try text($0, "split") } } ?? [try text(arguments[1], "split")]
      return .array(pieces(source, marks).map { .string($0) })
    },
    "join": Function(2) { arguments, _ in
      .string(try items(arguments[0], "join").map { $0.string ?? $0.text }.joined(separator: try text(arguments[1], "join")))
    },
    "substring": Function(2...3) { arguments, _ in
      let characters = Array(try text(arguments[0], "substring"))
      let start = try integer(arguments[1], "substring")
      let length = arguments.count > 2 ? try integer(arguments[2], "substring") : max(0, Int64(characters.count) - max(0, start))
      guard (0...Int64(characters.count)).contains(start), (0...(Int64(characters.count) - start)).contains(length) else {
        throw TemplateFailure.evaluation("The index and length of 'substring' must refer to a place inside of the string.")
      }
      return .string(String(characters[Int(start)..<Int(start + length)]))
    },
    "padleft": Function(2...3) { arguments, _ in
      let source = arguments[0].string ?? arguments[0].text
      let (length, pad) = (try integer(arguments[1], "padLeft"), arguments.count > 2 ? try text(arguments[2], "padLeft") : " ")
      guard pad.count == 1, (0...16_384).contains(length) else { throw TemplateFailure.evaluation("'padLeft' expects one character to pad with.") }
      return .string(String(repeating: pad, count: max(0, Int(length) - source.count)) + source)
    },
    "format": Function(1...many) { arguments, _ in .string(try format(try text(arguments[0], "format"), Array(arguments.dropFirst()))) },
    "uri": Function(2) { arguments, _ in
      let (base, relative) = (try text(arguments[0], "uri"), try text(arguments[1], "uri"))
      return .string(combined(base, relative))
    },
    "uricomponent": Function(1) { arguments, _ in .string(percentEncoded(try text(arguments[0], "uriComponent"))) },
    "uricomponenttostring": Function(1) { arguments, _ in
      let source = try text(arguments[0], "uriComponentToString")
      return .string(percentDecoded(source.utf8) ?? source)
    },
    "guid": Function(1...many) { arguments, _ in .string(stableGUID(try arguments.map { try text($0, "guid") }.joined(separator: "-")).description) },
    "newguid": Function(0) { _, evaluator in
      guard evaluator.allowsFreshValues else {
        throw TemplateFailure.invalid(
          "The template function 'newGuid' is not expected at this location: it can be used in the default value of a parameter.")
      }
      return .string(evaluator.scope.newGUID().description)
    },
    "uniquestring": Function(1...many) { arguments, _ in .string(unique(try arguments.map { try text($0, "uniqueString") }.joined(separator: "-"))) },
  ]

  private static func decoded(_ value: JSON, _ name: String) throws -> String {
    guard let bytes = Base64.decode(try text(value, name)), let text = String(validating: bytes, as: UTF8.self) else {
      throw TemplateFailure.evaluation("The argument of '\(name)' is not base64.")
    }
    return text
  }

  private static func parsed(_ text: String, _ name: String) throws -> JSON {
    do {
      return try JSON(parsing: text)
    } catch {
      throw TemplateFailure.evaluation("The argument of '\(name)' is not JSON.")
    }
  }

  private static func pieces(_ source: String, _ marks: [String]) -> [String] {
    var (found, current): ([String], String) = ([], "")
    var rest = source[...]
    scan: while !rest.isEmpty {
      for mark in marks where !mark.isEmpty && rest.hasPrefix(mark) {
        found.append(current)
        current = ""
        rest = rest.dropFirst(mark.count)
        continue scan
      }
      current.append(rest.removeFirst())
    }
    return found + [current]
  }

  /// `{0}`, `{0:N2}`; doubled braces are one.
  private static func format(_ pattern: String, _ values: [JSON]) throws -> String {
    var result = ""
    var rest = Array(pattern)[...]
    while let character = rest.popFirst() {
      switch character {
      case "{" where rest.first == "{", "}" where rest.first == "}":
        rest.removeFirst()
        result.append(character)
      case "{":
        guard let end = rest.firstIndex(of: "}") else { throw TemplateFailure.evaluation("The format '\(pattern)' has an open brace.") }
        let words = String(rest[..<end]).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        rest = rest[(end + 1)...]
        guard let index = Int(words[0]), values.indices.contains(index) else {
          throw TemplateFailure.evaluation("The format '\(pattern)' names an argument that is not there.")
        }
        result += words.count > 1 ? try formatted(values[index], words[1]) : values[index].string ?? netText(values[index])
      default: result.append(character)
      }
    }
    return result
  }

  private static func netText(_ value: JSON) -> String {
    switch value {
    case .boolean(let value): value ? "True" : "False"
    case .null: ""
    default: value.text
    }
  }

  /// The most that older .NET takes.
  private static let maximumDigits = 99

  /// Numbers in .NET's standard forms D, N, F, X.
  private static func formatted(_ value: JSON, _ form: String) throws -> String {
    guard let letter = form.first, let number = value.number else { return value.string ?? netText(value) }
    let digits = Int(form.dropFirst())
    guard form.count == 1 || digits.map((0...maximumDigits).contains) == true else {
      throw TemplateFailure.evaluation("The format '\(form)' is not served.")
    }
    func whole() throws -> Int64 {
      guard let whole = value.integer ?? Int64(exactly: number.rounded(.towardZero)) else {
        throw TemplateFailure.evaluation("The format '\(form)' is for integers.")
      }
      return whole
    }
    switch letter {
    case "D", "d":
      let text = String(try whole().magnitude)
      return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, (digits ?? 0) - text.count)) + text
    case "X", "x":
      let text = String(try whole(), radix: 16, uppercase: letter == "X")
      return String(repeating: "0", count: max(0, (digits ?? 0) - text.count)) + text
    case "N", "n", "F", "f":
      let places = min(digits ?? 2, 15)
      let scale = (0..<places).reduce(1.0) { value, _ in value * 10 }
      let scaled = (abs(number) * scale).rounded()
      guard scaled < 9e15 else { return value.text }
      let whole = Int64(scaled)
      let unit = Int64(scale)
      var integral = String(whole / unit)
      if letter == "N" || letter == "n" {
        integral = String(
          integral.reversed().enumerated().flatMap { $0.offset > 0 && $0.offset % 3 == 0 ? [",", $0.element] : [$0.element] }.reversed())
      }
      let fraction = String(whole % unit)
      let tail = places > 0 ? "." + String(repeating: "0", count: places - fraction.count) + fraction : ""
      return (number < 0 ? "-" : "") + integral + tail
    default: throw TemplateFailure.evaluation("The format '\(form)' is not served.")
    }
  }

  private static func combined(_ base: String, _ relative: String) -> String {
    if relative.contains("://") { return relative }
    guard let scheme = base.firstIndex(of: ":") else { return base + relative }
    let after = base.index(scheme, offsetBy: 3, limitedBy: base.endIndex) ?? base.endIndex
    let path = base[after...].firstIndex(of: "/") ?? base.endIndex
    if relative.hasPrefix("/") { return base[..<path] + relative }
    // What stands behind the last slash is replaced.
    guard let last = base[after...].lastIndex(of: "/") else { return base + "/" + relative }
    return base[...last] + relative
  }

  /// Version 5 in the namespace that Microsoft documents for this function.
  private static func stableGUID(_ name: String) -> GUID {
    let namespace = GUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")?.bytes ?? []
    let digest = Array(Insecure.SHA1.hash(data: namespace + Array(name.utf8)).prefix(16))
    let high = digest[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = digest[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return GUID(high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x5000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
  }

  /// 13 lower-case characters of 65 bits of a hash: the same for the same text, forever.
  private static func unique(_ text: String) -> String {
    let digest = Array(SHA256.hash(data: Array(text.utf8)))
    var value = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let letters = Array("abcdefghijklmnopqrstuvwxyz234567")
    var result = ""
    for _ in 0..<13 {
      result.append(letters[Int(value % 32)])
      value /= 32
    }
    return result
  }
}
