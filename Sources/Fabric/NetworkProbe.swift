internal import Base
package import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Asks from inside of a network's namespace whether an address answers.
package enum NetworkProbe {
  private static let waitMilliseconds: Int32 = 500

  /// Tries to open a TCP connection. Accepting and refusing are both an answer.
  package static func answers(_ address: IPv4Address, port: UInt16, in namespace: String) throws -> Bool {
    try NamespaceThread.run(in: namespace) {
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      guard socket >= 0 else { throw FabricError.system("socket") }
      defer { close(socket) }
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr = in_addr(s_addr: address.bits.bigEndian)
      let size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let status = withUnsafePointer(to: &name) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) } }
      if status == 0 || errno == ECONNREFUSED { return true }
      guard errno == EINPROGRESS else { return false }
      var waiting = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
      guard poll(&waiting, 1, waitMilliseconds) == 1 else { return false }
      var error: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length)
      return error == 0 || error == ECONNREFUSED
    }
  }
}
