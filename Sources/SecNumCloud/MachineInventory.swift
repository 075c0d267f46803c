public import Base

/// What the engines of this host can tell besides what runs: the images on offer, what is missing, and what a network reaches.
public protocol MachineInventory: MachinesView {
  /// The operator's catalogue of images.
  func images() async throws -> [ImageOnOffer]
  /// Ids of resources that should have something on this host and have not: a disk its file, a machine its process.
  func missing() async throws -> [String]
  /// Whether a packet that is sent inside of one network's namespace is answered by an address of another, of which the first has none like it. With
  /// one and the same namespace: whether the network answers itself, without which the rest proves nothing. Nil where there is nothing to ask.
  func answers(_ asked: String, to asking: String) async throws -> Bool?
}

/// A version of an image that tenants may choose.
public struct ImageOnOffer: Hashable, Sendable {
  public var publisher: String
  public var offer: String
  public var sku: String
  public var version: String
  /// When it was entered in the catalogue.
  public var published: Timestamp

  public init(publisher: String, offer: String, sku: String, version: String, published: Timestamp) {
    self.publisher = publisher
    self.offer = offer
    self.sku = sku
    self.version = version
    self.published = published
  }

  /// `publisher:offer:sku:version`.
  public var urn: String { "\(publisher):\(offer):\(sku):\(version)" }
}

extension ObservedPlatform {
  /// Nil where this host runs no machines.
  var machineInventory: (any MachineInventory)? { machines as? any MachineInventory }
}
