internal import Base

/// The errors of the queue service.
///
/// Source: Microsoft, "Queue Storage error codes", REST reference.
extension StorageError {
  static var queueNotFound: CloudError { CloudError(404, "QueueNotFound", "The specified queue does not exist.") }
  static var queueAlreadyExists: CloudError { CloudError(409, "QueueAlreadyExists", "The specified queue already exists.") }
  static var messageNotFound: CloudError { CloudError(404, "MessageNotFound", "The specified message does not exist.") }
}
