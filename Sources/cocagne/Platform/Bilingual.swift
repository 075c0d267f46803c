#if canImport(Glibc)
  internal import Glibc
#endif

/// What an operator reads: French first, English beside it.
enum Bilingual {
  /// One message, in both languages, on standard output.
  static func say(_ french: String, _ english: String) {
    print("\(french)\n    \(english)")
  }

  /// One message, in both languages, on standard error.
  static func warn(_ french: String, _ english: String) {
    complain("\(french)\n    \(english)\n")
  }

  private static func complain(_ text: String) {
    let bytes = Array(text.utf8)
    // Nothing can be done about a standard error that is gone.
    _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  }
}

/// An error that ends a command: what happened, and what to do about it, in both languages.
struct OperatorError: Error, CustomStringConvertible {
  var french: String
  var english: String

  init(_ french: String, _ english: String) {
    self.french = french
    self.english = english
  }

  var description: String { "\(french)\n    \(english)" }
}
