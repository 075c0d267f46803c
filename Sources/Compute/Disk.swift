internal import Base
internal import Crypto
internal import Hypervisor
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// The bytes behind a disk or snapshot resource: one encrypted file with a key of its own.
struct DiskRecord: Record, Codable, Sendable {
  static let kind = "compute.disk"
  /// 2 adds `encryptionSet`.
  static let format: UInt8 = 2

  /// What the file is made of.
  enum Source: Codable, Sendable, Equatable {
    case empty
    /// A version of the operator's catalogue: the file stands on its disk.
    case platformImage(publisher: String, offer: String, sku: String, version: String)
    /// A copy of another disk or snapshot, as it is at the time of the copy.
    case copy(ResourceID)
    /// A VHD in a blob; its URL, which may hold a signature, is sealed.
    case blob(sealed: [UInt8])
    /// What a client will write by the URL of a grant.
    case upload
  }

  /// A version of the operator's catalogue.
  struct ImageName: Codable, Sendable, Equatable {
    var publisher: String
    var offer: String
    var sku: String
    var version: String
  }

  var tenant: GUID
  var id: ResourceID
  /// Names the file and, in short form, the disk in the guest.
  var guid: GUID
  var dataKey: DataKeyID
  var sizeBytes: Int64
  var source: Source
  /// The image file that it stands on, below the machines' folder.
  var backing: String?
  /// The image of the catalogue that it descends from, by whatever copies.
  var ancestor: ImageName?
  /// Whether the file is there.
  var isReady: Bool
  /// Whether it is of no use until its client has written it.
  var awaitsUpload = false
  /// The disk encryption set whose key is to wrap the data key; nil: the platform's alone does.
  var encryptionSet: ResourceID?

  var key: RecordKey { Self.key(tenant, id) }
  var indexes: [RecordIndex] { [RecordIndex(Self.guidIndex, guid.description, tenant: .zero)] + (setIndexEntry.map { [$0] } ?? []) }
  static func key(_ tenant: GUID, _ id: ResourceID) -> RecordKey { RecordKey(tenant: tenant, id.canonical) }
  static let guidIndex = "guid"

  /// As Azure tells sizes: whole gibibytes, rounded up.
  var sizeGiB: Int64 { (sizeBytes + (1 << 30) - 1) >> 30 }
  /// Below the machines' folder.
  var path: String { "disks/\(guid).qcow2" }
  /// 20 characters, by which the guest and the hypervisor know the disk.
  var serial: String { String(guid.description.filter { $0 != "-" }.prefix(20)) }

  /// The catalogue's entry of the image that it descends from; nil where there is none, or no more.
  func ancestorImage(in reader: any RecordReader) throws -> PlatformImage? {
    try ancestor.flatMap { try reader.fetch(PlatformImage.self, PlatformImage.key($0.publisher, $0.offer, $0.sku, $0.version)) }
  }

  static func find(_ guid: GUID, in reader: any RecordReader) throws -> DiskRecord? {
    try reader.list(DiskRecord.self, index: guidIndex, [guid.description], tenant: .zero, limit: 1).first
  }

  static func find(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> DiskRecord? {
    try reader.fetch(DiskRecord.self, key(tenant, id))
  }
}

/// Makes disks' files and takes them away. Every step can be done again.
struct DiskWorker: Sendable {
  let records: any RecordStore
  let keyring: Keyring
  let keys: DiskKeys
  let images: DiskImages
  let hypervisor: any Hypervisor
  let blobs: any BlobSource
  let steps: Steps
  /// The folder of everything that belongs to machines.
  let folder: String
  /// Throws where a catalogue image is not what was signed.
  let verify: @Sendable (PlatformImage) async throws -> Void

  /// The file of a disk with its key. Throws a `CloudError` where the customer whose key protects that does not allow it.
  func file(_ disk: DiskRecord) async throws -> ImageFile {
    try await keys.open(disk)
    let key = try await records.read { [keyring] reader in
      try keyring.dataKey(disk.dataKey, tenant: disk.tenant, in: reader).withUnsafeBytes { Array($0) }
    }
    return ImageFile(path: "\(folder)/\(disk.path)", key: key, backing: disk.backing.map { "\(folder)/\($0)" })
  }

  /// A blob is made a disk of in somebody's name, or not at all.
  private struct NobodyAsked: Error {
    var disk: ResourceID
  }

  private static let blobContext = "compute.blobSource"

  /// Seals the URL of the blob that a disk is made of.
  func seal(_ url: String, tenant: GUID, in transaction: RecordTransaction) throws -> [UInt8] {
    try keyring.seal(Array(url.utf8), context: Self.blobContext, tenant: tenant, in: transaction)
  }

