import Access
import Base
import Keyring
import Records
import Synchronization

/// One customer's key that wraps by turning bits over, and that a test disables.
final class TwinCustomerKeys: CustomerKeys {
  struct State {
    var refusal: CustomerKeyError?
    var version = "1"
    var uses: [CustomerKeyUse] = []
    var unwraps = 0
  }

  let state = Mutex(State())

  var uses: [CustomerKeyUse] { state.withLock { $0.uses } }
  var unwraps: Int { state.withLock { $0.unwraps } }

  func refuse(_ refusal: CustomerKeyError?) { state.withLock { $0.refusal = refusal } }

  private func use(_ use: CustomerKeyUse) throws(CustomerKeyError) -> String {
    let (refusal, version) = state.withLock { state in
      state.uses.append(use)
      return (state.refusal, state.version)
    }
    if let refusal { throw refusal }
    return version
  }

  func wrap(_ content: [UInt8], with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> CustomerWrapping {
    CustomerWrapping(version: try self.use(use), wrapped: content.map { $0 ^ 0xA5 })
  }

  func unwrap(_ wrapping: CustomerWrapping, with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> [UInt8] {
    _ = try self.use(use)
    state.withLock { $0.unwraps += 1 }
    return wrapping.wrapped.map { $0 ^ 0xA5 }
  }

  func check(_ key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String { try self.use(use) }
}

struct StubIdentities: ManagedIdentities {
  static let identity = ManagedIdentity(principal: GUID(high: 7, low: 8), application: GUID(high: 9, low: 10))

  func makeManagedIdentity(displayName: String, resourceID: String, tenant: GUID, in transaction: RecordTransaction) throws -> ManagedIdentity {
    Self.identity
  }

  func removeManagedIdentity(_ principal: GUID, tenant: GUID, in transaction: RecordTransaction) throws {}
}
