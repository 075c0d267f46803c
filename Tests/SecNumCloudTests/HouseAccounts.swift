import Access
import Base
import Identity
import Records
import SecNumCloud
import Simulation

extension HouseDoor {
  /// Lets the house's outside come in here.
  func open(_ house: ObservedHouse) { house.outside.onRequest { try await self.answer($0, house) } }

  /// No two requests come at the same instant.
  func answer(_ request: OutsideRequest, _ house: ObservedHouse) async throws -> OutsideAnswer {
    house.clock.advance(by: .milliseconds(10))
    return try await self.request(request)
  }
}

extension ObservedHouse {
  /// A tenant with a directory; of the provider's id where it is his own.
  func makeTenant(_ name: String, id: GUID? = nil) async throws -> Tenant {
    let identity = identity
    return try await records.write {
      try identity.createTenant(id: id, displayName: name, domains: ["\(name).cloud.test"], country: "FR", in: $0)
    }
  }

  /// A user without a password.
  func makeUser(_ name: String, in tenant: Tenant) async throws -> User {
    let (identity, now) = (identity, clock.now())
    return try await records.write {
      try identity.createUser(
        User(
          id: .zero, tenant: tenant.id, userPrincipalName: "\(name)@\(tenant.domains[0])", displayName: name, mailNickname: name, created: now),
        in: $0)
    }
  }

  func makeGroup(_ name: String, in tenant: Tenant, members: [GUID]) async throws -> Group {
    let (identity, now) = (identity, clock.now())
    return try await records.write { transaction in
      let group = try identity.createGroup(
        Group(id: .zero, tenant: tenant.id, displayName: name, mailNickname: name, created: now), in: transaction)
      for member in members { try identity.addMember(member, to: group.id, tenant: tenant.id, in: transaction) }
      return group
    }
  }

  @discardableResult
  func assign(
    _ role: GUID, to principal: GUID, at path: String = "/", in tenant: Tenant, type: PrincipalType = .user
  ) async throws -> RoleAssignment {
    let (access, now, id, scope) = (access, clock.now(), random.guid(), AccessScope(tenant: tenant.id, path: path))
    return try await records.write {
      try access.assign(
        RoleAssignmentRequest(roleDefinitionID: role, principalID: principal), id: id, at: scope, resolvedType: type, by: .zero, now: now, in: $0
      ).assignment
    }
  }

  func unassign(_ assignment: RoleAssignment) async throws {
    let access = access
    _ = try await records.write {
      try access.unassign(assignment.id, at: AccessScope(tenant: assignment.tenant, path: assignment.scope), in: $0)?.id
    }
  }
}
