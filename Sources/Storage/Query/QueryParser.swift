internal import Base

/// Parses `SELECT … FROM BlobStorage … [WHERE …] [LIMIT …]`.
struct QueryParser {
  private let tokens: [QueryToken]
  private var position = 0
  private var depth = 0
  private var alias: String?
  private var operators = 0

  /// Brackets and operators inside each other.
  private static let maximumDepth = 64
  /// Operators of one query: an expression is as deep as it has operators in a row.
  private static let maximumOperators = 256
  /// Columns that a query may ask for.
  private static let maximumColumns = 1000
  /// Bytes of a query.
  static let maximumBytes = 256 << 10

  static func parse(_ text: String) throws(QueryError) -> QueryStatement {
    guard text.utf8.count <= maximumBytes else { throw .malformed("The query is too long.") }
    var parser = QueryParser(tokens: try QueryLexer.tokens(of: text))
    return try parser.statement()
  }

  private init(tokens: [QueryToken]) {
    self.tokens = tokens
    alias = Self.alias(in: tokens)
  }

  /// The name behind `FROM BlobStorage…`, which columns may bear in front.
  private static func alias(in tokens: [QueryToken]) -> String? {
    guard let source = tokens.firstIndex(where: { isWord($0, "blobstorage") }) else { return nil }
    let end = tokens[source...].firstIndex { isWord($0, "where") || isWord($0, "limit") || $0 == .mark(";") } ?? tokens.endIndex
    guard end - source >= 2, case .word(let name) = tokens[end - 1], tokens[end - 2] != .mark(".") else { return nil }
    return name.lowercased()
  }

  // MARK: Statement

  private mutating func statement() throws(QueryError) -> QueryStatement {
    try expect("select")
    var items: [(QueryExpression?, QueryAggregate?, String?)] = []
    let isEverything = take("*")
    if !isEverything {
      repeat { items.append(try item()) } while take(",")
    }
    guard items.count <= Self.maximumColumns else { throw .malformed("The query asks for too many columns.") }
    try expect("from")
    var statement = QueryStatement(selection: try Self.selection(items, isEverything: isEverything))
    statement.source = try source()
    if takeWord("where") { statement.filter = try expression() }
    if takeWord("limit") {
      guard case .integer(let limit)? = next(), limit >= 0 else { throw .malformed("LIMIT needs a number.") }
      statement.limit = limit
    }
    _ = take(";")
    guard position == tokens.count else { throw .malformed("Unexpected text behind the query.") }
    return statement
  }

  private static func selection(
    _ items: [(QueryExpression?, QueryAggregate?, String?)], isEverything: Bool
  ) throws(QueryError) -> QueryStatement.Selection {
    if isEverything { return .everything }
    let aggregates = items.compactMap(\.1)
    if !aggregates.isEmpty {
      guard aggregates.count == items.count else { throw .malformed("Aggregates and columns cannot be mixed.") }
      return .aggregates(
        zip(aggregates, items).enumerated().map { index, pair in
          QueryAggregate(function: pair.0.function, argument: pair.0.argument, name: pair.1.2 ?? "_\(index + 1)")
        })
    }
    var columns: [QueryStatement.Column] = []
    for (expression, _, name) in items {
      guard let expression else { continue }
      columns.append(QueryStatement.Column(expression: expression, name: name ?? expression.name ?? "_\(columns.count + 1)"))
    }
    return .columns(columns)
  }

  private mutating func item() throws(QueryError) -> (QueryExpression?, QueryAggregate?, String?) {
    if case .word(let word)? = peek, tokens.indices.contains(position + 1), tokens[position + 1] == .mark("("),
      let function = QueryAggregate.Function(named: word)
    {
      position += 2
      var argument: QueryExpression?
      if function != .count || !take("*") { argument = try expression() }
      try require(")")
      return (nil, QueryAggregate(function: function, argument: argument, name: ""), try name())
    }
    return (try expression(), nil, try name())
  }

  /// `AS name`.
  private mutating func name() throws(QueryError) -> String? {
    guard takeWord("as") else { return nil }
    switch next() {
    case .word(let name), .name(let name): return name
    default: throw .malformed("AS needs a name.")
    }
  }

