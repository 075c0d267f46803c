internal import Base
internal import Records
internal import Wire

/// A type whose changes may need something that takes time or asks others, such as a customer's key that wraps a data key: it is done before the
/// change's transaction.
public protocol PreparedResourceType: ResourceType {
  /// What `put` then finds as `ResourceChange.prepared`; nil where nothing is needed. Throws `CloudError` to refuse.
  ///
  /// The body is as it came, unchecked. Until the transaction begins, the resource may change or go: `put` looks whether what was prepared still fits.
  func prepare(_ change: ResourceChange) async throws -> (any Sendable)?
}

extension ResourceManager {
  /// Prepares a change where its type wants that. A refusal is written to the activity log, as one in the transaction is.
  func prepared(
    _ id: ResourceID, _ type: any ResourceType, _ method: ResourceChange.Method, body: JSON, _ context: ArmContext
  ) async throws -> (any Sendable)? {
    guard let type = type as? any PreparedResourceType else { return nil }
    let existing = try await records.read { [catalog] in try catalog.resource(id, tenant: context.tenant, in: $0) }
    try existing?.requireOpen()
    let change = ResourceChange(
      method: method, id: existing?.id ?? id, body: body, existing: existing, context: context.operation(context.subscription ?? .zero))
    do {
      return try await type.prepare(change)
    } catch let error as CloudError {
      await recordFailure(context, error)
      throw error
    }
  }

  /// Does what an action needs before its transaction.
  func prepare(_ action: ResourceAction, on id: ResourceID, _ operation: OperationContext, _ context: ArmContext) async throws {
    do {
      try await action.prepare?(id, operation)
    } catch let error as CloudError {
      if action.isWrite { await recordFailure(context, error) }
      throw error
    }
  }
}
