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

  static var tagsTooLarge: CloudError { CloudError(400, "TagsTooLarge", "The tags specified exceed the maximum permissible limit.") }
  static var emptyTagName: CloudError { CloudError(400, "EmptyTagName", "The name of one of the tag key-value pairs is empty.") }
  static var duplicateTagNames: CloudError { CloudError(400, "DuplicateTagNames", "The tags specified contain duplicate names.") }
  static var invalidTag: CloudError {
    CloudError(400, "InvalidTag", "The tags specified are invalid. It contains characters that are not permitted.")
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
  static var snapshotsPresent: CloudError {
    CloudError(409, "SnapshotsPresent", "This operation is not permitted because the blob has snapshots.")
  }
  /// The current version goes by the blob's name alone.
  static var operationNotAllowedOnRootBlob: CloudError {
    CloudError(403, "OperationNotAllowedOnRootBlob", "Operation is not allowed on root blob.")
  }
  static var permanentDeleteNotEnabled: CloudError {
    CloudError(409, "PermanentDeleteNotEnabled", "Permanent delete feature is not enabled for the account.")
  }
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
  static var blobArchived: CloudError { CloudError(409, "BlobArchived", "This operation is not permitted on an archived blob.") }
  static var blobBeingRehydrated: CloudError {
    CloudError(409, "BlobBeingRehydrated", "This operation is not permitted because the blob is being rehydrated.")
  }
  static var blobTierInadequateForContentLength: CloudError {
    CloudError(409, "BlobTierInadequateForContentLength", "Specified blob tier size limit cannot be less than content length.")
  }
  static var cannotChangeToLowerTier: CloudError {
    CloudError(409, "CannotChangeToLowerTier", "A higher blob tier has already been explicitly set.")
  }
  static var blobAccessTierNotSupportedForAccountType: CloudError {
    CloudError(409, "BlobAccessTierNotSupportedForAccountType", "The access tier is not supported for this account type.")
  }
  static var usesCustomerEncryption: CloudError {
    CloudError(
      409, "BlobUsesCustomerSpecifiedEncryption",
      "The blob is encrypted with customer specified encryption, but it was not provided in the request.")
  }
  static var doesNotUseCustomerEncryption: CloudError {
    CloudError(
      409, "BlobDoesNotUseCustomerSpecifiedEncryption", "Blob is not encrypted with the given customer specified encryption.")
  }
  static var customerEncryptionMismatch: CloudError {
    CloudError(
      409, "BlobCustomerSpecifiedEncryptionMismatch",
      "The given customer specified encryption does not match the encryption used to encrypt the blob.")
  }
  static var forbiddenByContainerEncryptionPolicy: CloudError {
    CloudError(403, "RequestForbiddenByContainerEncryptionPolicy", "The request is forbidden by container encryption policy.")
  }
  static var encryptionScopeNotFound: CloudError {
    CloudError(404, "EncryptionScopeNotFound", "The specified encryption scope does not exist.")
  }
  static var encryptionScopeDisabled: CloudError {
    CloudError(403, "EncryptionScopeDisabled", "The encryption scope specified in the request is disabled.")
  }
  static var containerHasImmutableVersions: CloudError {
    CloudError(
      409, "ContainerImmutableStorageWithVersioningEnabled",
      "The requested operation is not allowed as the container has a immutable storage with versioning enabled.")
  }
  static var containerPolicyLocked: CloudError {
    CloudError(
      409, "ContainerImmutabilityPolicyLocked", "The requested operation is not allowed as the container has a locked immutability policy.")
  }
  static var containerPolicyPresent: CloudError {
    CloudError(409, "ContainerImmutabilityPolicyUnlocked", "The requested operation is not allowed as the container has an immutability policy.")
  }
  static var containerHasLegalHold: CloudError {
    CloudError(409, "ContainerHasLegalHold", "The requested operation is not allowed as the container has one or more legal holds.")
  }
  static var policyOperationNotAllowed: CloudError {
    CloudError(409, "ContainerImmutabilityPolicyFailure", "Operation not allowed on immutability policy with current state.")
  }
  static var containerScopeCannotBeUpdated: CloudError {
    CloudError(409, "ContainerEncryptionScopeCannotBeUpdated", "The default encryption scope of a container cannot be changed.")
  }
  static var blobImmutableDueToLegalHold: CloudError {
    CloudError(
      409, "BlobImmutableDueToLegalHold", "This operation is not permitted as the blob is immutable due to one or more legal holds.")
  }
  static var immutabilityNotEnabled: CloudError {
    CloudError(
      409, "ImmutableStorageWithVersioningNotEnabled",
      "The operation is not supported as immutable storage with versioning is not enabled for the container.")
  }
  static var blobImmutableDueToPolicy: CloudError {
    CloudError(409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy.")
  }
  /// A signature that may create but not write, on a blob that is there.
  static var unauthorizedBlobOverwrite: CloudError {
    CloudError(403, "UnauthorizedBlobOverwrite", "This request is not authorized to perform blob overwrites.")
  }
  static func blobTypeNotSupported(_ type: String) -> CloudError {
    CloudError(400, "BlobTypeNotSupported", "\(type) blobs are not supported.")
  }

  // MARK: Copies

  /// The source of a copy answered with `error`, whose status and code go along.
  static func cannotVerifyCopySource(_ error: CloudError) -> CloudError {
    // A 304 tells a reader something; to who writes it is a condition that was not met.
    CloudError(
      error.status == 304 ? 412 : error.status, "CannotVerifyCopySource", error.message,
      headers: [("x-ms-copy-source-status-code", String(error.status)), ("x-ms-copy-source-error-code", error.code)],
      members: [("CopySourceStatusCode", String(error.status)), ("CopySourceErrorCode", error.code), ("CopySourceErrorMessage", error.message)],
      cause: error.cause)
  }

  static func copySourceTooLarge(maximumBytes: Int) -> CloudError {
    CloudError(409, "CannotVerifyCopySource", "The source blob is larger than \(maximumBytes) bytes, which a synchronous copy does not take.")
  }
  static func copySourceTooFragmented(maximumBlocks: Int) -> CloudError {
    CloudError(
      409, "CannotVerifyCopySource", "The source blob has more than \(maximumBlocks) blocks, which a synchronous copy does not take.")
  }
  static var sourceConditionNotMet: CloudError {
    CloudError(412, "SourceConditionNotMet", "The source condition specified using HTTP conditional header(s) is not met.")
  }
  static var targetConditionNotMet: CloudError {
    CloudError(412, "TargetConditionNotMet", "The target condition specified using HTTP conditional header(s) is not met.")
  }
  static var pendingCopyOperation: CloudError {
    CloudError(409, "PendingCopyOperation", "There is currently a pending copy operation.")
  }
  static var noPendingCopyOperation: CloudError {
    CloudError(409, "NoPendingCopyOperation", "There is currently no pending copy operation.")
  }
  static var copyIdMismatch: CloudError {
    CloudError(409, "CopyIdMismatch", "The specified copy ID did not match the copy ID for the pending copy operation.")
  }
  static var infiniteLeaseDurationRequired: CloudError {
    CloudError(412, "InfiniteLeaseDurationRequired", "The lease ID matched, but the specified lease must be an infinite-duration lease.")
  }
  static var invalidSourceBlobType: CloudError {
    CloudError(409, "InvalidSourceBlobType", "The copy source blob type is invalid for this operation.")
  }
  static var invalidSourceBlobUrl: CloudError {
    CloudError(409, "InvalidSourceBlobUrl", "The source URL for incremental copy request must be valid Azure Storage blob URL.")
  }
  static var incrementalCopyBlobMismatch: CloudError {
    CloudError(
      409, "IncrementalCopyBlobMismatch", "The specified source blob is different than the copy source of the existing incremental copy blob.")
  }
  static var incrementalCopyOfEarlierSnapshotNotAllowed: CloudError {
    CloudError(
      409, "IncrementalCopyOfEarlierSnapshotNotAllowed",
      "The specified snapshot is earlier than the last snapshot copied into the incremental copy blob.")
  }
  static var incrementalCopySourceMustBeSnapshot: CloudError {
    CloudError(409, "IncrementalCopySourceMustBeSnapshot", "The source for incremental copy request must be a snapshot.")
  }
  static var operationNotAllowedOnIncrementalCopyBlob: CloudError {
    CloudError(409, "OperationNotAllowedOnIncrementalCopyBlob", "The specified operation is not allowed on an incremental copy blob.")
  }
  /// What a batch cannot hold more of.
  static var exceedsMaxBatchRequestCount: CloudError {
    CloudError(400, "ExceedsMaxBatchRequestCount", "The batch operation exceeds maximum number of allowed subrequests.")
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
  static var accountRequiresHTTPS: CloudError {
    CloudError(400, "AccountRequiresHttps", "The account being accessed does not support http.")
  }
  static var tlsVersionNotPermitted: CloudError {
    CloudError(400, "TlsVersionNotPermitted", "The TLS version of the connection is not permitted on this storage account.")
  }
  static var publicAccessNotPermitted: CloudError {
    CloudError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
  }
}