  /// Makes the file of a disk that has none yet. `principal` is who asked for it: only what that one may read is made a disk of.
  func prepare(_ disk: DiskRecord, as principal: Principal? = nil) async throws {
    guard !disk.isReady else { return }
    let blank = "\(folder)/\(BlankDisk.path(disk.guid))"
    // Before there are any data.
    if disk.encryptionSet != nil { steps("protect the disk's key", disk.id) }
    try await keys.protect(disk)
    steps("make the disk", disk.id)
    let target = try await file(disk)
    var bytes = disk.sizeBytes
    switch disk.source {
    case .empty, .upload: try await images.create(target, bytes: disk.sizeBytes, from: blank)
    case .platformImage(let publisher, let offer, let sku, let version):
      let key = PlatformImage.key(publisher, offer, sku, version)
      guard let image = try await records.read({ try $0.fetch(PlatformImage.self, key) }) else {
        throw CloudError(404, "PlatformImageNotFound", "The platform image '\(publisher):\(offer):\(sku):\(version)' is not available.")
      }
      try await verify(image)
      try await images.create(target, bytes: disk.sizeBytes, from: blank)
    case .copy(let origin): try await copy(origin, tenant: disk.tenant, to: target, bytes: disk.sizeBytes)
    case .blob(let sealed):
      guard let principal else { throw CloudError.internalError(NobodyAsked(disk: disk.id)) }
      let url = try await records.read { [keyring] in try keyring.open(sealed, context: Self.blobContext, tenant: disk.tenant, in: $0) }
      bytes = try await importBlob(String(decoding: url, as: UTF8.self), as: principal, to: target, disk, from: blank)
    }
    let size = bytes
    steps("file the disk", disk.id)
    try await records.write { transaction in
      guard var current = try transaction.fetch(DiskRecord.self, disk.key), current.guid == disk.guid else { return }
      current.isReady = true
      current.sizeBytes = size
      try transaction.save(current)
    }
  }

  /// Copies a disk or snapshot; a disk of a running machine by the hypervisor, as it is at one moment.
  private func copy(_ origin: ResourceID, tenant: GUID, to target: ImageFile, bytes: Int64) async throws {
    let found = try await records.read { reader -> (DiskRecord, GUID?)? in
      guard let disk = try DiskRecord.find(origin, tenant: tenant, in: reader) else { return nil }
      let owner = try ResourceLink.sources(of: origin, VirtualMachineType.diskRole, tenant: tenant, in: reader).first
      return (disk, try owner.flatMap { try Machine.find($0, tenant: tenant, in: reader)?.vmID })
    }
    guard let (disk, machine) = found, disk.isReady else {
      throw CloudError(404, "ResourceNotFound", "The source resource '\(origin)' was not found or is not ready.")
    }
    try await keys.open(disk)
    if let machine, try await hypervisor.machines().contains(where: { $0.id == machine && $0.disks.contains(disk.serial) }) {
      try await images.create(target, bytes: disk.sizeBytes) { partial in
        try await hypervisor.copy(diskWithSerial: disk.serial, of: machine, to: partial)
      }
    } else {
      try await images.copy(try await file(disk), to: target)
    }
    // The original's file may not yet have grown to what its record says.
    try await images.resize(target, to: bytes)
  }

  /// Bytes that are taken of a blob at a time.
  private static let importPieceBytes: Int64 = 4 << 20

  /// Makes a disk of the fixed VHD in a blob; gives its size.
  private func importBlob(
    _ url: String, as principal: Principal, to target: ImageFile, _ disk: DiskRecord, from blank: String
  ) async throws -> Int64 {
    let blob = try await blobs.open(url, as: principal)
    let footerBytes = Int64(VirtualHardDisk.footerBytes)
    let shown = String(url.prefix { $0 != "?" })
    let footer = blob.size > footerBytes ? try await blob.read(blob.size - footerBytes..<blob.size) : []
    let bytes = try VirtualHardDisk.check(footer, expecting: blob.size - footerBytes, disk: disk.id.name, blob: shown)
    let wanted = disk.sizeBytes == 0 ? bytes : disk.sizeBytes
    guard wanted >= bytes else {
      throw CloudError.operationNotAllowed("The specified disk size \(disk.sizeGiB) GB is smaller than the VHD '\(shown)' of \(bytes) bytes.")
    }
    try await images.create(target, bytes: bytes, from: blank) { disk in
      var offset: Int64 = 0
      while offset < bytes {
        let wanted = offset..<min(offset + Self.importPieceBytes, bytes)
        let piece = try await blob.read(wanted)
        guard piece.count == wanted.count else { throw HypervisorError.refused("the blob gave \(piece.count) of \(wanted.count) bytes") }
        if piece.contains(where: { $0 != 0 }) { try await disk.write(piece, at: offset) }
        offset += Int64(piece.count)
      }
    }
    if wanted > bytes { try await images.resize(target, to: wanted) }
    return wanted
  }

  /// Makes a disk that no machine has open larger.
  func grow(_ disk: DiskRecord) async throws {
    steps("grow the disk", disk.id)
    try await images.resize(try await file(disk), to: disk.sizeBytes)
  }

  /// Takes the file away. Its key goes with the record, in the transaction that removes that.
  func remove(_ disk: DiskRecord) throws {
    steps("remove the disk", disk.id)
    try RemovableFile.remove("\(folder)/\(disk.path)")
    try RemovableFile.remove("\(folder)/\(disk.path).partial")
    try RemovableFile.remove("\(folder)/\(BlankDisk.path(disk.guid))")
  }
}
