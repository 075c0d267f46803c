internal import Base

/// The errors that only append blobs and page blobs have.
///
/// Source: Microsoft, "Blob service error codes"; "Append Blob Seal", REST reference.
extension StorageError {
  static var appendPositionConditionNotMet: CloudError {
    CloudError(412, "AppendPositionConditionNotMet", "The append position condition specified was not met.")
  }
  static var maxBlobSizeConditionNotMet: CloudError {
    CloudError(412, "MaxBlobSizeConditionNotMet", "The max blob size condition specified was not met.")
  }
  static var committedBlockCountExceedsLimit: CloudError {
    CloudError(409, "BlockCountExceedsLimit", "The committed block count cannot exceed the maximum limit of 50,000 blocks.")
  }
  static var blobIsSealed: CloudError {
    CloudError(409, "BlobIsSealed", "The specified blob is sealed, and its contents can't be modified unless the blob is re-created after a delete.")
  }
  static var invalidPageRange: CloudError { CloudError(416, "InvalidPageRange", "The page range specified is invalid.") }
  static var sequenceNumberConditionNotMet: CloudError {
    CloudError(412, "SequenceNumberConditionNotMet", "The sequence number condition specified was not met.")
  }
  static var sequenceNumberIncrementTooLarge: CloudError {
    CloudError(
      409, "SequenceNumberIncrementTooLarge",
      "The sequence number increment cannot be performed because it would result in overflow of the sequence number.")
  }
  static var previousSnapshotNotFound: CloudError { CloudError(409, "PreviousSnapshotNotFound", "The previous snapshot is not found.") }
  static var previousSnapshotCannotBeNewer: CloudError {
    CloudError(
      400, "PreviousSnapshotCannotBeNewer", "The prevsnapshot query parameter value cannot be newer than snapshot query parameter value.")
  }
  static var blobOverwritten: CloudError {
    CloudError(409, "BlobOverwritten", "The blob has been recreated since the previous snapshot was taken.")
  }
  static var contentLengthLargerThanTierLimit: CloudError {
    CloudError(409, "ContentLengthLargerThanTierLimit", "The blob's content length cannot exceed its tier limit.")
  }
}
