internal import Synchronization

/// One route of the platform's interfaces of administration, as its table has it: what the platform tries from outside without a token.
public struct ManagementRoute: Hashable, Sendable {
  /// The first label of its host: `management`, `graph`, `login`.
  public var service: String
  public var method: String
  /// Literals and `{parameters}`.
  public var pattern: String
  /// Why anybody may call it; nil for all others.
  public var openReason: String?

  public init(service: String, method: String, pattern: String, openReason: String? = nil) {
    self.service = service
    self.method = method
    self.pattern = pattern
    self.openReason = openReason
  }

  /// A path that matches the pattern and names nothing that there is.
  var path: String {
    let segments = pattern.split(separator: "/").map { segment -> String in
      guard segment.contains("{") else { return String(segment) }
      switch segment {
      case "{scope}": return "subscriptions/\(Self.nothing)"
      case "{group}", "{resourceGroup}", "{resourceGroupName}": return "sonde"
      case "{namespace}": return "Microsoft.Storage"
      case "{tenant}": return "organizations"
      default: return segment.prefix { $0 != "{" } + Self.nothing + (segment.hasSuffix("')") ? "')" : "")
      }
    }
    return "/" + segments.joined(separator: "/")
  }

  private static let nothing = "00000000-0000-4000-8000-000000000000"
}

/// The routes that a cloud serves, once they are known: what observes is made before what serves.
public final class RouteBook: Sendable {
  private let published: Mutex<[ManagementRoute]>

  public init(_ routes: [ManagementRoute] = []) { published = Mutex(routes) }

  /// Empty until `publish`.
  public var routes: [ManagementRoute] { published.withLock { $0 } }

  public func publish(_ routes: [ManagementRoute]) { published.withLock { $0 = routes } }
}
