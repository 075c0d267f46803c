internal import Base
internal import Edge
internal import Keyring
internal import Records
internal import Wire

/// The operations that change one entity.
struct EntityWrites: Sendable {
  let records: any RecordStore
  let keyring: Keyring
  let domain: String

  /// Source: Microsoft, "Insert Entity", REST reference.
  @Sendable
  func insert(_ call: StorageCall) async throws -> EdgeResponse { try await change(.insert, call) }

  /// Source: Microsoft, "Update Entity" and "Insert Or Replace Entity", REST reference.
  @Sendable
  func replace(_ call: StorageCall) async throws -> EdgeResponse { try await change(.replace, call) }

  /// Source: Microsoft, "Merge Entity" and "Insert Or Merge Entity", REST reference.
  @Sendable
  func merge(_ call: StorageCall) async throws -> EdgeResponse { try await change(.merge, call) }

  /// Source: Microsoft, "Delete Entity", REST reference.
  @Sendable
  func delete(_ call: StorageCall) async throws -> EdgeResponse { try await change(.delete, call) }

  private func change(_ kind: EntityChange.Kind, _ call: StorageCall) async throws -> EdgeResponse {
    let answers = try TableAnswers(call, domain: domain)
    let body = kind == .delete ? [] : try await TableOperations.body(of: call, upTo: EntityLimits.documentBytes)
    let parsed = Result { () throws(CloudError) in try EntityChange(kind, call, body: body) }
    return try await records.write { [keyring] transaction in
      let table = try Table.require(call.container, call.account, in: transaction)
      // That there is no such table is said before what is wrong with the entity.
      let change = try parsed.get()
      let outcome = try change.apply(in: table, call, keyring: keyring, in: transaction)
      return change.answer(outcome, in: table, answers)
    }
  }
}
