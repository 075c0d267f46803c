/// What an extent store cannot do.
public enum ExtentError: Error, Equatable {
  /// An extent's bytes are not what was written, or are fewer than were asked for: logged with segment and offset, never returned.
  case corrupt(ExtentID)
  /// There is no such extent, or its data key was destroyed.
  case noSuchExtent(ExtentID)
  /// The extent is sealed under a key that its writer brought and its reader did not.
  case callerKeyMissing(ExtentID)
  /// A writer was given more bytes than its extent's length, or was finished before it had them all.
  case wrongLength(expected: Int, appended: Int)
  /// A writer was used after it was finished or cancelled.
  case writerEnded
  /// A segment on the disk was written by another store: these records are not those of this disk.
  case foreignSegment(name: String)
}
