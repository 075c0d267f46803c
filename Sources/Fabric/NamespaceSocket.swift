internal import CLinux
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// A socket of another network namespace. A thread enters the namespace, makes the socket and ends: no thread that does other work is ever elsewhere.
enum NamespaceSocket {
  private final class Request: @unchecked Sendable {
    let namespace: String
    let address: IPv4Address
    let port: UInt16
    var descriptor: Int32 = -1
    var failure = ""

    init(namespace: String, address: IPv4Address, port: UInt16) {
      self.namespace = namespace
      self.address = address
      self.port = port
    }

    func run() {
      let file = open("/run/netns/\(namespace)", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { return fail("namespace \(namespace)") }
      defer { close(file) }
      guard enter_network_namespace(file) == 0 else { return fail("setns") }
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      guard socket >= 0 else { return fail("socket") }
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
        fail("bind \(address):\(port)")
        close(socket)
        return
      }
      descriptor = socket
    }

    private func fail(_ what: String) {
      failure = "\(what): \(String(cString: strerror(errno)))"
    }
  }

  static func listen(namespace: String, address: IPv4Address, port: UInt16) throws -> Int32 {
    let request = Request(namespace: namespace, address: address, port: port)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { opaque in
        if let opaque { Unmanaged<Request>.fromOpaque(opaque).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(request).toOpaque())
    guard code == 0 else { throw FabricError("a thread could not be made: \(code)") }
    pthread_join(thread, nil)
    guard request.descriptor >= 0 else { throw FabricError(request.failure) }
    return request.descriptor
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
