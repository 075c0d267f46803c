import Base
import Crypto
import Foundation
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

/// A `StorageFixture` with what Resource Manager does to containers, policies and encryption scopes, and with customers' keys.
extension StorageFixture {
  private static let types = "Microsoft.Storage/storageAccounts"

  private func place(_ path: String) throws -> (type: any ResourceType, id: ResourceID, context: OperationContext) {
    let subscription = GUID(high: 1, low: 1)
    let account = "/subscriptions/\(subscription)/resourceGroups/rg/providers/\(Self.types)/\(Self.account)"
    let id = try #require(ResourceID(path.isEmpty ? account : "\(account)/\(path)"))
    let provider = StorageProvider(
      accounts: accounts, random: random, clock: clock, address: CloudAddress(domain: "cloud.test", port: 443), locations: ["paris"])
    let type = try #require(provider.types.first { $0.descriptor.type.lowercased() == id.type?.lowercased() })
    let context = OperationContext(
      principal: caller.principal, tenant: tenant, subscription: subscription, correlationID: random.guid(), now: clock.now(),
      apiVersion: "2025-08-01")
    return (type, id, context)
  }

  /// PUT of a resource below the account; gives its properties.
  @discardableResult
  func manage(_ path: String, _ properties: JSON) async throws -> JSON {
    let (type, id, context) = try place(path)
    return try await records.write { transaction in
      let existing = try (type as? any ProjectedResourceType)?.resource(id, tenant: context.tenant, in: transaction)
      let change = ResourceChange(method: .put, id: id, body: ["properties": properties], existing: existing, context: context)
      return try type.render(try type.put(change, in: transaction), in: transaction)
    }
  }

  /// POST of an action.
  @discardableResult
  func act(_ path: String, _ name: String, _ body: JSON = [:]) async throws -> JSON {
    let (type, id, context) = try place(path)
    let action = try #require(type.actions.first { $0.name == name })
    return try await records.write { transaction in
      let resource = try #require(try (type as? any ProjectedResourceType)?.resource(id, tenant: context.tenant, in: transaction))
      return try action.run(resource, body, context, transaction)
    }
  }

  /// DELETE of a resource.
  func unmanage(_ path: String) async throws {
    let (type, id, context) = try place(path)
    try await records.write { transaction in
      let resource = try #require(try (type as? any ProjectedResourceType)?.resource(id, tenant: context.tenant, in: transaction))
      try type.delete(resource, context: context, in: transaction)
    }
  }

  static func container(_ name: String) -> String { "blobServices/default/containers/\(name)" }

  /// The code of the error that `body` throws; nil when it throws none.
  func code(_ body: () async throws -> Void) async -> String? {
    do {
      try await body()
      return nil
    } catch let error as CloudError {
      return error.code
    } catch {
      return "\(error)"
    }
  }

  /// The headers that bring a customer's key, which is made of one byte.
  static func key(_ byte: UInt8) -> [(String, String)] {
    let key = [UInt8](repeating: byte, count: 32)
    return [
      ("x-ms-encryption-key", Base64.encode(key)), ("x-ms-encryption-key-sha256", Base64.encode(Array(SHA256.hash(data: key)))),
      ("x-ms-encryption-algorithm", "AES256"),
    ]
  }

  /// Every byte of the segments.
  func storedBytes() throws -> [UInt8] {
    let folder = directory("extents")
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().flatMap { name in
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }
  }

  /// Every byte that the record store holds under keys with this text in them, one value after the other.
  func stored(_ text: String) async throws -> [UInt8] {
    try await records.read { reader in
      let all = try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 1_000_000, reversed: false)
      let wanted = Array(text.utf8)
      return all.filter { entry in entry.key.indices.contains { entry.key[$0...].starts(with: wanted) } }.flatMap(\.value)
    }
  }
}
