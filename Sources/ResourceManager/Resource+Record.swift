public import Base
public import Records
internal import Wire

/// How a resource rests: what finds it can be read; all that its owner wrote of it is sealed (ADR 22).
extension Resource {
  public func encode(to writer: inout ByteWriter) throws {
    writer.guid(tenant)
    writer.string(id.description)
    writer.optional(location) { $0.string($1) }
    writer.string(provisioningState.rawValue)
    writer.guid(etag)
    writer.timestamp(createdTime)
    writer.timestamp(changedTime)
    writer.optional(sealed) { $0.blob($1.bytes) }
    if sealed == nil { encodeContent(to: &writer) }
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    guard format > 1 else {
      try self.init(fromFirstFormat: &reader)
      return
    }
    let tenant = try reader.guid()
    guard let id = ResourceID(try reader.string()) else { throw ByteReader.Malformed() }
    let location = try reader.optional { try $0.string() }
    let state = try Self.state(&reader)
    self.init(
      tenant: tenant, id: id, location: location, provisioningState: state, etag: try reader.guid(), createdTime: try reader.timestamp(),
      changedTime: try reader.timestamp())
    sealed = try reader.optional { SealedContent(bytes: try $0.blob()) }
    if sealed == nil { try decodeContent(from: &reader) }
  }

  /// The first format had everything in the clear, in another order.
  private init(fromFirstFormat reader: inout ByteReader) throws {
    let tenant = try reader.guid()
    guard let id = ResourceID(try reader.string()) else { throw ByteReader.Malformed() }
    let location = try reader.optional { try $0.string() }
    let unknown = Timestamp(seconds: 0)
    var content = Resource(tenant: tenant, id: id, location: location, etag: .zero, createdTime: unknown, changedTime: unknown)
    try content.decodeContent(from: &reader)
    content.provisioningState = try Self.state(&reader)
    content.etag = try reader.guid()
    content.createdTime = try reader.timestamp()
    content.changedTime = try reader.timestamp()
    self = content
  }

  private static func state(_ reader: inout ByteReader) throws -> ProvisioningState {
    guard let state = ProvisioningState(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    return state
  }

  private func encodeContent(to writer: inout ByteWriter) {
    writer.list(tags.sorted { $0.key < $1.key }) {
      $0.string($1.key)
      $0.string($1.value)
    }
    writer.optional(sku) { $0.blob($1.bytes) }
    writer.optional(kindName) { $0.string($1) }
    writer.optional(identity) { $0.blob($1.bytes) }
    writer.optional(zones) { $0.list($1) { $0.string($1) } }
    writer.blob(properties.bytes)
  }

  private mutating func decodeContent(from reader: inout ByteReader) throws {
    let pairs = try reader.list { (try $0.string(), try $0.string()) }
    tags = Dictionary(pairs) { $1 }
    sku = try reader.optional { try JSON(parsing: try $0.blob()) }
    kindName = try reader.optional { try $0.string() }
    identity = try reader.optional { try JSON(parsing: try $0.blob()) }
    zones = try reader.optional { try $0.list { try $0.string() } }
    properties = try JSON(parsing: try reader.blob())
  }
}

// MARK: Sealing

extension Resource {
  public mutating func seal(in transaction: RecordTransaction) throws {
    guard sealed == nil, let sealer = transaction.sealer else { return }
    var writer = ByteWriter()
    encodeContent(to: &writer)
    sealed = SealedContent(bytes: try sealer.seal(writer.bytes, context: sealingContext, owner: keyOwner, in: transaction))
  }

  public mutating func open(in reader: any RecordReader) throws {
    guard let sealed, let content = try reader.sealer?.open(sealed.bytes, context: sealingContext, owner: keyOwner, in: reader) else { return }
    var bytes = ByteReader(content)
    try decodeContent(from: &bytes)
    guard bytes.isAtEnd else { throw ByteReader.Malformed() }
    self.sealed = nil
  }

  /// Whether its owner's key is closed, so that nothing is known of it but that it is there.
  public var isClosed: Bool { sealed != nil }

  /// Throws `RecordsClosed` where it is closed.
  func requireOpen() throws {
    if isClosed { throw RecordsClosed() }
  }

  /// Whether it leads to keys, and so must not need one.
  var leadsToKeys: Bool { Self.keyNamespaces.contains(id.provided.last?.namespace.lowercased() ?? "") }

  /// Whose key it is under. What the platform itself must read at any time is not under one that a tenant can take away: what machines run on, and what
  /// leads to the key.
  private var keyOwner: GUID {
    let namespace = id.provided.last?.namespace.lowercased() ?? ""
    return Self.keyNamespaces.contains(namespace) || Self.machineNamespaces.contains(namespace) ? .zero : tenant
  }

  /// What leads to a tenant's key.
  static let keyNamespaces: Set = ["microsoft.keyvault", "microsoft.managedidentity"]
  /// What machines run on.
  private static let machineNamespaces: Set = ["microsoft.compute", "microsoft.network"]

  private var sealingContext: [UInt8] {
    var context = ByteWriter(reserving: 256)
    context.string(Self.kind)
    context.guid(tenant)
    context.string(id.canonical)
    return context.bytes
  }
}
