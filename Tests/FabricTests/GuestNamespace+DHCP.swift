import Fabric
import Glibc
import Wire

/// What a DHCP server gave.
struct Lease: Sendable, Equatable {
  var address: IPv4Address
  var router: IPv4Address?
  var mtu: UInt16?
}

extension GuestNamespace {
  /// Asks for an address as a guest does that has none (RFC 2131): discover, offer, request, acknowledgement.
  ///
  /// All of its messages bear the number `transaction`.
  func lease() async throws -> Lease? {
    let (namespace, mac, transaction) = (namespace, interface.mac, transaction)
    return try await blocking {
      let socket = try LabSocket(.udp, in: namespace)
      defer { socket.end() }
      socket.set(SOL_SOCKET, SO_BROADCAST, 1)
      setsockopt(socket.descriptor, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5)
      try socket.bind(port: 68)
      guard let offer = Self.exchange(.discover, options: [], expecting: .offer, mac, transaction, socket) else { return nil }
      let wish = [50, 4] + offer.address.bits.bytes + [54, 4] + (offer.options[54] ?? [])
      guard let given = Self.exchange(.request, options: wish, expecting: .acknowledgement, mac, transaction, socket) else { return nil }
      return Lease(
        address: given.address, router: given.options[3].map { IPv4Address(bits: $0.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }) },
        mtu: given.options[26].map { $0.reduce(0) { $0 << 8 | UInt16($1) } })
    }
  }

  var transaction: UInt32 { UInt32(truncatingIfNeeded: interface.mac.bits) }

  private enum Message: UInt8 {
    case discover = 1
    case offer = 2
    case request = 3
    case acknowledgement = 5
  }

  private struct Answer {
    var address: IPv4Address
    var options: [UInt8: [UInt8]] = [:]
  }

  private static func exchange(
    _ message: Message, options: [UInt8], expecting: Message, _ mac: MACAddress, _ transaction: UInt32, _ socket: LabSocket
  ) -> Answer? {
    // Answers are to be broadcast: this guest has no address to send them to.
    var packet: [UInt8] = [1, 1, 6, 0] + transaction.bytes + [0, 0, 0x80, 0] + [UInt8](repeating: 0, count: 16)
    packet += mac.bits.bytes.dropFirst(2) + [UInt8](repeating: 0, count: 10 + 64 + 128) + [99, 130, 83, 99]
    packet += [53, 1, message.rawValue] + options + [55, 3, 1, 3, 26, 255]
    for _ in 0..<5 {
      socket.send(packet, to: IPv4Address(bits: .max), port: 67)
      for _ in 0..<10 {
        guard let bytes = socket.receive(), let answer = answer(bytes, to: transaction), answer.options[53] == [expecting.rawValue] else { continue }
        return answer
      }
    }
    return nil
  }

  private static func answer(_ bytes: [UInt8], to transaction: UInt32) -> Answer? {
    guard bytes.count > 240, bytes[0] == 2, Array(bytes[4..<8]) == transaction.bytes else { return nil }
    var answer = Answer(address: IPv4Address(bits: bytes[16..<20].reduce(0) { $0 << 8 | UInt32($1) }))
    var rest = bytes[240...]
    while let code = rest.popFirst(), code != 255 {
      guard code != 0 else { continue }
      guard let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
      answer.options[code] = Array(rest.prefix(Int(length)))
      rest = rest.dropFirst(Int(length))
    }
    return answer
  }
}
