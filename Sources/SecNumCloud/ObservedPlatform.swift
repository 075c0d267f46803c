public import Access
public import Base
public import Catalogue
public import Extents
public import Identity
public import Keyring
public import Logging
public import Records

/// The running platform, as observations see it.
public struct ObservedPlatform: Sendable {
  public let site: Site
  public let requirements: Requirements
  public let records: any RecordStore
  public let keyring: Keyring
  public let extents: ExtentStore
  public let access: AccessControl
  public let identity: IdentityService
  public let documents: DocumentStore
  public let evidenceKey: EvidenceKey
  public let host: any HostView
  public let outside: any OutsideView
  /// Nil where this host runs no machines.
  public let machines: (any MachinesView)?
  public let clock: any WallClock
  public let random: any RandomSource
  public let logger: Logger

  public init(
    site: Site, requirements: Requirements, records: any RecordStore, keyring: Keyring, extents: ExtentStore, access: AccessControl,
    identity: IdentityService, documents: DocumentStore, evidenceKey: EvidenceKey, host: any HostView, outside: any OutsideView,
    machines: (any MachinesView)?, clock: any WallClock, random: any RandomSource, logger: Logger
  ) {
    self.site = site
    self.requirements = requirements
    self.records = records
    self.keyring = keyring
    self.extents = extents
    self.access = access
    self.identity = identity
    self.documents = documents
    self.evidenceKey = evidenceKey
    self.host = host
    self.outside = outside
    self.machines = machines
    self.clock = clock
    self.random = random
    self.logger = logger
  }

  public var now: Timestamp { clock.now() }
}
