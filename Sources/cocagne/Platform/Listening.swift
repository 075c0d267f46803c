internal import Base
internal import Edge
internal import Storage

#if canImport(Glibc)
  internal import Glibc
#endif

/// Which addresses and which port this machine lets the cloud listen on.
struct Listening {
  static let standardPort = 443
  /// Where port 443 may not be bound.
  static let fallbackPort = 8443

  var addresses: [String]
  var port: Int

  /// The loopback addresses that this machine has, and the wanted port; without a wish 443, or 8443 where 443 may not be bound.
  static func choose(port wanted: Int?) throws -> Listening {
    let addresses = ["127.0.0.1", "::1"].filter { probe(address: $0, port: 0) == 0 }
    guard let wanted else {
      let isFree = addresses.allSatisfy { probe(address: $0, port: standardPort) == 0 }
      return Listening(addresses: addresses, port: isFree ? standardPort : fallbackPort)
    }
    for address in addresses {
      let code = probe(address: address, port: wanted)
      guard code == 0 else { throw cannotListen(address, wanted, code) }
    }
    return Listening(addresses: addresses, port: wanted)
  }

  /// Where operators' clients reach the cloud when nobody says otherwise, and how many ports from there on are tried.
  static let operatorsPort = 8444
  private static let maximumPortsTried = 256

  /// The wanted port for operators; without a wish the one that it had, or the first free one from `operatorsPort` on.
  func chooseOperatorsPort(_ wanted: Int?, known: Int?) throws -> Int {
    if let wanted {
      guard wanted != port else {
        throw OperatorError("Le port \(wanted) est déjà celui des locataires.", "Port \(wanted) is the tenants' already.")
      }
      return try Self.choose(port: wanted).port
    }
    let candidates = [known].compactMap { $0 } + (0..<Self.maximumPortsTried).map { Self.operatorsPort + $0 }
    let free = candidates.first { candidate in
      candidate != port && addresses.allSatisfy { Self.probe(address: $0, port: candidate) == 0 }
    }
    guard let free else {
      throw OperatorError("Aucun port n'est libre pour les opérateurs : --operators-port.", "No port is free for operators: --operators-port.")
    }
    return free
  }

  /// Throws where another program, such as Azurite, is at a development port.
  static func requireDevelopmentPorts() throws {
    for (_, port) in DevelopmentStorage.ports {
      let code = probe(address: PlainListener.address, port: port)
      guard code == 0 else { throw cannotListen(PlainListener.address, port, code) }
    }
  }

  private static func cannotListen(_ address: String, _ port: Int, _ code: Int32) -> OperatorError {
    let reason = String(cString: strerror(code))
    return OperatorError(
      "Impossible d'écouter sur \(address), port \(port) : \(reason).", "Cannot listen on \(address), port \(port): \(reason).")
  }

  /// Binds and lets go again. 0, or the `errno` of the refusal.
  static func probe(address: String, port: Int) -> Int32 {
    let isIPv6 = address.contains(":")
    let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    let networkPort = in_port_t(UInt16(port).bigEndian)
    let status: Int32
    if isIPv6 {
      setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, socklen_t(MemoryLayout<Int32>.size))
      var socketAddress = sockaddr_in6()
      socketAddress.sin6_family = sa_family_t(AF_INET6)
      socketAddress.sin6_port = networkPort
      inet_pton(AF_INET6, address, &socketAddress.sin6_addr)
      status = withUnsafePointer(to: &socketAddress) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
      }
    } else {
      var socketAddress = sockaddr_in()
      socketAddress.sin_family = sa_family_t(AF_INET)
      socketAddress.sin_port = networkPort
      inet_pton(AF_INET, address, &socketAddress.sin_addr)
      status = withUnsafePointer(to: &socketAddress) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    }
    guard status == 0 else { return errno }
    // SO_REUSEADDR lets two sockets bind; only one of them can listen.
    return listen(descriptor, 1) == 0 ? 0 : errno
  }
}
