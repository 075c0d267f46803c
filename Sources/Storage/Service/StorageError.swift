internal import Base
internal import Edge

/// The errors of the blob service, each with Microsoft's code, status and message.
///
/// Source: Microsoft, "Common REST API error codes", "Blob service error codes" and "Shared access signature error codes".
enum StorageError {
  // MARK: Malformed requests

  static var invalidUri: CloudError { CloudError(400, "InvalidUri", "The requested URI does not represent any resource on the server.") }
  static var requestUrlFailedToParse: CloudError { CloudError(400, "RequestUrlFailedToParse", "The url in the request could not be parsed.") }
  static var invalidInput: CloudError { CloudError(400, "InvalidInput", "One of the request inputs is not valid.") }
  static var outOfRangeInput: CloudError { CloudError(400, "OutOfRangeInput", "One of the request inputs is out of range.") }
  /// The misspelling is the service's own.
  static var invalidResourceName: CloudError {
    CloudError(400, "InvalidResourceName", "The specifed resource name contains invalid characters.")
  }
  static var resourceNameLength: CloudError {
    CloudError(400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
  }

  static func invalidHeaderValue(_ name: String, _ value: String) -> CloudError {
    CloudError(
      400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.",
      members: [("HeaderName", name), ("HeaderValue", value)])
  }

  static func missingRequiredHeader(_ name: String) -> CloudError {
    CloudError(
      400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified.", members: [("HeaderName", name)])
  }

  static func unsupportedHeader(_ name: String, _ value: String) -> CloudError {
    CloudError(
      400, "UnsupportedHeader", "One of the HTTP headers specified in the request is not supported.",
      members: [("HeaderName", name), ("HeaderValue", value)])
  }

  static func invalidQueryParameterValue(_ name: String, _ value: String, reason: String? = nil) -> CloudError {
    CloudError(
      400, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid.",
      members: [("QueryParameterName", name), ("QueryParameterValue", value)] + (reason.map { [("Reason", $0)] } ?? []))
  }

  static func outOfRangeQueryParameterValue(_ name: String, _ value: String, minimum: Int, maximum: Int) -> CloudError {
    CloudError(
      400, "OutOfRangeQueryParameterValue", "One of the query parameters specified in the request URI is outside the permissible range.",
      members: [
        ("QueryParameterName", name), ("QueryParameterValue", value), ("MinimumAllowed", String(minimum)), ("MaximumAllowed", String(maximum)),
      ])
  }

  static func missingRequiredQueryParameter(_ name: String) -> CloudError {
    CloudError(
      400, "MissingRequiredQueryParameter", "A query parameter that's mandatory for this request is not specified.",
      members: [("QueryParameterName", name)])
  }

  static func unsupportedQueryParameter(_ name: String) -> CloudError {
    CloudError(
      400, "UnsupportedQueryParameter", "One of the query parameters specified in the request URI is not supported.",
      members: [("QueryParameterName", name)])
  }

  static var unsupportedHttpVerb: CloudError { CloudError(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.") }
  static var missingContentLength: CloudError { CloudError(411, "MissingContentLengthHeader", "The Content-Length header was not specified.") }

  static func requestBodyTooLarge(maximumBytes: Int) -> CloudError {
    CloudError(
      413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.",
      members: [("MaxLimit", String(maximumBytes))])
  }

  // MARK: XML bodies

  static var invalidXmlDocument: CloudError { StorageErrorResponse.invalidXmlDocument }

  static func invalidXmlNodeValue(_ name: String, _ value: String) -> CloudError {
    CloudError(
      400, "InvalidXmlNodeValue", "The value for one of the XML nodes is not in the correct format.",
      members: [("XmlNodeName", name), ("XmlNodeValue", value)])
  }

  static func missingRequiredXmlNode(_ name: String) -> CloudError {
    CloudError(
      400, "MissingRequiredXmlNode", "An XML node that's mandatory for this request is not specified.", members: [("XmlNodeName", name)])
  }

  static func unsupportedXmlNode(_ name: String) -> CloudError {
    CloudError(
      400, "UnsupportedXmlNode", "One of the XML nodes specified in the request body is not supported.", members: [("XmlNodeName", name)])
  }

  // MARK: Metadata, digests and conditions

  static var emptyMetadataKey: CloudError { CloudError(400, "EmptyMetadataKey", "The key for one of the metadata key-value pairs is empty.") }
  static var invalidMetadata: CloudError {
    CloudError(400, "InvalidMetadata", "The metadata specified is invalid. It has characters that are not permitted.")
  }
  static var metadataTooLarge: CloudError {
    CloudError(400, "MetadataTooLarge", "The metadata specified exceeds the maximum permissible limit.", members: [("MaxLimit", "8192")])
  }
  static var invalidMd5: CloudError {
    CloudError(400, "InvalidMd5", "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 encoded.")
  }

  static func md5Mismatch(specified: String, calculated: String) -> CloudError {
    CloudError(
      400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
      members: [("UserSpecifiedMd5", specified), ("ServerCalculatedMd5", calculated)])
  }

  static func crc64Mismatch(specified: String, calculated: String) -> CloudError {
    CloudError(
      400, "Crc64Mismatch", "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server.",
      members: [("UserSpecifiedCrc", specified), ("ServerCalculatedCrc", calculated)])
  }

  static var conditionNotMet: CloudError {
    CloudError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
  }
  static var notModified: CloudError {
    CloudError(304, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
  }
  static var conditionHeadersNotSupported: CloudError {
    CloudError(400, "ConditionHeadersNotSupported", "Condition headers are not supported.")
  }
  static var multipleConditionHeadersNotSupported: CloudError {
    CloudError(400, "MultipleConditionHeadersNotSupported", "Multiple condition headers are not supported.")
  }

  /// A condition that no state of the resource could meet, such as `If-None-Match: *` on a read.
  static var unsatisfiableCondition: CloudError {
    CloudError(400, "UnsatisfiableCondition", "The request includes an unsatisfiable condition for this operation.")
  }
  static var bothDigestsPresent: CloudError {
    CloudError(400, "BothCrc64AndMd5HeaderPresent", "Both x-ms-content-crc64 header and Content-MD5 header are present.")
  }
  /// The client announced more bytes than it sent.
  static var incompleteBody: CloudError { invalidInput }

  // MARK: Containers and blobs

  static var resourceNotFound: CloudError { CloudError(404, "ResourceNotFound", "The specified resource does not exist.") }
  static var containerNotFound: CloudError { CloudError(404, "ContainerNotFound", "The specified container does not exist.") }
  static var containerAlreadyExists: CloudError { CloudError(409, "ContainerAlreadyExists", "The specified container already exists.") }
  static var containerBeingDeleted: CloudError {
    CloudError(409, "ContainerBeingDeleted", "The specified container is being deleted. Try operation later.")
  }
  static var blobNotFound: CloudError { CloudError(404, "BlobNotFound", "The specified blob does not exist.") }
  static var blobAlreadyExists: CloudError { CloudError(409, "BlobAlreadyExists", "The specified blob already exists.") }
  static var invalidBlobType: CloudError { CloudError(409, "InvalidBlobType", "The blob type is invalid for this operation.") }
  static var invalidBlobOrBlock: CloudError { CloudError(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.") }
  static var invalidBlockId: CloudError {
    CloudError(400, "InvalidBlockId", "The specified block ID is invalid. The block ID must be Base64-encoded.")
  }
  static var invalidBlockList: CloudError { CloudError(400, "InvalidBlockList", "The specified block list is invalid.") }
  static var blockListTooLong: CloudError {
    CloudError(400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks.")
  }
  static var blockCountExceedsLimit: CloudError {
    CloudError(409, "BlockCountExceedsLimit", "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks.")
  }
  static var invalidRange: CloudError {
    CloudError(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
  }
  static var invalidBlobTier: CloudError { CloudError(400, "InvalidBlobTier", "The specified blob tier is invalid.") }
  static var leaseNotPresentWithBlob: CloudError {
    CloudError(412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")
  }
  static var leaseIdMissing: CloudError {
    CloudError(412, "LeaseIdMissing", "There is currently a lease on the resource and no lease ID was specified in the request.")
  }
  static var leaseIdMismatchWithBlob: CloudError {
    CloudError(412, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the blob.")
  }
  static var leaseLost: CloudError {
    CloudError(412, "LeaseLost", "A lease ID was specified, but the lease for the resource has expired.")
  }
  static var blobImmutableDueToPolicy: CloudError {
    CloudError(409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy.")
  }
  static var leaseNotPresentWithContainer: CloudError {
    CloudError(412, "LeaseNotPresentWithContainerOperation", "There is currently no lease on the container.")
  }
  /// A signature that may create but not write, on a blob that is there.
  static var unauthorizedBlobOverwrite: CloudError {
    CloudError(403, "UnauthorizedBlobOverwrite", "This request is not authorized to perform blob overwrites.")
  }
  static func blobTypeNotSupported(_ type: String) -> CloudError {
    CloudError(400, "BlobTypeNotSupported", "\(type) blobs are not supported.")
  }

  // MARK: Who may

  static func authenticationFailed(_ detail: String? = nil) -> CloudError {
    CloudError(
      403, "AuthenticationFailed",
      "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
      members: detail.map { [("AuthenticationErrorDetail", $0)] } ?? [])
  }

  static var invalidAuthenticationInfo: CloudError {
    CloudError(
      400, "InvalidAuthenticationInfo",
      "Authentication information is not given in the correct format. Check the value of Authorization header.")
  }

  /// 401 for a bearer token that was refused. The challenge goes with it.
  static func invalidToken(detail: String) -> CloudError {
    CloudError(
      401, "InvalidAuthenticationInfo", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
      members: [("AuthenticationErrorDetail", detail)])
  }

  static var noAuthenticationInformation: CloudError {
    CloudError(
      401, "NoAuthenticationInformation",
      "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.")
  }

  static var authorizationFailure: CloudError {
    CloudError(403, "AuthorizationFailure", "This request is not authorized to perform this operation.")
  }
  static var authorizationPermissionMismatch: CloudError { mismatch("Permission", "permission") }
  static var authorizationServiceMismatch: CloudError { mismatch("Service", "service") }
  static var authorizationResourceTypeMismatch: CloudError { mismatch("ResourceType", "resource type") }
  static var authorizationProtocolMismatch: CloudError { mismatch("Protocol", "protocol") }
  static func authorizationSourceIPMismatch(_ address: String) -> CloudError { mismatch("SourceIP", "source IP \(address)") }

  private static func mismatch(_ code: String, _ what: String) -> CloudError {
    CloudError(403, "Authorization\(code)Mismatch", "This request is not authorized to perform this operation using this \(what).")
  }

  static var noSecondary: CloudError {
    CloudError(403, "InsufficientAccountPermissions", "Read-access geo-redundant replication is not enabled for the account.")
  }
  static var keyBasedAuthenticationNotPermitted: CloudError {
    CloudError(403, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this storage account.")
  }
  static var publicAccessNotPermitted: CloudError {
    CloudError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
  }
}
