internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// What a network interface's kept properties say, typed.
struct NetworkInterface {
  struct Configuration {
    var name: String
    var subnet: ResourceID
    var address: IPv4Address
    var publicAddress: ResourceID?
    var applicationGroups: [ResourceID]
    var isPrimary: Bool
  }

  var id: ResourceID
  var name: InterfaceName
  var mac: MACAddress
  /// The primary first.
  var configurations: [Configuration]
  var securityGroup: ResourceID?
  var forwards: Bool

  init(_ resource: Resource) throws {
    let properties = resource.properties
    guard let guid = properties["resourceGuid"]?.string.flatMap({ GUID($0) }),
      let mac = properties["macAddress"]?.string.flatMap({ MACAddress($0) })
    else { throw CloudError.internalError(VirtualNetwork.Malformed(id: resource.id)) }
    id = resource.id
    name = InterfaceName(guid)
    self.mac = mac
    securityGroup = properties.member("networkSecurityGroup", "id")?.string.flatMap { ResourceID($0) }
    forwards = properties["enableIPForwarding"]?.boolean ?? false
    let all = (properties["ipConfigurations"]?.array ?? []).compactMap { child -> Configuration? in
      guard let name = child["name"]?.string, let subnet = child.member("properties", "subnet", "id")?.string.flatMap({ ResourceID($0) }),
        let address = child.member("properties", "privateIPAddress")?.string.flatMap({ IPv4Address($0) })
      else { return nil }
      return Configuration(
        name: name, subnet: subnet, address: address,
        publicAddress: child.member("properties", "publicIPAddress", "id")?.string.flatMap { ResourceID($0) },
        applicationGroups: (child.member("properties", "applicationSecurityGroups")?.array ?? []).compactMap {
          $0.member("id")?.string.flatMap { ResourceID($0) }
        }, isPrimary: child.member("properties", "primary")?.boolean ?? false)
    }
    configurations = all.filter(\.isPrimary) + all.filter { !$0.isPrimary }
  }

  /// The virtual network that it is in.
  var network: ResourceID? { configurations.first?.subnet.parent }

  static func configurationID(_ name: String, of interface: ResourceID) -> ResourceID {
    var id = interface
    id.provided[id.provided.count - 1].segments.append((type: "ipConfigurations", name: name))
    return id
  }
}
