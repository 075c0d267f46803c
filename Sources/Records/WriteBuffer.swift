/// What a transaction has written so far, in key order.
struct WriteBuffer: Sendable {
  struct Write: Sendable {
    var key: KeyBytes
    /// nil removes the key.
    var value: [UInt8]?
  }

  private(set) var writes: [Write] = []
  /// Bytes of keys and values.
  private(set) var byteCount = 0

  var isEmpty: Bool { writes.isEmpty }

  /// The write to a key, or nil when there is none.
  func write(forKey key: KeyBytes) -> Write? {
    let position = lowerBound(key)
    return position < writes.count && writes[position].key == key ? writes[position] : nil
  }

  mutating func set(_ value: [UInt8]?, forKey key: KeyBytes) {
    let position = lowerBound(key)
    byteCount += value?.count ?? 0
    if position < writes.count && writes[position].key == key {
      byteCount -= writes[position].value?.count ?? 0
      writes[position].value = value
    } else {
      byteCount += key.bytes.count
      writes.insert(Write(key: key, value: value), at: position)
    }
  }

  func writes(in range: Range<KeyBytes>) -> ArraySlice<Write> {
    writes[lowerBound(range.lowerBound)..<lowerBound(range.upperBound)]
  }

  private func lowerBound(_ key: KeyBytes) -> Int {
    // Keys mostly come in ascending order.
    guard let last = writes.last, !(last.key < key) else { return writes.count }
    var low = 0
    var high = writes.count
    while low < high {
      let middle = (low + high) / 2
      if writes[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
