/// One set of a role's permissions: what `actions` grant less what `notActions` take away, and the same for data actions.
public struct RolePermissions: Sendable, Codable, Hashable {
  /// Names of management actions; `*` stands for any characters.
  public var actions: [String]
  public var notActions: [String]
  public var dataActions: [String]
  public var notDataActions: [String]

  public init(actions: [String] = [], notActions: [String] = [], dataActions: [String] = [], notDataActions: [String] = []) {
    self.actions = actions
    self.notActions = notActions
    self.dataActions = dataActions
    self.notDataActions = notDataActions
  }
}

/// The sets of one role, ready to be matched.
struct CompiledPermissions: Sendable {
  private struct Side: Sendable {
    var granted: [ActionPattern]
    var excluded: [ActionPattern]

    init(_ granted: [String], _ excluded: [String]) {
      self.granted = granted.map { ActionPattern($0) }
      self.excluded = excluded.map { ActionPattern($0) }
    }

    func grants(_ name: [UInt8]) -> Bool {
      granted.contains { $0.matches(name) } && !excluded.contains { $0.matches(name) }
    }
  }

  private let management: [Side]
  private let data: [Side]

  init(_ permissions: [RolePermissions]) {
    management = permissions.map { Side($0.actions, $0.notActions) }
    data = permissions.map { Side($0.dataActions, $0.notDataActions) }
  }

  /// Whether any set grants the action. What one set excludes another may grant.
  func grant(_ action: ActionName) -> Bool {
    (action.isDataAction ? data : management).contains { $0.grants(action.folded) }
  }
}

/// An action's name as it is matched: lower-cased once a decision.
struct ActionName: Sendable {
  let folded: [UInt8]
  let isDataAction: Bool

  init(_ action: Action) {
    self.init(action.name, isDataAction: action.isDataAction)
  }

  init(_ name: String, isDataAction: Bool) {
    folded = Array(name.lowercased().utf8)
    self.isDataAction = isDataAction
  }
}

/// A name in which `*` stands for any characters, slashes among them.
struct ActionPattern: Sendable {
  private let pieces: [[UInt8]]

  init(_ text: String) {
    pieces = text.lowercased().utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { Array($0) }
  }

  func matches(_ name: [UInt8]) -> Bool {
    guard pieces.count > 1 else { return pieces[0] == name }
    let first = pieces[0]
    let last = pieces[pieces.count - 1]
    guard name.count >= first.count + last.count, name.starts(with: first) else { return false }
    let end = name.count - last.count
    guard name[end...].elementsEqual(last) else { return false }
    // The leftmost place for each inner piece leaves most room for the rest.
    var position = first.count
    for piece in pieces[1..<pieces.count - 1] where !piece.isEmpty {
      guard piece.count <= end - position,
        let found = (position...end - piece.count).first(where: { name[$0..<$0 + piece.count].elementsEqual(piece) })
      else { return false }
      position = found + piece.count
    }
    return true
  }
}
