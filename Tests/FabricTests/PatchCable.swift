import Fabric
import Glibc
import Synchronization
import Wire

/// Carries frames between the card of a guest and the tap that a host's fabric made for it, as QEMU does.
final class PatchCable: Sendable {
  /// The beginning of a frame that came to the guest.
  struct Frame: Sendable {
    var bytes: [UInt8]

    private func mac(at offset: Int) -> MACAddress { MACAddress(bits: bytes[offset..<offset + 6].reduce(0) { $0 << 8 | UInt64($1) }) }
    var destination: MACAddress { mac(at: 0) }
    var source: MACAddress { mac(at: 6) }
    var isForOne: Bool { bytes[0] & 1 == 0 }

    /// The number of the exchange that a DHCP message belongs to, a client's or a server's; nil for other frames.
    var transaction: UInt32? {
      guard bytes.count >= 50, bytes[12...13] == [8, 0], bytes[23] == 17, [67, 68].contains(bytes[37]), bytes[36] == 0 else { return nil }
      return bytes[46..<50].reduce(0) { $0 << 8 | UInt32($1) }
    }
  }

  private let descriptors: [Int32]
  private let seen = Mutex<[Frame]>([])
  private let thread: Mutex<LabThread?> = Mutex(nil)
  private static let remembered = 4096

  /// Both taps are held open for as long as the cable is there: it follows them from one namespace to another.
  init(from card: String, in guest: String, to tap: String, in host: String) throws {
    let card = try Self.open(card, in: guest)
    do {
      descriptors = [card, try Self.open(tap, in: host)]
    } catch {
      close(card)
      throw error
    }
    do {
      let thread = try LabThread { [weak self] in self?.turn() ?? false }
      self.thread.withLock { $0 = thread }
    } catch {
      descriptors.forEach { close($0) }
      throw error
    }
  }

  /// TUNSETIFF, as <linux/if_tun.h> makes it of a macro.
  private static let attachToInterface: UInt = 0x4004_54CA

  /// Frames without any header of the kernel's. A tap that does not exist comes to be.
  private static func open(_ name: String, in namespace: String) throws -> Int32 {
    try NamespaceThread.run(in: namespace) {
      let descriptor = Glibc.open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw FabricError("/dev/net/tun: \(errno)") }
      // struct ifreq: a name of 16 bytes, then IFF_TAP | IFF_NO_PI.
      var request = [UInt8](repeating: 0, count: 40)
      request.replaceSubrange(0..<name.utf8.count, with: name.utf8)
      (request[16], request[17]) = (0x02, 0x10)
      guard ioctl(descriptor, attachToInterface, &request) == 0 else {
        let code = errno
        close(descriptor)
        throw FabricError("\(name) in \(namespace): \(code)")
      }
      return descriptor
    }
  }

  private func turn() -> Bool {
    var ready = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&ready, 2, 50) > 0 else { return true }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    for (from, to) in [(0, 1), (1, 0)] where ready[from].revents != 0 {
      let count = read(descriptors[from], &buffer, buffer.count)
      // A tap that was taken away comes to an end of its own.
      guard count > 0 else { return errno == EAGAIN }
      if to == 0 {
        seen.withLock { frames in
          if frames.count == Self.remembered { frames.removeFirst() }
          frames.append(Frame(bytes: Array(buffer[..<min(count, 64)])))
        }
      }
      _ = write(descriptors[to], buffer, count)
    }
    return true
  }

  /// What came to the guest since the cable was there, or since `forget`.
  var frames: [Frame] { seen.withLock { $0 } }
  func forget() { seen.withLock { $0 = [] } }

  func end() {
    guard let thread = thread.withLock({ $0.take() }) else { return }
    thread.end()
    descriptors.forEach { close($0) }
  }
}
