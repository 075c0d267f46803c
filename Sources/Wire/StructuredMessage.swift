/// The form in which content travels in numbered segments, each with its own CRC64 (`x-ms-structured-body: XSM/1.0; properties=crc64`).
///
/// All numbers are little-endian: a header of version, length of the whole message, flags and number of segments; each segment with its number and
/// length before it and its check behind it; the check of all content at the end.
/// Source: Microsoft, "Azure Storage structured message", as the storage SDKs read and write it.
public enum StructuredMessage {
  /// The one value of `x-ms-structured-body` that there is.
  public static let name = "XSM/1.0; properties=crc64"

  static let version: UInt8 = 1
  static let crc64Flag: UInt16 = 1
  static let headerBytes = 13
  static let segmentHeaderBytes = 10
  static let checkBytes = 8
  /// Bytes of a segment that is written; longer ones where there would be too many.
  static let segmentBytes = 4 << 20
  static let maximumSegments = Int(UInt16.max)

  /// Whether a header's value names this form: spaces and case do not matter.
  public static func isNamed(by value: String) -> Bool {
    value.lowercased().filter { $0 != " " } == name.lowercased().filter { $0 != " " }
  }

  /// Why a message was refused.
  public enum Failure: Error, Equatable {
    /// It does not have the form.
    case malformed
    /// The check of a segment, or of all, does not match what came.
    case mismatch(specified: [UInt8], calculated: [UInt8])
  }

  // MARK: Reading

  /// Takes a message apart as it comes, and checks it.
  public struct Decoder: Sendable {
    private enum Part: Sendable {
      case header
      case segmentHeader
      case content(left: Int)
      case segmentCheck
      case check
      case end
    }

    private var part = Part.header
    private var framing: [UInt8] = []
    private var wantedFraming = headerBytes
    private let messageBytes: Int
    private var segments = 0
    private var segment = 0
    private var hasChecks = false
    private var segmentCheck = CRC64()
    private var check = CRC64()
    /// Bytes of content so far.
    public private(set) var contentBytes = 0

    /// `messageBytes` is the announced length of the whole.
    public init(messageBytes: Int) {
      self.messageBytes = messageBytes
    }

    /// The ranges of `bytes` that are content, in their order. Throws `Failure`.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> [Range<Int>] {
      var content: [Range<Int>] = []
      var offset = 0
      while offset < bytes.count {
        if case .content(let left) = part {
          let range = offset..<min(bytes.count, offset + left)
          let piece = UnsafeRawBufferPointer(rebasing: bytes[range])
          if hasChecks {
            segmentCheck.update(piece)
            check.update(piece)
          }
          contentBytes += range.count
          content.append(range)
          offset = range.upperBound
          part = .content(left: left - range.count)
          if left == range.count { try endContent() }
        } else {
          guard wantedFraming > 0 else { throw .malformed }
          let taken = min(wantedFraming - framing.count, bytes.count - offset)
          framing.append(contentsOf: bytes[offset..<offset + taken])
          offset += taken
          if framing.count == wantedFraming { try endFraming() }
        }
      }
      return content
    }

    /// Throws unless the message has ended as it should.
    public func finish() throws(Failure) {
      guard case .end = part, framing.isEmpty else { throw .malformed }
    }

    private mutating func expect(_ next: Part, framing bytes: Int) {
      (part, wantedFraming) = (next, bytes)
      framing.removeAll(keepingCapacity: true)
    }

    private func number(_ range: Range<Int>) -> UInt64 {
      framing[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func endFraming() throws(Failure) {
      switch part {
      case .header:
        guard framing[0] == version, number(1..<9) == UInt64(messageBytes) else { throw .malformed }
        let flags = number(9..<11)
        guard flags & ~UInt64(crc64Flag) == 0 else { throw .malformed }
        hasChecks = flags != 0
        segments = Int(number(11..<13))
        if segments == 0 { try endSegments() } else { expect(.segmentHeader, framing: segmentHeaderBytes) }
      case .segmentHeader:
        let length = number(2..<10)
        guard number(0..<2) == UInt64(segment + 1), length <= UInt64(messageBytes) else { throw .malformed }
        segment += 1
        segmentCheck = CRC64()
        expect(.content(left: Int(length)), framing: 0)
        if length == 0 { try endContent() }
      case .segmentCheck:
        try compare(segmentCheck)
        try endSegment()
      case .check:
        try compare(check)
        expect(.end, framing: 0)
      case .content, .end: throw .malformed
      }
    }

    private func compare(_ calculated: CRC64) throws(Failure) {
      guard framing == calculated.bytes else { throw .mismatch(specified: framing, calculated: calculated.bytes) }
    }

    private mutating func endContent() throws(Failure) {
      if hasChecks { expect(.segmentCheck, framing: checkBytes) } else { try endSegment() }
    }

    private mutating func endSegment() throws(Failure) {
      if segment == segments { try endSegments() } else { expect(.segmentHeader, framing: segmentHeaderBytes) }
    }

    private mutating func endSegments() throws(Failure) {
      expect(hasChecks ? .check : .end, framing: hasChecks ? checkBytes : 0)
    }
  }

  // MARK: Writing

  /// Puts a message together around content of a known length.
  public struct Encoder: Sendable {
    private let contentBytes: Int
    private let segmentBytes: Int
    private let segments: Int
    private var segment = 0
    private var leftInSegment = 0
    private var leftInAll: Int
    private var segmentCheck = CRC64()
    private var check = CRC64()

    public init(contentBytes: Int) {
      self.contentBytes = contentBytes
      leftInAll = contentBytes
      segmentBytes = max(StructuredMessage.segmentBytes, (contentBytes + maximumSegments - 1) / maximumSegments)
      segments = max(1, (contentBytes + segmentBytes - 1) / segmentBytes)
    }

    /// Bytes of the whole message.
    public var messageBytes: Int { headerBytes + segments * (segmentHeaderBytes + checkBytes) + contentBytes + checkBytes }

    /// What stands before the first content.
    public mutating func begin() -> [UInt8] {
      Self.bytes(UInt64(version), 1) + Self.bytes(UInt64(messageBytes), 8) + Self.bytes(UInt64(crc64Flag), 2) + Self.bytes(UInt64(segments), 2)
        + beginSegment() + (contentBytes == 0 ? end() : [])
    }

    /// How much of a piece of content goes before the next framing.
    public func room(for piece: Int) -> Int {
      min(leftInSegment, piece)
    }

    /// Takes content of at most `room` bytes, and gives the framing that follows it.
    public mutating func add(_ content: UnsafeRawBufferPointer) -> [UInt8] {
      precondition(content.count <= leftInSegment, "content beyond its segment")
      segmentCheck.update(content)
      check.update(content)
      leftInSegment -= content.count
      leftInAll -= content.count
      guard leftInSegment == 0 else { return [] }
      guard leftInAll > 0 else { return end() }
      return segmentCheck.bytes + beginSegment()
    }

    private mutating func beginSegment() -> [UInt8] {
      segment += 1
      segmentCheck = CRC64()
      leftInSegment = min(segmentBytes, leftInAll)
      return Self.bytes(UInt64(segment), 2) + Self.bytes(UInt64(leftInSegment), 8)
    }

    private func end() -> [UInt8] { segmentCheck.bytes + check.bytes }

    private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
  }
}
