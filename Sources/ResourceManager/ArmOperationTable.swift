internal import Base
internal import NIOHTTP1
internal import Wire

/// Finds the operation of a request: a tree over the segments of the patterns.
struct ArmOperationTable: Sendable {
  let operations: [ArmOperation]
  private let root: Node
  /// What extends a scope: below `providers`.
  private let extensions: Node

  private final class Node: Sendable {
    let literals: [String: Node]
    let parameter: Node?
    let methods: [String: Int]

    init(_ builder: Builder) {
      literals = builder.literals.mapValues { Node($0) }
      parameter = builder.parameter.map { Node($0) }
      methods = builder.methods
    }
  }

  private final class Builder {
    var literals: [String: Builder] = [:]
    var parameter: Builder?
    var methods: [String: Int] = [:]

    func insert(_ words: ArraySlice<String>, _ method: HTTPMethod, _ index: Int) {
      guard let word = words.first else {
        precondition(methods.updateValue(index, forKey: method.rawValue) == nil, "one operation for a method and path")
        return
      }
      let next: Builder
      if word.hasPrefix("{") {
        next = parameter ?? Builder()
        parameter = next
      } else {
        next = literals[word.lowercased()] ?? Builder()
        literals[word.lowercased()] = next
      }
      next.insert(words.dropFirst(), method, index)
    }
  }

  init(_ operations: [ArmOperation]) {
    self.operations = operations
    let (root, extensions) = (Builder(), Builder())
    for (index, operation) in operations.enumerated() {
      let words = operation.pattern.split(separator: "/").map(String.init)
      if words.first == Self.scopeWord {
        extensions.insert(words.dropFirst(), operation.method, index)
      } else {
        root.insert(words[...], operation.method, index)
      }
    }
    self.root = Node(root)
    self.extensions = Node(extensions)
  }

  private static let scopeWord = "{scope}"

  enum Match {
    case found(ArmOperation, parameters: [String: String], scopeLength: Int)
    /// The path exists, for these methods.
    case methodNotAllowed([String])
    case notFound
  }

  func match(_ method: HTTPMethod, _ path: ArmPath) -> Match {
    var candidates = Self.nodes(at: root, path.folded[...]).map { (node: $0, scopeLength: 0) }
    for start in path.folded.indices.reversed() where path.folded[start] == "providers" {
      candidates += Self.nodes(at: extensions, path.folded[start...]).map { (node: $0, scopeLength: start) }
    }
    for (node, scopeLength) in candidates {
      guard let index = node.methods[method.rawValue] else { continue }
      return .found(operations[index], parameters: parameters(of: operations[index], path, from: scopeLength), scopeLength: scopeLength)
    }
    let methods = Set(candidates.flatMap { $0.node.methods.keys })
    return methods.isEmpty ? .notFound : .methodNotAllowed(methods.sorted())
  }

  /// The ends of all ways through the tree, those over literals first.
  private static func nodes(at node: Node, _ words: ArraySlice<String>) -> [Node] {
    guard let word = words.first else { return node.methods.isEmpty ? [] : [node] }
    var found: [Node] = []
    if let next = node.literals[word] { found += nodes(at: next, words.dropFirst()) }
    if let next = node.parameter { found += nodes(at: next, words.dropFirst()) }
    return found
  }

  private func parameters(of operation: ArmOperation, _ path: ArmPath, from start: Int) -> [String: String] {
    var parameters: [String: String] = [:]
    let words = operation.pattern.split(separator: "/").drop { $0 == Self.scopeWord }
    for (word, segment) in zip(words, path.segments[start...]) where word.hasPrefix("{") {
      parameters[String(word.dropFirst().dropLast())] = segment
    }
    return parameters
  }
}
