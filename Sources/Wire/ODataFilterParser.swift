/// Recursive descent over the words of a filter.
struct ODataFilterParser {
  private var lexer: ODataLexer
  private var token: ODataToken
  private var depth = 0

  init(_ text: String, keepsTypes: Bool) throws(ODataError) {
    lexer = try ODataLexer(text, keepsTypes: keepsTypes)
    token = try lexer.next()
  }

  mutating func filter() throws(ODataError) -> ODataFilter.Expression {
    guard token != .end else { throw failure("The filter is empty") }
    let expression = try disjunction()
    guard token == .end else { throw failure("Syntax error") }
    return expression
  }

  private func failure(_ problem: String) -> ODataError {
    .syntax(problem, offset: lexer.position)
  }

  private mutating func advance() throws(ODataError) {
    token = try lexer.next()
  }

  private mutating func expect(_ expected: ODataToken, _ spelled: String) throws(ODataError) {
    guard token == expected else { throw failure("\(spelled) expected") }
    try advance()
  }

  private mutating func skip(keyword: String) throws(ODataError) -> Bool {
    guard case .identifier(let name) = token, name.lowercased() == keyword else { return false }
    try advance()
    return true
  }

  private mutating func descend() throws(ODataError) {
    depth += 1
    guard depth <= ODataLimits.maximumDepth else { throw .limit("The filter is nested deeper than \(ODataLimits.maximumDepth) levels") }
  }

  private mutating func disjunction() throws(ODataError) -> ODataFilter.Expression {
    var members = [try conjunction()]
    while try skip(keyword: "or") { members.append(try conjunction()) }
    return members.count == 1 ? members[0] : .or(members)
  }

  private mutating func conjunction() throws(ODataError) -> ODataFilter.Expression {
    var members = [try unary()]
    while try skip(keyword: "and") { members.append(try unary()) }
    return members.count == 1 ? members[0] : .and(members)
  }

  private mutating func unary() throws(ODataError) -> ODataFilter.Expression {
    try descend()
    defer { depth -= 1 }
    if try skip(keyword: "not") { return .not(try unary()) }
    if token == .open {
      try advance()
      let inner = try disjunction()
      try expect(.close, "')'")
      return inner
    }
    return try relation()
  }

  private mutating func relation() throws(ODataError) -> ODataFilter.Expression {
    let left: ODataFilter.Operand
    switch try operandOrLambda() {
    case .operand(let operand): left = operand
    case .lambda(let expression): return expression
    }
    guard case .identifier(let word) = token else { return try condition(left) }
    if word.lowercased() == "in" {
      try advance()
      return .isIn(left, try list())
    }
    guard let comparison = ODataFilter.Comparison(rawValue: word.lowercased()) else { return try condition(left) }
    try advance()
    guard case .operand(var right) = try operandOrLambda() else { throw failure("An operand is expected") }
    // Clients write some constants without quotes: `resourceProvider eq Microsoft.Authorization`.
    if case .path(let path) = right, path.count == 1, path[0].contains(".") { right = .literal(.string(path[0])) }
    return .comparison(left, comparison, right)
  }

  private func condition(_ operand: ODataFilter.Operand) throws(ODataError) -> ODataFilter.Expression {
    if case .literal(let literal) = operand {
      guard case .boolean = literal else { throw failure("A condition is expected") }
    }
    return .truth(operand)
  }

  private enum Term {
    case operand(ODataFilter.Operand)
    case lambda(ODataFilter.Expression)
  }

  private mutating func operandOrLambda() throws(ODataError) -> Term {
    switch token {
    case .literal(let literal):
      try advance()
      return .operand(.literal(literal))
    case .identifier(let first):
      try advance()
      if token == .open { return .operand(.function(first.lowercased(), try arguments())) }
      var path = [first]
      while token == .slash {
        try advance()
        guard case .identifier(let name) = token else { throw failure("A property name is expected") }
        try advance()
        if token == .open, let quantifier = ODataFilter.Quantifier(rawValue: name.lowercased()) {
          return .lambda(try lambda(quantifier, path: path))
        }
        path.append(name)
      }
      return .operand(.path(path))
    default: throw failure("An operand is expected")
    }
  }

  private mutating func lambda(_ quantifier: ODataFilter.Quantifier, path: [String]) throws(ODataError) -> ODataFilter.Expression {
    try descend()
    defer { depth -= 1 }
    try expect(.open, "'('")
    if token == .close, quantifier == .any {
      try advance()
      return .lambda(.any, path: path, variable: "", nil)
    }
    guard case .identifier(let variable) = token else { throw failure("A range variable is expected") }
    try advance()
    try expect(.colon, "':'")
    let body = try disjunction()
    try expect(.close, "')'")
    return .lambda(quantifier, path: path, variable: variable, body)
  }

  private mutating func arguments() throws(ODataError) -> [ODataFilter.Operand] {
    try descend()
    defer { depth -= 1 }
    try expect(.open, "'('")
    var arguments: [ODataFilter.Operand] = []
    while token != .close {
      if !arguments.isEmpty { try expect(.comma, "','") }
      guard case .operand(let argument) = try operandOrLambda() else { throw failure("An operand is expected") }
      arguments.append(argument)
    }
    try advance()
    return arguments
  }

  private mutating func list() throws(ODataError) -> [ODataFilter.Literal] {
    try expect(.open, "'('")
    var members: [ODataFilter.Literal] = []
    while token != .close {
      if !members.isEmpty { try expect(.comma, "','") }
      guard case .literal(let literal) = token else { throw failure("A literal is expected") }
      try advance()
      members.append(literal)
      guard members.count <= ODataLimits.maximumListMembers else {
        throw .limit("The filter's list has more than \(ODataLimits.maximumListMembers) members")
      }
    }
    try advance()
    return members
  }
}
