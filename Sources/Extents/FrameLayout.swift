/// How an extent's plain bytes lie in its frames, one after the other: each frame holds `frameBytes` of them, the last one the rest.
struct FrameLayout: Equatable, Sendable {
  /// Plain bytes of the extent.
  var length: Int
  /// Plain bytes of a frame.
  var frameBytes: Int

  /// Bytes of one frame around its plain ones.
  static let overhead = FrameCipher.headerBytes + FrameCipher.tagBytes

  var frameCount: Int { (length + frameBytes - 1) / frameBytes }

  /// Bytes on the disk.
  var storedBytes: Int { length + frameCount * Self.overhead }

  func plainBytes(ofFrame index: Int) -> Int {
    min(frameBytes, length - index * frameBytes)
  }

  func storedBytes(ofFrames range: Range<Int>) -> Int {
    range.isEmpty
      ? 0 : offset(ofFrame: range.upperBound - 1) - offset(ofFrame: range.lowerBound) + plainBytes(ofFrame: range.upperBound - 1) + Self.overhead
  }

  /// Bytes from the start of the extent to a frame.
  func offset(ofFrame index: Int) -> Int {
    index * (frameBytes + Self.overhead)
  }

  /// Frames that one read or write of up to `bytes` takes: at least one.
  func frames(within bytes: Int) -> Int {
    max(1, bytes / (frameBytes + Self.overhead))
  }
}
