internal import Base

/// The rules for the names of containers and blobs.
///
/// Source: Microsoft, "Naming and referencing containers, blobs, and metadata", REST reference.
enum ResourceNames {
  static let containerLength = 3...63
  /// Characters of a blob's name.
  static let blobLength = 1...1024
  /// Segments of a blob's name between slashes.
  static let maximumBlobSegments = 254
  private static let specialContainers = ["$root", "$web", "$logs", "$blobchangefeed"]

  /// Throws `OutOfRangeInput` for the length, `InvalidResourceName` for the rest.
  static func checkContainer(_ name: String) throws(CloudError) {
    if specialContainers.contains(name) { return }
    guard containerLength.contains(name.utf8.count) else { throw StorageError.resourceNameLength }
    var previous = UInt8(ascii: "-")
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "-"): if previous == byte { throw StorageError.invalidResourceName }
      default: throw StorageError.invalidResourceName
      }
      previous = byte
    }
    if previous == UInt8(ascii: "-") { throw StorageError.invalidResourceName }
  }

  /// Throws `OutOfRangeInput` for the length, `InvalidResourceName` for too many segments and for control characters.
  static func checkBlob(_ name: String, container: String) throws(CloudError) {
    guard blobLength.contains(name.unicodeScalars.count) else { throw StorageError.resourceNameLength }
    var slashes = 0
    for scalar in name.unicodeScalars {
      if scalar == "/" { slashes += 1 }
      if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) { throw StorageError.invalidResourceName }
    }
    guard slashes < maximumBlobSegments else { throw StorageError.invalidResourceName }
    // The root container's blobs share the first path segment with the other containers' names.
    if container == "$root" && slashes > 0 { throw StorageError.invalidResourceName }
  }
}
