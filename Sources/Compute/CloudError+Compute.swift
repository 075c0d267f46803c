internal import Base
internal import Wire

/// The errors of Microsoft.Compute, in Azure's words.
///
/// Source: answers of management.azure.com, and Microsoft, "Common error codes" of virtual machines.
extension CloudError {
  static func invalidParameter(_ target: String, _ message: String) -> CloudError {
    CloudError(400, "InvalidParameter", message, target: target)
  }

  static func missingParameter(_ target: String) -> CloudError {
    CloudError(400, "InvalidParameter", "Required parameter '\(target)' is missing (null).", target: target)
  }

  static func changeNotAllowed(_ property: String) -> CloudError {
    CloudError(409, "PropertyChangeNotAllowed", "Changing property '\(property)' is not allowed.", target: property)
  }

  static func computeNotFound(_ id: ResourceID) -> CloudError {
    CloudError(404, "NotFound", "Resource \(id.name) of type \(id.type ?? "") was not found: \(id).")
  }

  static func operationNotAllowed(_ message: String) -> CloudError {
    CloudError(409, "OperationNotAllowed", message)
  }

  static func sizeNotAvailable(_ size: String, location: String, zone: String?) -> CloudError {
    let place = zone.map { "location '\(location)' zone '\($0)'" } ?? "location '\(location)'"
    return CloudError(
      409, "SkuNotAvailable",
      "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: \(size)' is currently not available in \(place). "
        + "Please try another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for details.",
      target: "vmSize")
  }

  static func allocationFailed(zone: String?) -> CloudError {
    CloudError(
      409, zone == nil ? "AllocationFailed" : "ZonalAllocationFailed",
      "Allocation failed. We do not have sufficient capacity for the requested VM size in this \(zone == nil ? "region" : "zone"). Read more about "
        + "improving likelihood of allocation success at https://aka.ms/allocation-guidance")
  }
}
