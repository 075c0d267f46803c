internal import Base
internal import Wire

/// Names of Microsoft.Network's resources: letters, digits, `_`, `.`, `-`; a letter or digit first, a letter, digit or `_` last.
///
/// Source: Microsoft, "Naming rules and restrictions for Azure resources".
enum NetworkNames {
  static func isValid(_ name: String, maximum: Int = 80) -> Bool {
    let bytes = Array(name.utf8)
    func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: false
      }
    }
    guard let first = bytes.first, let last = bytes.last, bytes.count <= maximum, isWord(first) else { return false }
    guard isWord(last) || last == UInt8(ascii: "_") else { return false }
    return bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }

  static func invalid(_ name: String, maximum: Int = 80) -> CloudError {
    CloudError(
      400, "InvalidResourceName",
      "Resource name \(name) is invalid. The name can be up to \(maximum) characters long. It must begin with a word character, and it must end "
        + "with a word character or with '_'. The name may contain word characters or '.', '-', '_'.")
  }

  static func check(_ name: String) throws {
    guard isValid(name) else { throw invalid(name) }
  }
}
