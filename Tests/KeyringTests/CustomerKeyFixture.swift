import Base
import Crypto
import Keyring
import Logging
import Records
import Simulation

/// A keyring whose data keys a customer's key can protect, under a clock that stands still.
struct CustomerKeyFixture {
  let base: KeyringFixture
  let clock = ManualClock()
  let twin = CustomerKeysTwin()
  let keyring: Keyring
  let customers: CustomerKeyring
  let identity = SystemRandom().guid()
  let key = CustomerKey(vault: "https://v.vault.test", name: "key")

  init() throws {
    base = try KeyringFixture()
    keyring = Keyring(rootKey: base.rootKey, random: SystemRandom(), clock: clock)
    customers = Self.customers(keyring, base.records, twin, clock)
  }

  private static func customers(
    _ keyring: Keyring, _ records: any RecordStore, _ twin: CustomerKeysTwin, _ clock: ManualClock
  ) -> CustomerKeyring {
    CustomerKeyring(keyring: keyring, records: records, keys: twin, clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// The same records, opened by a process that has nothing in memory.
  func restarted() -> CustomerKeyring {
    Self.customers(Keyring(rootKey: base.rootKey, random: SystemRandom(), clock: clock), base.records, twin, clock)
  }

  var records: SQLiteRecordStore { base.records }
  var tenant: GUID { base.tenant }

  func use(_ identity: GUID? = nil) -> CustomerKeyUse {
    CustomerKeyUse(reason: .storageData, tenant: tenant, subject: "/an/account", identity: identity ?? self.identity)
  }

  /// A new data key under the customer's key, and its bytes.
  func make(_ key: CustomerKey? = nil) async throws -> (id: DataKeyID, bytes: [UInt8]) {
    let prepared = try await customers.prepareNew(tenant: tenant, key ?? self.key, use())
    let id = try await records.write { [keyring] in try keyring.makeDataKey(prepared, in: $0) }
    // That the wrapping opens was tried when it was made.
    twin.change { $0.unwraps = [] }
    return (id, try await bytes(id))
  }

  func open(_ id: DataKeyID, by customers: CustomerKeyring? = nil, request: GUID? = .zero) async throws {
    try await (customers ?? self.customers).open(id, tenant: tenant, caller: nil, request: request)
  }

  func bytes(_ id: DataKeyID, by customers: CustomerKeyring? = nil) async throws -> [UInt8] {
    try await base.bytes(id, by: customers?.keyring ?? keyring)
  }

  func protection(_ id: DataKeyID) async throws -> CustomerProtection? {
    try await records.read { [tenant] in try Keyring.protection(of: id, tenant: tenant, in: $0) }
  }

  /// Puts a data key under a customer's key, or under another one.
  func protect(_ id: DataKeyID, _ key: CustomerKey? = nil, identity: GUID? = nil) async throws {
    let prepared = try await customers.prepare(id, tenant: tenant, key ?? self.key, use(identity))
    try await records.write { [keyring] in try keyring.protect(prepared, in: $0) }
  }
}
