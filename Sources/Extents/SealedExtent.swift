public import Base
internal import Keyring

/// Identifies an extent. It is random and never used again.
public typealias ExtentID = GUID

/// An extent whose bytes are durable but which nothing refers to yet. Its space is safe as long as this value lives, and is dead if it goes uncommitted.
public struct SealedExtent: Sendable {
  public let id: ExtentID
  public let tenant: GUID
  /// Bytes of plain content.
  public let length: Int

  let record: ExtentRecord
  /// Keeps the segment from being removed before the commit.
  let reservation: Reservation
}
