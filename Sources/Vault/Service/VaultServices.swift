package import Base
package import ExternalKeys
package import Keyring
package import Logging
package import Records
package import SecurityModule

/// What the operations of vaults work with.
package struct VaultServices: Sendable {
  package let vaults: Vaults
  package let address: CloudAddress
  package let clock: any WallClock
  package let random: any RandomSource
  package let logger: Logger
  /// Nil where the operator has given the cloud no hardware security module.
  package let module: SecurityModule?
  let externalKeys: ExternalKeyManagers

  package init(
    vaults: Vaults, address: CloudAddress, clock: any WallClock, random: any RandomSource, logger: Logger, module: SecurityModule? = nil,
    externalKeys: ExternalKeyManagerMaker? = nil, externalKeyHosts: ExternalKeyHosts = .none
  ) {
    self.vaults = vaults
    self.address = address
    self.clock = clock
    self.random = random
    self.logger = logger
    self.module = module
    self.externalKeys = ExternalKeyManagers(make: externalKeys, hosts: externalKeyHosts)
  }

  package var records: any RecordStore { vaults.records }
  package var keyring: Keyring { vaults.keyring }
}
