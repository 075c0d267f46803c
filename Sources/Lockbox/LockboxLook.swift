internal import Base
internal import Edge
internal import Operators
internal import Wire

/// One look that an operator asks for under a grant, as its request names it.
struct LockboxLook: Sendable {
  /// What it is called in the ledger.
  var action: String
  /// What it reaches: it must lie in the grant's scope.
  var target: ResourceID
  /// What further names it, and may name persons.
  var details: [String: String] = [:]
  var blobs: BlobLook?

  /// From the query of a call. Throws 400.
  typealias Reader = @Sendable (OperatorCall) throws -> LockboxLook

  static func resource(_ call: OperatorCall) throws -> LockboxLook {
    LockboxLook(action: "read resource", target: try id("id", call))
  }

  static func resources(_ call: OperatorCall) throws -> LockboxLook {
    let group = try id("group", call)
    guard group.resourceGroup != nil, group.provided.isEmpty else { throw LockboxErrors.invalid("group", "must be the id of a resource group.") }
    return LockboxLook(action: "list resources", target: group)
  }

  static func containers(_ call: OperatorCall) throws -> LockboxLook {
    try storage("list containers", call, .containers)
  }

  static func blobs(_ call: OperatorCall) throws -> LockboxLook {
    try storage("list blobs", call, .blobs(container: try container(call)))
  }

  static func content(_ call: OperatorCall) throws -> LockboxLook {
    let name = try text("blob", call, LockboxLimits.maximumScopeBytes)
    let range = try range(call)
    var look = try storage("read blob", call, .content(container: try container(call), blob: name, range: range))
    look.details["blob"] = name
    look.details["bytes"] = "\(range.lowerBound)-\(range.upperBound - 1)"
    return look
  }

  private static func storage(_ action: String, _ call: OperatorCall, _ what: BlobLook.What) throws -> LockboxLook {
    let account = try id("account", call)
    guard account.type?.lowercased() == "microsoft.storage/storageaccounts" else {
      throw LockboxErrors.invalid("account", "must be the id of a storage account.")
    }
    let look = BlobLook(account: account, what: what, prefix: call.request.query["prefix"], marker: call.request.query["marker"])
    return LockboxLook(action: action, target: look.scope, details: ["prefix": look.prefix].compactMapValues { $0 }, blobs: look)
  }

  // MARK: Reading

  private static func text(_ name: String, _ call: OperatorCall, _ limit: Int) throws -> String {
    guard let text = call.request.query[name], !text.isEmpty else { throw LockboxErrors.invalid(name, "is required.") }
    guard text.utf8.count <= limit else { throw LockboxErrors.invalid(name, "is longer than \(limit) bytes.") }
    return text
  }

  private static func id(_ name: String, _ call: OperatorCall) throws -> ResourceID {
    guard let id = ResourceID(try text(name, call, LockboxLimits.maximumScopeBytes)), id.subscription != nil else {
      throw LockboxErrors.invalid(name, "must be the id of a resource or of a resource group.")
    }
    return id
  }

  /// Source: Microsoft, "Naming and referencing containers, blobs, and metadata".
  private static func container(_ call: OperatorCall) throws -> String {
    let name = try text("container", call, 63)
    guard name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "$") })
    else { throw LockboxErrors.invalid("container", "is no name of a container.") }
    return name
  }

  /// From `offset` on, `length` bytes: at most as many as one look gives, which is how many it is without one.
  private static func range(_ call: OperatorCall) throws -> Range<Int64> {
    func number(_ name: String, _ standard: Int64, _ allowed: ClosedRange<Int64>) throws -> Int64 {
      guard let text = call.request.query[name] else { return standard }
      guard let number = Int64(text), allowed.contains(number) else {
        throw LockboxErrors.invalid(name, "must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound).")
      }
      return number
    }
    let most = Int64(LockboxLimits.maximumLookBytes)
    let offset = try number("offset", 0, 0...(1 << 53))
    return offset..<(offset + (try number("length", most, 1...most)))
  }
}

/// Lets a look pass that the tenant has granted, once it stands in the tenant's ledger.
struct LockboxGuard: GrantGuard {
  let lockbox: Lockbox
  let look: LockboxLook.Reader

  func use(_ call: OperatorCall) async throws -> OperatorGrant {
    let look = try look(call)
    let found = try await lockbox.use(
      call.parameters["id"] ?? "", by: call.caller, of: look.target, operation: look.action, details: look.details,
      request: call.request.identifiers.request)
    return OperatorGrant(
      request: found.id, tenant: found.tenant, operatorID: found.operatorID, scope: found.scope.description, ends: found.ends ?? found.created)
  }
}
