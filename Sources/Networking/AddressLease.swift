internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// A private address that an interface's configuration holds in a subnet. No two hold the same.
struct AddressLease: Record, Codable {
  static let kind = "network.lease"

  var tenant: GUID
  var subnet: ResourceID
  var address: IPv4Address
  var interface: ResourceID
  var configuration: String

  var key: RecordKey { Self.key(tenant, subnet, address) }
  var indexes: [RecordIndex] { [RecordIndex(Self.interfaceIndex, interface.canonical)] }

  /// Zero-padded, so that keys order as addresses do.
  private static func key(_ tenant: GUID, _ subnet: ResourceID, _ address: IPv4Address) -> RecordKey {
    let digits = String(address.bits)
    return RecordKey(tenant: tenant, subnet.canonical, String(repeating: "0", count: 10 - digits.count) + digits)
  }

  private static let interfaceIndex = "interface"

  var configurationID: ResourceID {
    var id = interface
    id.provided[id.provided.count - 1].segments.append((type: "ipConfigurations", name: configuration))
    return id
  }

  static func all(
    in subnet: ResourceID, tenant: GUID, limit: Int = NetworkLimits.maximumInterfaces, in reader: any RecordReader
  ) throws -> [AddressLease] {
    try reader.list(AddressLease.self, under: RecordKey(tenant: tenant, subnet.canonical), limit: limit)
  }

  static func releaseAll(of interface: ResourceID, tenant: GUID, in transaction: RecordTransaction) throws {
    let held = try transaction.list(
      AddressLease.self, index: interfaceIndex, [interface.canonical], tenant: tenant, limit: NetworkLimits.maximumConfigurationsPerInterface)
    for lease in held { try transaction.remove(AddressLease.self, lease.key) }
  }

  /// Takes a wanted address, or the lowest free one.
  static func take(
    _ wanted: IPv4Address?, in subnet: VirtualNetwork.Subnet, for interface: ResourceID, _ configuration: String, tenant: GUID,
    in transaction: RecordTransaction
  ) throws -> IPv4Address {
    if let wanted {
      try check(wanted, in: subnet)
      let lease = AddressLease(tenant: tenant, subnet: subnet.id, address: wanted, interface: interface, configuration: configuration)
      if try transaction.insert(lease) { return wanted }
      let holder = try transaction.fetch(AddressLease.self, lease.key)?.configurationID
      throw CloudError(
        400, "PrivateIPAddressIsAllocated",
        "IP configuration \(lease.configurationID) is using the private IP address \(wanted) which is already allocated to resource "
          + "\(holder?.description ?? "").")
    }
    var next = subnet.prefix.first.bits + UInt32(NetworkLimits.reservedFirstAddresses)
    for lease in try all(in: subnet.id, tenant: tenant, in: transaction) {
      if lease.address.bits < next { continue }
      if lease.address.bits > next { break }
      next += 1
    }
    // The last address is the broadcast address.
    guard next < subnet.prefix.last.bits else {
      throw CloudError(
        400, "SubnetIsFull",
        "Subnet \(subnet.name) with address prefix \(subnet.prefix) does not have enough capacity for 1 IP addresses.")
    }
    let address = IPv4Address(bits: next)
    try transaction.save(AddressLease(tenant: tenant, subnet: subnet.id, address: address, interface: interface, configuration: configuration))
    return address
  }

  private static func check(_ address: IPv4Address, in subnet: VirtualNetwork.Subnet) throws {
    guard subnet.prefix.contains(address) else {
      throw CloudError(
        400, "PrivateIPAddressNotInSubnet",
        "Private static IP address \(address) does not belong to the range of subnet prefix \(subnet.prefix).")
    }
    guard address.bits >= subnet.prefix.first.bits + UInt32(NetworkLimits.reservedFirstAddresses), address != subnet.prefix.last else {
      throw CloudError(
        400, "PrivateIPAddressInReservedRange",
        "Private static IP address \(address) falls within reserved IP range of subnet prefix \(subnet.prefix).")
    }
  }
}
