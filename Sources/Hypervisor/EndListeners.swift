internal import Base
internal import CLibvirt
internal import Synchronization

/// Who wants to hear of ends, and the callback by which libvirt tells of them.
final class EndListeners: Sendable {
  private let prefix: String
  private let continuations = Mutex<[Int: AsyncStream<MachineEnd>.Continuation]>([:])
  private let count = Mutex(0)

  init(prefix: String) {
    self.prefix = prefix
  }

  func stream() -> AsyncStream<MachineEnd> {
    let number = count.withLock { count in
      count += 1
      return count
    }
    let (stream, continuation) = AsyncStream.makeStream(of: MachineEnd.self, bufferingPolicy: .bufferingNewest(1024))
    continuations.withLock { $0[number] = continuation }
    continuation.onTermination = { [self] _ in _ = continuations.withLock { $0.removeValue(forKey: number) } }
    return stream
  }

  func register(on connection: LibvirtConnection.Handle) {
    let callback: virConnectDomainEventCallback = { _, domain, event, detail, opaque in
      guard let domain, let opaque, event == Int32(VIR_DOMAIN_EVENT_STOPPED.rawValue) else { return 0 }
      Unmanaged<EndListeners>.fromOpaque(opaque).takeUnretainedValue().ended(domain, detail)
      return 0
    }
    // The callback outlives this call: libvirt gives the reference back when the connection goes.
    let opaque = Unmanaged.passRetained(self).toOpaque()
    virConnectDomainEventRegisterAny(
      connection.pointer, nil, Int32(VIR_DOMAIN_EVENT_ID_LIFECYCLE.rawValue), unsafeBitCast(callback, to: virConnectDomainEventGenericCallback.self),
      opaque
    ) { opaque in
      if let opaque { Unmanaged<EndListeners>.fromOpaque(opaque).release() }
    }
  }

  private func ended(_ domain: OpaquePointer, _ detail: Int32) {
    guard let name = virDomainGetName(domain).map({ String(cString: $0) }), name.hasPrefix(prefix),
      let id = GUID(String(name.dropFirst(prefix.count)))
    else { return }
    let reason: MachineEnd.Reason =
      switch virDomainEventStoppedDetailType(UInt32(detail)) {
      case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: .shutDown
      case VIR_DOMAIN_EVENT_STOPPED_DESTROYED: .destroyed
      default: .failed
      }
    let all = continuations.withLock { Array($0.values) }
    for continuation in all { continuation.yield(MachineEnd(id: id, reason: reason)) }
  }
}
