internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// Whether a private address of a virtual network can be had, and which others where it cannot.
///
/// Source: Microsoft, "Virtual Networks - Check IP Address Availability", REST reference.
enum AddressAvailability {
  static let permission = "Microsoft.Network/virtualNetworks/checkIpAddressAvailability/read"
  /// Azure offers this many others.
  private static let offered = 5

  static func check(_ text: String?, in network: VirtualNetwork, tenant: GUID, _ reader: any RecordReader) throws -> JSON {
    guard let text, !text.isEmpty else {
      throw CloudError(
        400, "PrivateIPAddressNullOrEmpty",
        "Private IP address is null or empty in the CheckIpAddressAvailability call. Specify IpAddress=$(ipaddress) as a query parameter in the "
          + "request URI.")
    }
    guard let address = IPv4Address(text) else {
      throw CloudError(400, "InvalidIPAddressFormat", "Private IP address '\(text)' is not an IPv4 address.")
    }
    guard let subnet = network.subnets.first(where: { $0.prefix.contains(address) }) else {
      throw CloudError(
        400, "PrivateIPAddressNotInAnySubnet",
        "Private static IP address \(address) does not belong to the range of any subnet in virtual network \(network.id).")
    }
    let assignable = subnet.prefix.first.bits + UInt32(NetworkLimits.reservedFirstAddresses)..<subnet.prefix.last.bits
    let taken = Set(try AddressLease.all(in: subnet.id, tenant: tenant, in: reader).map(\.address.bits))
    let isReserved = !assignable.contains(address.bits)
    if !isReserved, !taken.contains(address.bits) { return ["available": true, "isPlatformReserved": false] }
    let others = assignable.lazy.filter { !taken.contains($0) }.prefix(offered)
    return [
      "available": false, "availableIPAddresses": .array(others.map { .string(IPv4Address(bits: $0).description) }),
      "isPlatformReserved": .boolean(isReserved),
    ]
  }
}
