internal import Base
internal import Wire

/// An entity as a client sends it: OData's JSON.
///
/// Source: Microsoft, "Payload format for Table service operations", REST reference.
struct EntityDocument: Sendable {
  var properties = EntityProperties()
  private var partition: Key?
  private var row: Key?

  /// A key as the document says it. Where the address names the entity it counts for nothing, and may have any type.
  private struct Key: Sendable {
    var value: JSON
    var type: String?

    func text() throws(CloudError) -> String {
      if value.isNull { throw TableError.propertiesNeedValue }
      guard let text = value.string, type == nil || type == "Edm.String" else {
        throw TableError.invalidInput("An error occurred while processing this request.")
      }
      return text
    }
  }

  private static let annotation = "@odata.type"

  /// Throws the service's errors for documents that are no entity.
  init(parsing bytes: [UInt8]) throws(CloudError) {
    let json: JSON
    do {
      json = try JSON(parsing: bytes, limits: JSONLimits(depth: 4, bytes: EntityLimits.documentBytes))
    } catch {
      throw error.reason == .duplicateName
        ? CloudError(400, "DuplicatePropertiesSpecified", "A property is specified more than one time.")
        : TableError.invalidInput("An error occurred while processing this request.")
    }
    guard case .object(let object) = json else { throw TableError.invalidInput("An error occurred while processing this request.") }
    var types: [[UInt8]: String] = [:]
    for (name, value) in object.members where name.hasSuffix(Self.annotation) {
      guard let type = value.string else { throw TableError.invalidInput("An error occurred while processing this request.") }
      types[Array(name.utf8.dropLast(Self.annotation.utf8.count))] = type
    }
    for (name, value) in object.members where !name.utf8.contains(UInt8(ascii: "@")) && !name.hasPrefix("odata.") {
      let type = types.isEmpty ? nil : types[Array(name.utf8)]
      switch name {
      case "PartitionKey": partition = Key(value: value, type: type)
      case "RowKey": row = Key(value: value, type: type)
      // The service sets it, and passes over what clients say.
      case "Timestamp": continue
      default: try append(name, value, type)
      }
    }
  }

  private mutating func append(_ name: String, _ value: JSON, _ type: String?) throws(CloudError) {
    try Self.checkName(name)
    // Null is no value: a property that has none does not exist.
    if value.isNull { return }
    let value = if let type { try EdmValue(value, type: type) } else { try EdmValue(unannotated: value) }
    let bytes =
      switch value {
      case .string(let text): text.utf16.count * 2
      case .binary(let bytes): bytes.count
      default: 0
      }
    guard bytes <= EntityLimits.valueBytes else { throw TableError.propertyValueTooLarge }
    properties.all.append(EntityProperty(name: name, value: value))
  }

  /// A name is an identifier of C#: letters, digits and underscores, and no digit to begin with.
  private static func checkName(_ name: String) throws(CloudError) {
    guard name.utf16.count <= EntityLimits.nameLength else { throw TableError.propertyNameTooLong }
    var isFirst = true
    for scalar in name.unicodeScalars {
      let properties = scalar.properties
      let isLetter = scalar == "_" || properties.isXIDStart
      guard isLetter || !isFirst && properties.isXIDContinue else { throw TableError.propertyNameInvalid }
      isFirst = false
    }
    guard !isFirst else { throw TableError.propertyNameInvalid }
  }

  /// The key of an entity to insert, which the document must say.
  func key() throws(CloudError) -> EntityKey {
    guard let partition, let row else { throw TableError.propertiesNeedValue }
    return EntityKey(partition: try partition.text(), row: try row.text())
  }
}
