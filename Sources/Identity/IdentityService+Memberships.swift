public import Access
public import Base
public import Records

extension IdentityService: MembershipReader {
  /// Breadth first, like `groups(of:)` the other way round; groups that contain each other are no trouble.
  public func principals(inGroup group: GUID, tenant: GUID, limit: Int, in reader: any RecordReader) throws -> [GUID] {
    var found: [GUID] = []
    var seen: Set<GUID> = [group]
    var level = [group]
    for _ in 0..<IdentityLimits.maximumGroupDepth where !level.isEmpty {
      var next: [GUID] = []
      for group in level {
        for member in try members(of: group, tenant: tenant, limit: IdentityLimits.maximumGroupMembers, in: reader)
        where seen.insert(member.member).inserted {
          guard member.memberType != .group else {
            next.append(member.member)
            continue
          }
          guard found.count < limit else { return found }
          found.append(member.member)
        }
      }
      level = next
    }
    return found
  }
}