  /// `BlobStorage[*].a[0].b alias`.
  private mutating func source() throws(QueryError) -> [QueryPath.Step] {
    guard takeWord("blobstorage") else { throw .malformed("Only BlobStorage can be queried.") }
    var steps: [QueryPath.Step] = []
    if take("[") {
      try require("*")
      try require("]")
    }
    while true {
      if take(".") {
        steps.append(.name(try step()))
      } else if take("[") {
        if take("*") {
          try require("]")
          throw .malformed("Only the first [*] of a path is supported.")
        }
        steps.append(.index(try index()))
      } else {
        break
      }
    }
    _ = takeWord("as")
    if case .word(let word)? = peek, word.lowercased() == alias { position += 1 }
    return steps
  }

  private mutating func step() throws(QueryError) -> String {
    switch next() {
    case .word(let name), .name(let name), .string(let name): return name
    default: throw .malformed("A name is missing behind the dot.")
    }
  }

  private mutating func index() throws(QueryError) -> Int {
    guard case .integer(let index)? = next(), (0...Int64(Int32.max)).contains(index) else { throw .malformed("An index must be a number.") }
    try require("]")
    return Int(index)
  }

  // MARK: Expressions, from the loosest operator to the tightest

  private mutating func expression() throws(QueryError) -> QueryExpression {
    depth += 1
    guard depth <= Self.maximumDepth else { throw .malformed("The query is nested too deeply.") }
    var left = try conjunction()
    while takeWord("or") { left = try joined(.or, left, try conjunction()) }
    depth -= 1
    return left
  }

  private mutating func conjunction() throws(QueryError) -> QueryExpression {
    var left = try negation()
    while takeWord("and") { left = try joined(.and, left, try negation()) }
    return left
  }

  private mutating func joined(
    _ operation: QueryOperator, _ left: QueryExpression, _ right: QueryExpression
  ) throws(QueryError) -> QueryExpression {
    operators += 1
    guard operators <= Self.maximumOperators else { throw .malformed("The query has too many operators.") }
    return .binary(operation, left, right)
  }

  private mutating func negation() throws(QueryError) -> QueryExpression {
    var isNegated = false
    while takeWord("not") { isNegated.toggle() }
    let inner = try comparison()
    return isNegated ? .not(inner) : inner
  }

  private mutating func comparison() throws(QueryError) -> QueryExpression {
    let left = try sum()
    if case .mark(let mark)? = peek, let operation = QueryOperator(rawValue: mark == "<>" ? "!=" : mark),
      [.equal, .notEqual, .less, .lessOrEqual, .more, .moreOrEqual].contains(operation)
    {
      position += 1
      return try joined(operation, left, try sum())
    }
    if takeWord("is") {
      let isNegated = takeWord("not")
      let test: QueryExpression
      if takeWord("missing") {
        test = .isMissing(left)
      } else {
        try expect("null")
        test = .isNull(left)
      }
      return isNegated ? .not(test) : test
    }
    let isNegated = takeWord("not")
    guard let test = try range(left) else {
      guard !isNegated else { throw .malformed("NOT needs IN, BETWEEN or LIKE.") }
      return left
    }
    return isNegated ? .not(test) : test
  }

  private mutating func range(_ left: QueryExpression) throws(QueryError) -> QueryExpression? {
    if takeWord("in") {
      try require("(")
      var values: [QueryExpression] = []
      repeat { values.append(try expression()) } while take(",")
      try require(")")
      return .isIn(left, values)
    }
    if takeWord("between") {
      let low = try sum()
      try expect("and")
      return .between(left, low, try sum())
    }
    guard takeWord("like") else { return nil }
    let pattern = try sum()
    var escape: Character?
    if takeWord("escape") {
      guard case .string(let text)? = next(), text.count == 1 else { throw .malformed("ESCAPE needs one character.") }
      escape = text.first
    }
    return .like(left, pattern: pattern, escape: escape)
  }

  private mutating func sum() throws(QueryError) -> QueryExpression {
    var left = try product()
    while case .mark(let mark)? = peek, let operation = QueryOperator(rawValue: mark), [.add, .subtract, .concatenate].contains(operation) {
      position += 1
      left = try joined(operation, left, try product())
    }
    return left
  }

