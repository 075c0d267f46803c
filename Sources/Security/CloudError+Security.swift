internal import Base

extension CloudError {
  /// `type` is the full type, `names` those of the resource and what it lies in.
  static func resourceNotFound(_ type: String, _ names: String...) -> CloudError {
    CloudError(
      404, "ResourceNotFound",
      "The Resource '\(type)/\(names.joined(separator: "/"))' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix")
  }

  static func invalidFilter(_ problem: String) -> CloudError {
    CloudError(400, "InvalidFilterInQueryString", "Invalid $filter specified in the query string. \(problem)")
  }

  static let invalidSkipToken = CloudError(400, "InvalidSkipToken", "The provided '$skiptoken' is invalid.")
}
