internal import Wire

/// Where a list goes on: behind an item, or behind everything that a common prefix stands for. Opaque to clients.
enum ListMarker: Equatable {
  case after(String)
  case afterPrefix(String)

  var text: String {
    switch self {
    case .after(let name): Base64.encode(Array("n".utf8) + name.utf8)
    case .afterPrefix(let prefix): Base64.encode(Array("p".utf8) + prefix.utf8)
    }
  }

  /// Nil for what no list gave out.
  init?(_ text: String) {
    guard let bytes = Base64.decode(text), let name = String(validating: bytes.dropFirst(), as: UTF8.self), !name.isEmpty else { return nil }
    switch bytes.first {
    case UInt8(ascii: "n"): self = .after(name)
    case UInt8(ascii: "p"): self = .afterPrefix(name)
    default: return nil
    }
  }
}
