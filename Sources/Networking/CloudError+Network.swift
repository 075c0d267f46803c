internal import Base
internal import Wire

/// The errors of Microsoft.Network, in Azure's words.
///
/// Source: answers of management.azure.com, and Microsoft, "Troubleshoot common Azure deployment errors".
extension CloudError {
  static func invalidReference(_ reference: String, of id: ResourceID) -> CloudError {
    CloudError(
      400, "InvalidResourceReference",
      "Resource \(reference) referenced by resource \(id) was not found. Please make sure that the referenced resource exists, and that both "
        + "resources are in the same region.")
  }

  static func invalidFormat(_ what: String) -> CloudError {
    CloudError(400, "InvalidRequestFormat", "Cannot parse the request.", details: [CloudError(400, "InvalidJson", what)])
  }

  static func missing(_ property: String, of id: ResourceID) -> CloudError {
    CloudError(
      400, "MissingJsonProperty",
      "Required property '\(property)' not found in JSON of resource \(id.name). Path 'properties'.", target: property)
  }

  static func invalidPrefix(_ text: String, of name: String) -> CloudError {
    CloudError(
      400, "InvalidCIDRNotation",
      "The address prefix \(text) in resource \(name) has an invalid CIDR notation. For the given prefix length, the address prefix should be a "
        + "network's first address.")
  }

  static func subnetInUse(_ name: String, by user: String) -> CloudError {
    CloudError(
      400, "InUseSubnetCannotBeDeleted",
      "Subnet \(name) is in use by \(user) and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. "
        + "See aka.ms/deletesubnet.")
  }

  static func quotaExceeded(_ what: String, limit: Int) -> CloudError {
    CloudError(
      400, "\(what)CountLimitReached",
      "Cannot create more than \(limit) resources of this kind for this subscription in this region.")
  }
}
