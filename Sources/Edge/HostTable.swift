internal import Wire

/// Which service stands behind which host name.
public struct HostTable: Sendable {
  public enum Name: Sendable, Equatable {
    /// This host alone, for example `management.cocagne.localhost`.
    case exact(String)
    /// Every host one label below, for example `blob.core.cocagne.localhost` for `acct.blob.core.cocagne.localhost`.
    case below(String)
    /// Of those, the hosts whose label begins with a prefix: `md-` for managed disks. It stands before them in the table.
    case beginning(String, below: String)
    /// IP addresses and `localhost`: path-style storage.
    case address
  }

  private let entries: [(name: Name, service: any EdgeService)]

  public init(_ entries: [(name: Name, service: any EdgeService)]) {
    self.entries = entries
  }

  /// The service of a lower-cased host name without port; nil when nobody serves it.
  public func service(for host: String) -> (any EdgeService)? {
    entries.first { Self.matches($0.name, host) }?.service
  }

  private static func matches(_ name: Name, _ host: String) -> Bool {
    switch name {
    case .exact(let exact): return host == exact
    case .beginning(let prefix, let parent): return host.hasPrefix(prefix) && matches(.below(parent), host)
    case .below(let parent):
      // The dot before the parent is the first one.
      guard host.utf8.count > parent.utf8.count + 1, host.utf8.suffix(parent.utf8.count).elementsEqual(parent.utf8) else { return false }
      return host.utf8.firstIndex(of: UInt8(ascii: ".")) == host.utf8.index(host.endIndex, offsetBy: -parent.utf8.count - 1)
    case .address:
      return host == "localhost" || host.hasPrefix("[") || host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    }
  }
}
