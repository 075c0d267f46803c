internal import Base
internal import Wire

/// Where a list goes on: behind an item, behind everything that a common prefix stands for, or among the generations of one name. Opaque to
/// clients.
enum ListMarker: Equatable, Sendable {
  /// Behind all that goes by this name.
  case after(String)
  case afterPrefix(String)
  /// Behind the generation of this time; what stands under the name after it is still to come.
  case afterGeneration(String, Timestamp)

  var text: String {
    switch self {
    case .after(let name): Base64.encode(Array("n".utf8) + name.utf8)
    case .afterPrefix(let prefix): Base64.encode(Array("p".utf8) + prefix.utf8)
    case .afterGeneration(let name, let time): Base64.encode(Array("g".utf8) + BlobGeneration.timeKey(time).utf8 + name.utf8)
    }
  }

  /// Nil for what no list gave out.
  init?(_ text: String) {
    guard let bytes = Base64.decode(text), let name = String(validating: bytes.dropFirst(), as: UTF8.self), !name.isEmpty else { return nil }
    switch bytes.first {
    case UInt8(ascii: "n"): self = .after(name)
    case UInt8(ascii: "p"): self = .afterPrefix(name)
    case UInt8(ascii: "g"):
      let digits = name.utf8.prefix(BlobGeneration.timeKeyDigits)
      guard digits.count == BlobGeneration.timeKeyDigits, let microseconds = Int64(String(decoding: digits, as: UTF8.self)), microseconds >= 0,
        let rest = String(validating: name.utf8.dropFirst(BlobGeneration.timeKeyDigits), as: UTF8.self), !rest.isEmpty
      else { return nil }
      self = .afterGeneration(rest, Timestamp(microseconds: microseconds))
    default: return nil
    }
  }
}
