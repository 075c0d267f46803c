/// The bounds of Microsoft.Security.
enum SecurityLimits {
  /// Items of one page: each carries prose.
  static let maximumPageItems = 50
}
