internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// What a virtual machine's kept properties say, typed.
struct VirtualMachine {
  struct DataDisk {
    var lun: Int
    var name: String
    var disk: ResourceID
    var deletesWithMachine: Bool
  }

  var id: ResourceID
  var size: String
  var computerName: String
  var adminUser: String?
  var publicKeys: [(path: String, key: String)]
  var isPasswordDisabled: Bool
  var image: ImageReference?
  var osDisk: ResourceID?
  var deletesOSDisk: Bool
  var dataDisks: [DataDisk]
  var interfaces: [(id: ResourceID, isPrimary: Bool, deletesWithMachine: Bool)]
  var isTrustedLaunch: Bool
  var hasSecureBoot: Bool
  var hasTPM: Bool

  enum ImageReference {
    case platform(publisher: String, offer: String, sku: String, version: String)
    case managed(ResourceID)
  }

  init(_ resource: Resource) {
    let properties = resource.properties
    id = resource.id
    size = properties.member("hardwareProfile", "vmSize")?.string ?? ""
    computerName = properties.member("osProfile", "computerName")?.string ?? resource.id.name
    adminUser = properties.member("osProfile", "adminUsername")?.string
    let linux = properties.member("osProfile", "linuxConfiguration")
    isPasswordDisabled = linux?.member("disablePasswordAuthentication")?.boolean ?? false
    publicKeys = (linux?.member("ssh", "publicKeys")?.array ?? []).compactMap { key in
      key.member("keyData")?.string.map { (key.member("path")?.string ?? "", $0) }
    }
    image = Self.image(properties.member("storageProfile", "imageReference"))
    osDisk = properties.member("storageProfile", "osDisk", "managedDisk", "id")?.string.flatMap { ResourceID($0) }
    deletesOSDisk = properties.member("storageProfile", "osDisk", "deleteOption")?.string == "Delete"
    dataDisks = (properties.member("storageProfile", "dataDisks")?.array ?? []).compactMap { disk in
      guard let lun = disk.member("lun")?.integer, let id = disk.member("managedDisk", "id")?.string.flatMap({ ResourceID($0) }) else { return nil }
      return DataDisk(
        lun: Int(lun), name: disk.member("name")?.string ?? id.name, disk: id,
        deletesWithMachine: disk.member("deleteOption")?.string == "Delete")
    }
    let all = (properties.member("networkProfile", "networkInterfaces")?.array ?? []).compactMap { item in
      item.member("id")?.string.flatMap { ResourceID($0) }.map { id in
        (
          id: id, isPrimary: item.member("properties", "primary")?.boolean ?? false,
          deletesWithMachine: item.member("properties", "deleteOption")?.string == "Delete"
        )
      }
    }
    interfaces = all.filter(\.isPrimary) + all.filter { !$0.isPrimary }
    let security = properties.member("securityProfile")
    isTrustedLaunch = security?.member("securityType")?.string == "TrustedLaunch"
    hasSecureBoot = security?.member("uefiSettings", "secureBootEnabled")?.boolean ?? isTrustedLaunch
    hasTPM = security?.member("uefiSettings", "vTpmEnabled")?.boolean ?? isTrustedLaunch
  }

  static func image(_ json: JSON?) -> ImageReference? {
    guard let json else { return nil }
    if let id = json.member("id")?.string.flatMap({ ResourceID($0) }) { return .managed(id) }
    guard let publisher = json.member("publisher")?.string, let offer = json.member("offer")?.string, let sku = json.member("sku")?.string else {
      return nil
    }
    let version = json.member("exactVersion")?.string ?? json.member("version")?.string ?? "latest"
    return .platform(publisher: publisher, offer: offer, sku: sku, version: version)
  }

  var disks: [ResourceID] { (osDisk.map { [$0] } ?? []) + dataDisks.map(\.disk) }
}