  private mutating func product() throws(QueryError) -> QueryExpression {
    var left = try operand()
    while case .mark(let mark)? = peek, let operation = QueryOperator(rawValue: mark), [.multiply, .divide, .modulo].contains(operation) {
      position += 1
      left = try joined(operation, left, try operand())
    }
    return left
  }

  private mutating func operand() throws(QueryError) -> QueryExpression {
    switch next() {
    case .string(let text): return .constant(.string(text))
    case .integer(let value): return .constant(.integer(value))
    case .number(let value): return .constant(.number(value))
    case .name(let name): return try path(name, mayBeAlias: true)
    case .mark("("):
      let inner = try expression()
      try require(")")
      return inner
    case .mark("-"):
      depth += 1
      guard depth <= Self.maximumDepth else { throw .malformed("The query is nested too deeply.") }
      let inner = try operand()
      depth -= 1
      return .negated(inner)
    case .mark("["): throw .malformed("A path begins with a name.")
    case .word(let word): return try word == "CAST" || word.lowercased() == "cast" ? cast() : wordOperand(word)
    case .mark(let mark): throw .malformed("Unexpected '\(mark)'.")
    case nil: throw .malformed("The query ends too early.")
    }
  }

  private mutating func wordOperand(_ word: String) throws(QueryError) -> QueryExpression {
    switch word.lowercased() {
    case "true": return .constant(.boolean(true))
    case "false": return .constant(.boolean(false))
    case "null": return .constant(.null)
    case "missing": return .constant(.missing)
    default: break
    }
    guard peek == .mark("(") else { return try path(word, mayBeAlias: true) }
    guard let function = QueryFunction(rawValue: word.lowercased()) else { throw .malformed("There is no function '\(word)'.") }
    position += 1
    var arguments: [QueryExpression] = []
    if [.dateAdd, .dateDifference, .extract].contains(function), case .word(let part)? = peek {
      // The part of a date stands there as a word.
      position += 1
      arguments.append(.constant(.string(part)))
      if !take(",") { try expect("from") }
    }
    if peek != .mark(")") {
      repeat { arguments.append(try expression()) } while take(",")
    }
    try require(")")
    guard function.arguments.contains(arguments.count) else { throw .malformed("'\(word)' has the wrong number of arguments.") }
    return .call(function, arguments)
  }

  private mutating func cast() throws(QueryError) -> QueryExpression {
    try require("(")
    let inner = try expression()
    try expect("as")
    guard case .word(let word)? = next(), let type = QueryType(named: word) else { throw .malformed("CAST needs a type.") }
    try require(")")
    return .cast(inner, type)
  }

  private mutating func path(_ first: String, mayBeAlias: Bool) throws(QueryError) -> QueryExpression {
    var steps: [QueryPath.Step] = [.name(first)]
    while true {
      if take(".") {
        steps.append(.name(try step()))
      } else if take("[") {
        steps.append(.index(try index()))
      } else {
        break
      }
    }
    if steps.count > 1, let alias, first.lowercased() == alias || first.lowercased() == "blobstorage" { steps.removeFirst() }
    return .path(QueryPath(steps: steps))
  }

  // MARK: Tokens

  private var peek: QueryToken? { position < tokens.count ? tokens[position] : nil }

  private mutating func next() -> QueryToken? {
    defer { position += 1 }
    return peek
  }

  private static func isWord(_ token: QueryToken, _ word: String) -> Bool {
    if case .word(let text) = token { text.lowercased() == word } else { false }
  }

  private mutating func takeWord(_ word: String) -> Bool {
    guard let peek, Self.isWord(peek, word) else { return false }
    position += 1
    return true
  }

  private mutating func take(_ mark: String) -> Bool {
    guard peek == .mark(mark) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ word: String) throws(QueryError) {
    guard takeWord(word) else { throw .malformed("\(word.uppercased()) is expected.") }
  }

  private mutating func require(_ mark: String) throws(QueryError) {
    guard take(mark) else { throw .malformed("'\(mark)' is expected.") }
  }
}

extension QueryExpression {
  /// What a column is called that was given no name.
  fileprivate var name: String? {
    guard case .path(let path) = self, case .name(let name)? = path.steps.last else { return nil }
    return name
  }
}
