internal import Base
internal import NIOHTTP1
public import Records
public import Wire

/// What the operators' API serves of the platform itself.
public struct OperatorRoutes: Sendable {
  private let records: any RecordStore
  private let status: @Sendable () async throws -> JSON
  private let tenants: @Sendable () async throws -> [JSON]

  /// `status` is what `cocagne status` shows, `tenants` what `cocagne tenant list` does: which there are, and the state of their contracts.
  public init(
    records: any RecordStore, status: @escaping @Sendable () async throws -> JSON, tenants: @escaping @Sendable () async throws -> [JSON]
  ) {
    self.records = records
    self.status = status
    self.tenants = tenants
  }

  public var routes: [OperatorRoute] {
    [
      OperatorRoute(.GET, "/whoami", everybody: "it tells the caller of the caller alone") { OperatorAnswer.json(Self.rendered($0.caller)) },
      OperatorRoute(.GET, "/status", .readStatus) { _ in OperatorAnswer.json(try await status()) },
      OperatorRoute(.GET, "/tenants", .readTenants) { _ in OperatorAnswer.json(["value": .array(try await tenants())]) },
      OperatorRoute(.GET, "/operators", .readOperators) { _ in
        let all = try await records.read { try $0.list(Operator.self, under: Operator.all, limit: OperatorLimits.maximumOperators) }
        return OperatorAnswer.json(["value": .array(all.map(\.json))])
      },
    ]
  }

  private static func rendered(_ caller: OperatorPrincipal) -> JSON {
    let permissions = OperatorPermission.allCases.filter(caller.may).map { JSON.string($0.rawValue) }
    return [
      "id": .string(caller.id.description), "name": .string(caller.name), "email": .string(caller.email),
      "roles": .array(caller.roles.map(\.rawValue).sorted().map { .string($0) }), "permissions": .array(permissions),
    ]
  }
}

extension Operator {
  /// As the operators' API and `cocagne operator` show it.
  public var json: JSON {
    let roleNames = JSON.array(roles.map { .string($0.rawValue) })
    return .object([
      "id": .string(id.description), "name": .string(name), "email": .string(email), "roles": roleNames,
      "certificateSha256": .string(thumbprint.hexadecimal), "notBefore": .string(notBefore.iso8601), "notAfter": .string(notAfter.iso8601),
      "added": .string(added.iso8601), "addedBy": .string(addedBy), "disabled": disabled.map { .string($0.iso8601) },
    ])
  }
}
