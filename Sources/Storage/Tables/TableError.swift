internal import Base

/// The errors of the table service, each with Microsoft's code, status and message.
///
/// Source: Microsoft, "Table Storage error codes", REST reference.
enum TableError {
  // MARK: Tables

  static var tableAlreadyExists: CloudError { CloudError(409, "TableAlreadyExists", "The table specified already exists.") }
  static var tableNotFound: CloudError { CloudError(404, "TableNotFound", "The table specified does not exist.") }
  static var invalidTableName: CloudError {
    CloudError(400, "InvalidResourceName", "The specifed resource name contains invalid characters.")
  }
  static var tableNameLength: CloudError {
    CloudError(400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
  }

  // MARK: Entities

  static var entityAlreadyExists: CloudError { CloudError(409, "EntityAlreadyExists", "The specified entity already exists.") }
  static var resourceNotFound: CloudError { CloudError(404, "ResourceNotFound", "The specified resource does not exist.") }
  static var updateConditionNotSatisfied: CloudError {
    CloudError(412, "UpdateConditionNotSatisfied", "The update condition specified in the request was not satisfied.")
  }
  static var propertiesNeedValue: CloudError {
    CloudError(400, "PropertiesNeedValue", "The values are not specified for all properties in the entity.")
  }
  static var propertyNameInvalid: CloudError { CloudError(400, "PropertyNameInvalid", "The property name is invalid.") }
  static var propertyNameTooLong: CloudError {
    CloudError(400, "PropertyNameTooLong", "The property name exceeds the maximum allowed length (\(EntityLimits.nameLength)).")
  }
  static var propertyValueTooLarge: CloudError {
    CloudError(
      400, "PropertyValueTooLarge",
      "The property value exceeds the maximum allowed size (64KB). If the property value is a string, it is UTF-16 encoded and the maximum number of "
        + "characters should be 32K or less.")
  }
  static var tooManyProperties: CloudError {
    CloudError(
      400, "TooManyProperties",
      "The entity contains more properties than allowed. Each entity can include up to 252 properties to store data. Each entity also has 3 system "
        + "properties.")
  }
  static var entityTooLarge: CloudError { CloudError(400, "EntityTooLarge", "The entity is larger than the maximum allowed size (1MB).") }
  static var invalidValueType: CloudError { CloudError(400, "InvalidValueType", "The value specified is invalid.") }
  static func keyOutOfRange(_ name: String, _ value: String) -> CloudError {
    CloudError(400, "OutOfRangeInput", "The '\(name)' parameter of value '\(value)' is out of range.")
  }

  // MARK: Requests

  static var invalidInput: CloudError { CloudError(400, "InvalidInput", "One of the request inputs is not valid.") }
  static func invalidInput(_ message: String) -> CloudError { CloudError(400, "InvalidInput", message) }
  static var keyCount: CloudError {
    invalidInput("The number of keys specified in the URI does not match number of key properties for the resource.")
  }
  static var querySyntax: CloudError { invalidInput("Bad Request - Error in query syntax.") }
  static var notImplemented: CloudError {
    CloudError(501, "NotImplemented", "The requested operation is not implemented on the specified resource.")
  }
  static var mediaTypeNotSupported: CloudError {
    CloudError(415, "MediaTypeNotSupported", "None of the provided media types are supported")
  }
  static var atomNotSupported: CloudError { CloudError(415, "AtomFormatNotSupported", "Atom format is not supported.") }
  static func invalidETag(_ text: String) -> CloudError {
    invalidInput(
      "The etag value '\(text)' specified in one of the request headers is not valid. Please make sure only one etag value is specified and is valid."
    )
  }
  static var methodIncorrectValue: CloudError { CloudError(400, "XMethodIncorrectValue", "The specified X-HTTP-Method is invalid.") }

  // MARK: Batches

  static var tooManyChanges: CloudError {
    invalidInput("The batch request operation exceeds the maximum \(TableBatch.maximumChanges) changes per change set.")
  }
  static var duplicateRow: CloudError {
    CloudError(
      400, "InvalidDuplicateRow",
      "The batch request contains multiple changes with same row key. An entity can appear only once in a batch request.")
  }
  static var differentPartitions: CloudError {
    CloudError(400, "CommandsInBatchActOnDifferentPartitions", "All commands in a batch must operate on same entity group.")
  }
}
