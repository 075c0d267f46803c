internal import Base
internal import Wire

extension TemplateFunctions {
  static let arrays: [String: Function] = [
    "array": Function(1) { arguments, _ in arguments[0].array == nil ? .array([arguments[0]]) : arguments[0] },
    "createarray": Function(0...many) { arguments, _ in .array(arguments) },
    "concat": Function(0...many) { arguments, _ in
      guard arguments.contains(where: { $0.array != nil }) else { return .string(arguments.map { $0.string ?? $0.text }.joined()) }
      return .array(try arguments.flatMap { try items($0, "concat") })
    },
    "contains": Function(2) { arguments, _ in
      switch arguments[0] {
      case .array(let items): return .boolean(items.contains(arguments[1]))
      case .object(let object): return .boolean(object.member(ignoringCase: try text(arguments[1], "contains")) != nil)
      default:
        let (whole, part) = (try text(arguments[0], "contains"), arguments[1].string ?? arguments[1].text)
        return .boolean(part.isEmpty || whole.split(separator: part, omittingEmptySubsequences: false).count > 1)
      }
    },
    "empty": Function(1) { arguments, _ in
      switch arguments[0] {
      case .null: true
      case .array(let items): .boolean(items.isEmpty)
      case .object(let object): .boolean(object.isEmpty)
      default: .boolean(try text(arguments[0], "empty").isEmpty)
      }
    },
    "length": Function(1) { arguments, _ in
      switch arguments[0] {
      case .array(let items): .integer(Int64(items.count))
      case .object(let object): .integer(Int64(object.members.count))
      default: .integer(Int64(try text(arguments[0], "length").count))
      }
    },
    "first": Function(1) { arguments, _ in
      if let items = arguments[0].array { return items.first ?? .null }
      return .string(String(try text(arguments[0], "first").prefix(1)))
    },
    "last": Function(1) { arguments, _ in
      if let items = arguments[0].array { return items.last ?? .null }
      return .string(String(try text(arguments[0], "last").suffix(1)))
    },
    "take": Function(2) { arguments, _ in
      let count = max(0, Int(try integer(arguments[1], "take")))
      if let items = arguments[0].array { return .array(Array(items.prefix(count))) }
      return .string(String(try text(arguments[0], "take").prefix(count)))
    },
    "skip": Function(2) { arguments, _ in
      let count = max(0, Int(try integer(arguments[1], "skip")))
      if let items = arguments[0].array { return .array(Array(items.dropFirst(count))) }
      return .string(String(try text(arguments[0], "skip").dropFirst(count)))
    },
    "indexof": Function(2) { arguments, _ in .integer(Int64(try position(arguments, "indexOf", last: false))) },
    "lastindexof": Function(2) { arguments, _ in .integer(Int64(try position(arguments, "lastIndexOf", last: true))) },
    "indexfromend": Function(2) { arguments, _ in
      let (items, index) = (try items(arguments[0], "indexFromEnd"), Int(try integer(arguments[1], "indexFromEnd")))
      guard (1...max(1, items.count)).contains(index), !items.isEmpty else { throw TemplateFailure.evaluation("'indexFromEnd' is out of bounds.") }
      return items[items.count - index]
    },
    "tryindexfromend": Function(2) { arguments, _ in
      let (items, index) = (try items(arguments[0], "tryIndexFromEnd"), Int(try integer(arguments[1], "tryIndexFromEnd")))
      return index >= 1 && index <= items.count ? items[items.count - index] : .null
    },
    "union": Function(2...many) { arguments, _ in
      if arguments[0].object != nil { return try arguments.dropFirst().reduce(arguments[0]) { try merged($0, $1) } }
      var result: [JSON] = []
      for item in try arguments.flatMap({ try items($0, "union") }) where !result.contains(item) { result.append(item) }
      return .array(result)
    },
    "intersection": Function(2...many) { arguments, _ in
      if case .object(let first) = arguments[0] {
        let others = try arguments.dropFirst().map { value -> JSON.Object in
          guard let object = value.object else { throw TemplateFailure.evaluation("'intersection' expects objects alone, or arrays alone.") }
          return object
        }
        return .object(
          JSON.Object(first.members.filter { member in others.allSatisfy { $0[member.name] == member.value } }.map { ($0.name, $0.value) }))
      }
      let others = try arguments.dropFirst().map { try items($0, "intersection") }
      return .array(try items(arguments[0], "intersection").filter { item in others.allSatisfy { $0.contains(item) } })
    },
    "flatten": Function(1) { arguments, _ in .array(try items(arguments[0], "flatten").flatMap { try items($0, "flatten") }) },
  ]

  private static func position(_ arguments: [JSON], _ name: String, last: Bool) throws -> Int {
    if let items = arguments[0].array {
      return (last ? items.lastIndex(of: arguments[1]) : items.firstIndex(of: arguments[1])) ?? -1
    }
    let (whole, part) = (Array(try text(arguments[0], name).lowercased()), Array(try text(arguments[1], name).lowercased()))
    guard part.count <= whole.count else { return -1 }
    let starts = Array(0...(whole.count - part.count))
    return (last ? starts.reversed() : starts).first { Array(whole[$0..<($0 + part.count)]) == part } ?? -1
  }

  /// Objects merge, everything else is replaced.
  private static func merged(_ left: JSON, _ right: JSON) throws -> JSON {
    guard case .object(var result) = left, case .object(let other) = right else { return right }
    for (name, value) in other.members {
      let present = result.names.first { $0.lowercased() == name.lowercased() } ?? name
      result[present] = try result[present].map { try merged($0, value) } ?? value
    }
    return .object(result)
  }

  static let objects: [String: Function] = [
    "createobject": Function(0...many) { arguments, _ in
      guard arguments.count % 2 == 0 else { throw TemplateFailure.evaluation("'createObject' expects names and values in pairs.") }
      var result = JSON.Object()
      for index in stride(from: 0, to: arguments.count, by: 2) { result[try text(arguments[index], "createObject")] = arguments[index + 1] }
      return .object(result)
    },
    "items": Function(1) { arguments, _ in
      guard let object = arguments[0].object else { throw TemplateFailure.evaluation("'items' expects an object.") }
      return .array(object.members.sorted { $0.name < $1.name }.map { ["key": .string($0.name), "value": $0.value] })
    },
    "objectkeys": Function(1) { arguments, _ in
      guard let object = arguments[0].object else { throw TemplateFailure.evaluation("'objectKeys' expects an object.") }
      return .array(object.names.sorted().map { .string($0) })
    },
    "shallowmerge": Function(1) { arguments, _ in
      var result = JSON.Object()
      for item in try items(arguments[0], "shallowMerge") {
        guard let object = item.object else { throw TemplateFailure.evaluation("'shallowMerge' expects an array of objects.") }
        for (name, value) in object.members { result[name] = value }
      }
      return .object(result)
    },
  ]
}
