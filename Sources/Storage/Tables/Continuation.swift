internal import Base
internal import Wire

/// Where a list goes on, as the `x-ms-continuation-` headers carry it: a version, a length, and the name in base64, which a header can hold.
enum Continuation {
  static func encode(_ text: String) -> String {
    let encoded = Base64.encode(text.utf8).map { $0 == "+" ? "*" : $0 == "/" ? "_" : $0 == "=" ? "-" : $0 }
    return "1!\(encoded.count)!\(String(encoded))"
  }

  /// Throws `InvalidInput` for what `encode` did not write.
  static func decode(_ text: String) throws(CloudError) -> String {
    let parts = text.split(separator: "!", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "1", Int(parts[1]) == parts[2].utf8.count else { throw TableError.invalidInput }
    let encoded = String(parts[2].map { $0 == "*" ? "+" : $0 == "_" ? "/" : $0 == "-" ? "=" : $0 })
    guard let bytes = Base64.decode(encoded), let name = String(validating: bytes, as: UTF8.self) else { throw TableError.invalidInput }
    return name
  }
}
