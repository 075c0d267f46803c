public import Base
public import ResourceManager

/// What is fixed about a running cloud: where it listens, where its files lie, what it was built from.
public struct Site: Sendable {
  public var address: CloudAddress
  /// The addresses of the front door.
  public var listeningAddresses: [String]
  /// The port of those addresses that operators enter by; nil where there is none.
  public var operatorsPort: Int?
  /// The data directory, and what lies in it.
  public var folder: String
  public var records: String
  public var segments: String
  public var log: String
  public var controlSocket: String
  public var rootKey: String
  public var credentials: String
  /// Where disks, images and the state of networks lie; nil where there are no machines.
  public var machineFolder: String?
  /// The certificate of the platform's authority, PEM.
  public var authorityCertificate: String
  public var locations: [Location]
  public var version: String
  /// The executable that runs.
  public var executable: String
  public var processID: Int32
  public var started: Timestamp
  /// When the cloud was made.
  public var created: Timestamp
  /// The first tenant.
  public var tenant: GUID

  public init(
    address: CloudAddress, listeningAddresses: [String], folder: String, records: String, segments: String, log: String, controlSocket: String,
    rootKey: String, credentials: String, machineFolder: String?, authorityCertificate: String, locations: [Location], version: String,
    executable: String, processID: Int32, started: Timestamp, created: Timestamp, tenant: GUID
  ) {
    self.address = address
    self.listeningAddresses = listeningAddresses
    self.folder = folder
    self.records = records
    self.segments = segments
    self.log = log
    self.controlSocket = controlSocket
    self.rootKey = rootKey
    self.credentials = credentials
    self.machineFolder = machineFolder
    self.authorityCertificate = authorityCertificate
    self.locations = locations
    self.version = version
    self.executable = executable
    self.processID = processID
    self.started = started
    self.created = created
    self.tenant = tenant
  }
}
