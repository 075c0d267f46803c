public import Base
public import Records

/// The end of a tenant's directory: first nobody signs in any more, then everything goes, in bounded steps.
extension IdentityService {
  /// Takes a tenant out of the cloud: from the commit on no token is given for it, and none that it was given is taken. Its domains are free again.
  /// False where there is none.
  @discardableResult
  public func closeTenant(_ id: GUID, in transaction: RecordTransaction) throws -> Bool {
    try transaction.remove(Tenant.self, Tenant.key(id))
  }

  /// The accounts that a tenant's users have as guests of other tenants, at most `limit`.
  public func guests(ofHome tenant: GUID, limit: Int, in reader: any RecordReader) throws -> [User] {
    try reader.list(User.self, index: User.homeIndex, [tenant.description], tenant: .zero, limit: limit)
  }

  /// Removes such accounts, and gives them. Some may be left when there are `limit`.
  public func removeGuests(ofHome tenant: GUID, limit: Int, in transaction: RecordTransaction) throws -> [User] {
    let guests = try guests(ofHome: tenant, limit: limit, in: transaction)
    for guest in guests { try deleteUser(guest.id, tenant: guest.tenant, in: transaction) }
    return guests
  }

  /// Removes what the platform keeps of sign-ins to a tenant that are not complete. They last for minutes: that is what bounds them.
  public func removePendingSignIns(of tenant: GUID, in transaction: RecordTransaction) throws {
    let limit = IdentityLimits.maximumSwept
    for code in try transaction.list(AuthorizationCode.self, under: RecordKey(tenant: .zero), limit: limit)
    where code.signIn.tenant == tenant || code.signIn.home.tenant == tenant {
      try transaction.remove(AuthorizationCode.self, code.key)
    }
    for device in try transaction.list(DeviceAuthorization.self, under: DeviceAuthorization.all, limit: limit) where device.concerns(tenant) {
      try transaction.remove(DeviceAuthorization.self, device.key)
    }
  }

  /// Removes what the directory keeps of a tenant, at most `limit` records of each kind. True when nothing is left.
  public func removeDirectory(of tenant: GUID, limit: Int, in transaction: RecordTransaction) throws -> Bool {
    let all = RecordKey(tenant: tenant)
    let removed = [
      try transaction.removeAll(RefreshToken.self, under: all, limit: limit), try transaction.removeAll(AssertionUse.self, under: all, limit: limit),
      try transaction.removeAll(GroupMember.self, under: all, limit: limit), try transaction.removeAll(Group.self, under: all, limit: limit),
      try transaction.removeAll(ServicePrincipal.self, under: all, limit: limit),
      try transaction.removeAll(Application.self, under: all, limit: limit), try transaction.removeAll(User.self, under: all, limit: limit),
    ]
    return removed.allSatisfy { $0 < limit }
  }
}

extension DeviceAuthorization {
  fileprivate func concerns(_ tenant: GUID) -> Bool {
    if self.tenant == tenant { return true }
    guard case .approved(let signIn) = state else { return false }
    return signIn.tenant == tenant || signIn.home.tenant == tenant
  }
}
