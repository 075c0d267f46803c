internal import Base

/// The words of a query.
enum QueryToken: Sendable, Equatable {
  /// A name without quotes, as written: a keyword, function or column.
  case word(String)
  /// A name in double quotes or brackets, which is never a keyword.
  case name(String)
  case string(String)
  case integer(Int64)
  case number(Double)
  /// An operator or bracket.
  case mark(String)
}

struct QueryLexer {
  /// Tokens of one query.
  static let maximumTokens = 10_000
  private static let marks = ["<>", "!=", "<=", ">=", "||", "=", "<", ">", "(", ")", "[", "]", ",", ".", "*", "+", "-", "/", "%", ";"]

  static func tokens(of text: String) throws(QueryError) -> [QueryToken] {
    var tokens: [QueryToken] = []
    var rest = Substring(text)
    while let first = rest.first {
      guard tokens.count < maximumTokens else { throw .malformed("The query is too long.") }
      if first.isWhitespace {
        rest = rest.dropFirst()
      } else if first == "'" {
        tokens.append(.string(try quoted("'", &rest)))
      } else if first == "\"" {
        tokens.append(.name(try quoted("\"", &rest)))
      } else if first.isASCII, first.isNumber {
        tokens.append(try number(&rest))
      } else if isWord(first) {
        let word = rest.prefix { isWord($0) || $0.isNumber }
        tokens.append(.word(String(word)))
        rest = rest[word.endIndex...]
      } else if let mark = marks.first(where: { rest.hasPrefix($0) }) {
        tokens.append(.mark(mark))
        rest = rest.dropFirst(mark.count)
      } else {
        throw .malformed("Unexpected character '\(first)'.")
      }
    }
    return tokens
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character == "_"
  }

  /// A quote inside is written twice.
  private static func quoted(_ quote: Character, _ rest: inout Substring) throws(QueryError) -> String {
    var value = ""
    rest = rest.dropFirst()
    while let character = rest.first {
      rest = rest.dropFirst()
      guard character == quote else {
        value.append(character)
        continue
      }
      guard rest.first == quote else { return value }
      value.append(quote)
      rest = rest.dropFirst()
    }
    throw .malformed("A quotation mark is missing.")
  }

  private static func number(_ rest: inout Substring) throws(QueryError) -> QueryToken {
    var end = rest.startIndex
    var isInteger = true
    while end < rest.endIndex {
      let character = rest[end]
      let isExponentSign = (character == "+" || character == "-") && end > rest.startIndex && "eE".contains(rest[rest.index(before: end)])
      guard character.isASCII, character.isNumber || character == "." || "eE".contains(character) || isExponentSign else { break }
      if !character.isNumber { isInteger = false }
      end = rest.index(after: end)
    }
    let text = rest[..<end]
    rest = rest[end...]
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = QueryValue.decimal(text) else { throw .malformed("'\(text)' is no number.") }
    return .number(value)
  }
}
