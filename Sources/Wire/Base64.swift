#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Base64 as RFC 4648 has it, with padding.
public enum Base64 {
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString()
  }

  /// Nil when the text is not base64 with its padding.
  public static func decode(_ text: String) -> [UInt8]? {
    Data(base64Encoded: text).map { [UInt8]($0) }
  }
}
