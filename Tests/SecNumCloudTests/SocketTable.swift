import SecNumCloud

/// A socket as the kernel would list it, for a host that a test makes up.
struct ListedSocket {
  var transport = "tcp"
  var local: String
  var port: Int
  var remote = "0.0.0.0"
  var remotePort = 0
  var inode: Int

  /// A line of `/proc/net/tcp`. The kernel's number of the state: 10 listens, 1 is connected, 7 is what UDP has.
  fileprivate func line(_ index: Int) -> String {
    let state = transport == "udp" ? "07" : remotePort == 0 ? "0A" : "01"
    let ends = "\(Self.hexadecimal(local, port)) \(Self.hexadecimal(remote, remotePort))"
    return "  \(index): \(ends) \(state) 00000000:00000000 00:00000000 00000000     0        0 \(inode) 1 0000000000000000 100 0 0 10 0"
  }

  private static func hexadecimal(_ address: String, _ port: Int) -> String {
    func padded(_ value: Int, _ count: Int) -> String {
      let digits = String(value, radix: 16, uppercase: true)
      return String(repeating: "0", count: count - digits.count) + digits
    }
    let numbers = address.split(separator: ".").compactMap { Int($0) }
    return numbers.reversed().map { padded($0, 2) }.joined() + ":" + padded(port, 4)
  }
}

extension AlteredHost {
  /// Makes the host have these sockets alone, all held by the observed process, number 1.
  func list(_ sockets: [ListedSocket]) {
    folders["/proc"] = ["1", "net", "stat"]
    files["/proc/1/stat"] = Array("1 (cocagne) S 0 1 1 0 -1 4194560".utf8)
    folders["/proc/1/fd"] = sockets.map { "\($0.inode)" }
    for socket in sockets { destinations["/proc/1/fd/\(socket.inode)"] = "socket:[\(socket.inode)]" }
    let heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
    for transport in ["tcp", "udp"] {
      let lines = sockets.filter { $0.transport == transport }.enumerated().map { $1.line($0) }
      files["/proc/1/net/\(transport)"] = Array(([heading] + lines).joined(separator: "\n").utf8 + [0x0A])
      files["/proc/1/net/\(transport)6"] = Array(heading.utf8)
    }
  }
}

extension ObservedHouse {
  /// Files the register of the platform, with lines of its author's at the end.
  func filePlatformRegister(_ further: String = "", sources: [String] = ["10.20.0.5", "10.20.0.6"], operatorCountry: String = "FR") async throws {
    let text = """
      site:
        nom: "Salle 1"
        pays: FR
        pays_exploitant: \(operatorCountry)
      ntp:\(sources.isEmpty ? " []" : "")
      \(sources.map { "  - hote: \($0)" }.joined(separator: "\n"))
      reseaux_administration:
        - nom: "Administration"
          cidr: 10.20.0.0/24
          pays: FR
      hotes: {}
      \(further)
      """
    try await documents.set(PlatformRegister.self, text: text, file: "plateforme.yaml", author: "test")
  }
}
