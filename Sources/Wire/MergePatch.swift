extension JSON {
  /// This value after a JSON merge patch: members of the patch replace, those that are `null` remove, objects merge.
  ///
  /// Member names compare without regard to case, as Azure's services match property names; the spelling that is there stays.
  /// Source: RFC 7396.
  public func merging(patch: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var result: Object = object ?? Object()
    for (name, value) in changes.members {
      let wanted = name.lowercased()
      let present = result[name] != nil ? name : result.names.first { $0.lowercased() == wanted } ?? name
      result[present] = value.isNull ? nil : (result[present] ?? .null).merging(patch: value)
    }
    return .object(result)
  }
}
