/// Part of an extent, in bytes of its plain content.
public struct ExtentSlice: Hashable, Sendable {
  public var id: ExtentID
  public var range: Range<Int>

  public init(id: ExtentID, range: Range<Int>) {
    self.id = id
    self.range = range
  }
}
