internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// All operations of the data plane, found by what selects them.
struct StorageOperations: Sendable {
  let all: [StorageOperation]
  private let bySelector: [Selector: [StorageOperation]]

  private struct Selector: Hashable {
    var method: String
    var place: Place
  }

  /// What selects an operation beside its method.
  private struct Place: Hashable {
    var service: StorageService
    var level: StorageOperation.Level
    var comp: String?
    var resourceType: String?
  }

  private let methods: [Place: Set<String>]

  init(_ operations: [StorageOperation]) {
    all = operations
    var bySelector: [Selector: [StorageOperation]] = [:]
    var methods: [Place: Set<String>] = [:]
    for operation in operations {
      let place = Place(service: operation.service, level: operation.level, comp: operation.comp, resourceType: operation.resourceType)
      bySelector[Selector(method: operation.method.rawValue, place: place), default: []].append(operation)
      methods[place, default: []].insert(operation.method.rawValue)
    }
    self.bySelector = bySelector
    self.methods = methods
  }

  /// The operation that a request is for. Throws 400 for a `comp` or `restype` that selects nothing here, 405 for a verb that does not go with them.
  func operation(for request: EdgeRequest, _ target: StorageTarget) throws -> StorageOperation {
    // To a website a query says nothing.
    let (comp, resourceType) = target.service == .web ? (nil, nil) : (request.query["comp"], request.query["restype"])
    let place = Place(
      service: target.service, level: target.level, comp: comp?.lowercased(), resourceType: resourceType?.lowercased())
    let candidates = bySelector[Selector(method: request.method.rawValue, place: place)] ?? []
    if let operation = candidates.first(where: { $0.matches(request) }) { return operation }
    if target.level == .entity, request.method == .POST, request.headers.contains(name: "x-http-method") { throw TableError.methodIncorrectValue }
    guard methods[place] == nil else { throw StorageError.unsupportedHttpVerb }
    if let comp { throw StorageError.invalidQueryParameterValue("comp", comp) }
    if let resourceType { throw StorageError.invalidQueryParameterValue("restype", resourceType) }
    throw target.level == .account ? StorageError.invalidQueryParameterValue("comp", "") : StorageError.invalidUri
  }
}
