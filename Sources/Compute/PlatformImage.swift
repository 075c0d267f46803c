public import Base
public import Records
internal import Wire

/// An entry of the operator's catalogue of images: one version, immutable, signed, shared by all machines that are made from it.
public struct PlatformImage: Record, Codable, Sendable {
  public static let kind = "compute.platformImage"

  /// How a machine made of it starts.
  public struct DirectBoot: Codable, Sendable, Equatable {
    /// File names beside the disk.
    public var kernel: String
    public var initrd: String?
    public var commandLine: String
  }

  public var publisher: String
  public var offer: String
  public var sku: String
  /// Three numbers: `12.0.20261124`.
  public var version: String
  /// The folder of its files, below the machines' folder: `disk.qcow2`, and a kernel where it starts by one.
  public var folder: String
  public var sizeBytes: Int64
  /// `V1` (BIOS), `V2` (UEFI).
  public var generations: [String]
  public var directBoot: DirectBoot?
  /// Whether a guest tells the platform that it is provisioned, as Azure's agents do; machines are `Succeeded` only then.
  public var reportsReady: Bool
  /// SHA-256 of each file by its name, in hexadecimal.
  public var digests: [String: String]
  /// The platform's signature over all of the above, base64.
  public var signature: String
  public var publishedTime: Timestamp
  public var text: String?

  public init(
    publisher: String, offer: String, sku: String, version: String, folder: String, sizeBytes: Int64, generations: [String],
    directBoot: DirectBoot?, reportsReady: Bool, digests: [String: String], signature: String, publishedTime: Timestamp, text: String?
  ) {
    self.publisher = publisher
    self.offer = offer
    self.sku = sku
    self.version = version
    self.folder = folder
    self.sizeBytes = sizeBytes
    self.generations = generations
    self.directBoot = directBoot
    self.reportsReady = reportsReady
    self.digests = digests
    self.signature = signature
    self.publishedTime = publishedTime
    self.text = text
  }

  public var key: RecordKey { Self.key(publisher, offer, sku, version) }

  public static func key(_ publisher: String, _ offer: String, _ sku: String, _ version: String) -> RecordKey {
    RecordKey(tenant: .zero, publisher.lowercased(), offer.lowercased(), sku.lowercased(), order(version))
  }

  /// Zero-padded numbers, so that keys order as versions do.
  private static func order(_ version: String) -> String {
    version.split(separator: ".").map { String(repeating: "0", count: max(0, 12 - $0.count)) + $0 }.joined(separator: ".")
  }

  static func isVersion(_ text: String) -> Bool {
    let words = text.split(separator: ".", omittingEmptySubsequences: false)
    return words.count == 3 && words.allSatisfy { !$0.isEmpty && $0.count <= 10 && $0.utf8.allSatisfy { (48...57).contains($0) } }
  }

  /// Versions of an image that are kept in the catalogue.
  static let maximumListed = 10_000

  static func list(_ names: [String], in reader: any RecordReader) throws -> [PlatformImage] {
    try reader.list(PlatformImage.self, under: RecordKey(tenant: .zero, components: names.map { $0.lowercased() }), limit: maximumListed)
  }

  /// The image of a reference; `latest` is the newest version. Throws `ImageNotFound`-class errors as Azure does.
  static func find(publisher: String, offer: String, sku: String, version: String, location: String, in reader: any RecordReader) throws
    -> PlatformImage
  {
    if version.lowercased() == "latest" {
      if let newest = try list([publisher, offer, sku], in: reader).last { return newest }
    } else if isVersion(version), let found = try reader.fetch(PlatformImage.self, key(publisher, offer, sku, version)) {
      return found
    }
    throw CloudError(
      404, "PlatformImageNotFound",
      "The platform image '\(publisher):\(offer):\(sku):\(version)' is not available. Verify that all fields in the storage profile are correct. "
        + "For more details about storage profile information, please refer to https://aka.ms/storageprofile.", target: "imageReference")
  }

  /// What the signature is over.
  public var signedText: String {
    let files = digests.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n")
    let boot = directBoot.map { "\($0.kernel)|\($0.initrd ?? "")|\($0.commandLine)" } ?? ""
    return "cocagne image\n\(publisher):\(offer):\(sku):\(version)\n\(sizeBytes)\n\(generations.joined(separator: ","))\n\(boot)\n\(files)"
  }
}
