public import Base
public import Declarations
public import Records

/// A document of the dossier, as it was filed: who owns it, who approved it, when it must be looked at again.
public struct Piece: Record, Codable, Sendable {
  public static let kind = "secnumcloud.piece"
  /// A review is shown red this many days before it is due.
  public static let warningDays = 30

  public var id: GUID
  /// What it is in the dossier, for example `pssi`: one of `PieceSlots`.
  public var slot: String
  public var title: String
  /// The file's name.
  public var file: String
  public var owner: String
  public var approver: String
  public var approved: CalendarDate
  /// When it must have been reviewed; nil where no review is imposed or wanted.
  public var nextReview: CalendarDate?
  public var content: DocumentStore.Content
  public var filed: Timestamp
  /// When a later piece took its place.
  public var replaced: Timestamp?

  public var key: RecordKey { RecordKey(tenant: .zero, id.description) }

  /// What who files one says of it.
  public struct Draft: Sendable {
    public var slot: String
    public var title: String
    public var file: String
    public var owner: String
    public var approver: String
    public var approved: CalendarDate
    public var nextReview: CalendarDate?

    public init(slot: String, title: String, file: String, owner: String, approver: String, approved: CalendarDate, nextReview: CalendarDate?) {
      self.slot = slot
      self.title = title
      self.file = file
      self.owner = owner
      self.approver = approver
      self.approved = approved
      self.nextReview = nextReview
    }
  }

  init(_ draft: Draft, id: GUID, content: DocumentStore.Content, filed: Timestamp) {
    self.id = id
    slot = draft.slot
    title = draft.title
    file = draft.file
    owner = draft.owner
    approver = draft.approver
    approved = draft.approved
    nextReview = draft.nextReview
    self.content = content
    self.filed = filed
  }

  public enum Review: String, Sendable {
    case upToDate
    /// Due within `warningDays`: shown red.
    case dueSoon
    case overdue
  }

  public func review(on day: CalendarDate) -> Review {
    guard let nextReview else { return .upToDate }
    return nextReview < day ? .overdue : day.days(to: nextReview) <= Self.warningDays ? .dueSoon : .upToDate
  }
}
