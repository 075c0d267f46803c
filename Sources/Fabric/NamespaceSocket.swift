internal import CLinux
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Another network namespace, for what has to be done inside of it. A thread enters it, does that and ends: no thread that does other work is ever elsewhere.
package enum NamespaceThread {
  private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  private final class Outcome<Value> {
    var result: Result<Value, any Error>?
  }

  /// What `body` gives; a socket that it makes stays with the namespace. Throws `FabricError` where there is no such namespace.
  package static func run<Value: Sendable>(in namespace: String, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let outcome = Outcome<Value>()
    let work = Unmanaged.passRetained(
      Work {
        outcome.result = Result {
          try enter(namespace)
          return try body()
        }
      })
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { opaque in
        if let opaque { Unmanaged<Work>.fromOpaque(opaque).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      throw FabricError("a thread could not be made: \(code)")
    }
    pthread_join(thread, nil)
    guard let result = outcome.result else { throw FabricError("a thread ended early") }
    return try result.get()
  }

  private static func enter(_ namespace: String) throws {
    let file = open("\(NamespaceFolder.path)/\(namespace)", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw FabricError.system("namespace \(namespace)") }
    defer { close(file) }
    guard enter_network_namespace(file) == 0 else { throw FabricError.system("setns") }
  }
}

extension FabricError {
  /// What the system said last.
  static func system(_ what: String) -> FabricError { FabricError("\(what): \(String(cString: strerror(errno)))") }
}

/// A socket of another network namespace.
enum NamespaceSocket {
  static func listen(namespace: String, address: IPv4Address, port: UInt16) throws -> Int32 {
    try NamespaceThread.run(in: namespace) {
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      guard socket >= 0 else { throw FabricError.system("socket") }
      var on: Int32 = 1
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
      // The address may come a moment later than the socket.
      setsockopt(socket, Int32(IPPROTO_IP), IP_FREEBIND, &on, socklen_t(MemoryLayout<Int32>.size))
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr = in_addr(s_addr: address.bits.bigEndian)
      let size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafePointer(to: &name) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) } } == 0
      guard isBound, Glibc.listen(socket, 128) == 0 else {
        let error = FabricError.system("bind \(address):\(port)")
        close(socket)
        throw error
      }
      return socket
    }
  }
}

/// Where `ip netns` keeps the namespaces that have a name.
enum NamespaceFolder {
  static let path = "/run/netns"
  /// What a file system of namespaces says it is.
  private static let magic = 0x6e73_6673

  static func names() -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  /// The inode of a namespace; nil for a name behind which there is none.
  static func identity(_ name: String) -> UInt64? {
    var file = stat()
    guard file_system_type("\(path)/\(name)") == magic, stat("\(path)/\(name)", &file) == 0 else { return nil }
    return UInt64(file.st_ino)
  }
}
