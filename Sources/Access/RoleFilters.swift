public import Base
internal import Wire

/// The `$filter` of a list of role assignments: `atScope()`, `atExactScope()`, `principalId eq 'id'`, `assignedTo('id')`.
///
/// Source: Microsoft, "List Azure role assignments using the REST API".
public struct RoleAssignmentFilter: Sendable, Equatable {
  /// Leaves out what is assigned below the scope.
  public var excludesBelow = false
  /// Leaves out what is inherited from above as well.
  public var exactScopeOnly = false
  public var principalID: GUID?
  /// Whom assignments must reach, directly or through a group. The caller resolves its groups.
  public var assignedTo: GUID?

  public init() {}

  /// Throws 400 `BadRequestFormat` for a filter that Azure does not have.
  public init(parsing text: String?) throws {
    guard let text, !text.isEmpty else { return }
    for condition in try parsed(text).conjuncts {
      switch condition {
      case .truth(.function("atscope", let arguments)) where arguments.isEmpty: excludesBelow = true
      case .truth(.function("atexactscope", let arguments)) where arguments.isEmpty: (excludesBelow, exactScopeOnly) = (true, true)
      case .truth(.function("assignedto", let arguments)):
        guard case .literal(let literal)? = arguments.first, arguments.count == 1 else { throw unsupported(text) }
        assignedTo = try guid(literal, text)
      case .comparison(.path(let path), .equal, .literal(let literal)) where path.joined().lowercased() == "principalid":
        principalID = try guid(literal, text)
      default: throw unsupported(text)
      }
    }
  }

  private func guid(_ literal: ODataFilter.Literal, _ text: String) throws -> GUID {
    guard let id = literal.text.flatMap({ GUID($0) }) else { throw unsupported(text) }
    return id
  }
}

/// The `$filter` of a list of role definitions: `roleName eq 'name'`, `type eq 'CustomRole'`, `atScopeAndBelow()`.
///
/// Source: Microsoft, "List Azure role definitions using the REST API".
public struct RoleDefinitionFilter: Sendable, Equatable {
  public var roleName: String?
  public var type: RoleDefinition.RoleType?
  /// Also lists roles that can be assigned below the scope only.
  public var includesBelow = false

  public init() {}

  /// Throws 400 `BadRequestFormat` for a filter that Azure does not have.
  public init(parsing text: String?) throws {
    guard let text, !text.isEmpty else { return }
    for condition in try parsed(text).conjuncts {
      switch condition {
      case .truth(.function("atscopeandbelow", let arguments)) where arguments.isEmpty: includesBelow = true
      case .comparison(.path(let path), .equal, .literal(.string(let value))) where path.joined().lowercased() == "rolename": roleName = value
      case .comparison(.path(let path), .equal, .literal(.string(let value))) where path.joined().lowercased() == "type":
        guard let wanted = [RoleDefinition.RoleType.builtIn, .custom].first(where: { $0.rawValue.lowercased() == value.lowercased() }) else {
          throw unsupported(text)
        }
        type = wanted
      default: throw unsupported(text)
      }
    }
  }

  func admits(_ role: RoleDefinition) -> Bool {
    if let roleName, roleName.lowercased() != role.roleName.lowercased() { return false }
    return type == nil || type == role.type
  }
}

private func parsed(_ text: String) throws -> ODataFilter {
  do {
    return try ODataFilter(parsing: text)
  } catch {
    throw RoleErrors.badRequest(error.message)
  }
}

private func unsupported(_ text: String) -> CloudError {
  RoleErrors.badRequest(
    "The filter '\(text)' is not supported. Supported filters are either 'atScope()' or 'principalId eq '{value}' or assignedTo('{value}')'.")
}
