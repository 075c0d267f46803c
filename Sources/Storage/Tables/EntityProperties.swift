internal import Base
internal import Wire

/// A property that a client gave an entity; the three that every entity has are not among them.
struct EntityProperty: Sendable, Equatable {
  var name: String
  var value: EdmValue
}

/// The bounds of an entity.
///
/// Source: Microsoft, "Understanding the Table service data model", property limitations.
enum EntityLimits {
  /// Properties that a client sets.
  static let properties = 252
  /// Characters (UTF-16 code units) of a property's name.
  static let nameLength = 255
  /// Bytes of a property's value.
  static let valueBytes = 64 << 10
  /// Bytes of an entity, as the service counts them.
  static let entityBytes = 1 << 20
  /// Bytes of the document in which one arrives.
  static let documentBytes = 4 << 20
}

/// The properties that a client gave an entity, in their order. Names differ by case too.
struct EntityProperties: Sendable, Equatable {
  var all: [EntityProperty] = []

  subscript(name: String) -> EdmValue? {
    all.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// Sets the properties that others hold, and keeps the rest.
  mutating func merge(_ others: EntityProperties) {
    // By bytes: texts that differ in normalization only are two names.
    var places: [[UInt8]: Int] = [:]
    for (index, property) in all.enumerated() { places[Array(property.name.utf8)] = index }
    for property in others.all {
      if let place = places[Array(property.name.utf8)] { all[place].value = property.value } else { all.append(property) }
    }
  }

  /// Throws for more than an entity may hold.
  func check(_ key: EntityKey) throws(CloudError) {
    guard all.count <= EntityLimits.properties else { throw TableError.tooManyProperties }
    var bytes = 4 + (key.partition.utf16.count + key.row.utf16.count) * 2
    for property in all { bytes += 8 + property.name.utf16.count * 2 + property.value.sizeBytes }
    guard bytes <= EntityLimits.entityBytes else { throw TableError.entityTooLarge }
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter(reserving: 32 + all.count * 32)
    writer.list(all) { writer, property in
      writer.string(property.name)
      property.value.encode(to: &writer)
    }
    return writer.bytes
  }

  init(_ all: [EntityProperty] = []) {
    self.all = all
  }

  init(decoding bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    all = try reader.list { reader in EntityProperty(name: try reader.string(), value: try EdmValue(from: &reader)) }
    guard reader.isAtEnd else { throw ByteReader.Malformed() }
  }
}
