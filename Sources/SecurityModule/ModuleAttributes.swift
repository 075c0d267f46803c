internal import CPKCS11

#if canImport(Glibc)
  internal import Glibc
#endif

/// A template of PKCS#11: attributes with their values.
struct ModuleAttributes {
  private var values: [(type: UInt, bytes: [UInt8])] = []

  init() {}

  func adding(_ type: UInt, _ bytes: [UInt8]) -> ModuleAttributes {
    var attributes = self
    attributes.values.append((type, bytes))
    return attributes
  }

  func adding(_ type: UInt, _ value: Bool) -> ModuleAttributes {
    adding(type, [value ? 1 : 0])
  }

  func adding(_ type: UInt, _ number: UInt) -> ModuleAttributes {
    adding(type, withUnsafeBytes(of: number) { Array($0) })
  }

  func adding(_ type: UInt, _ text: String) -> ModuleAttributes {
    adding(type, Array(text.utf8))
  }

  func adding(_ other: ModuleAttributes) -> ModuleAttributes {
    var attributes = self
    attributes.values += other.values
    return attributes
  }

  private static let alignment = MemoryLayout<UInt>.alignment

  /// Lends the template to a call. The memory is wiped after it: a value may be a key.
  func lend<Value>(_ body: (UnsafeMutablePointer<ck_attribute>, UInt) throws -> Value) rethrows -> Value {
    let lengths = values.map { ($0.bytes.count + Self.alignment - 1) / Self.alignment * Self.alignment }
    let total = max(lengths.reduce(0, +), 1)
    return try withUnsafeTemporaryAllocation(byteCount: total, alignment: Self.alignment) { memory in
      defer { if let base = memory.baseAddress { explicit_bzero(base, total) } }
      return try withUnsafeTemporaryAllocation(of: ck_attribute.self, capacity: max(values.count, 1)) { template in
        var offset = 0
        for (index, value) in values.enumerated() {
          let place = UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + value.bytes.count])
          place.copyBytes(from: value.bytes)
          template.initializeElement(
            at: index, to: ck_attribute(type: value.type, value: place.baseAddress ?? memory.baseAddress, value_len: UInt(value.bytes.count)))
          offset += lengths[index]
        }
        guard let base = template.baseAddress else { preconditionFailure("an allocation has an address") }
        return try body(base, UInt(values.count))
      }
    }
  }
}
