public import Base
public import Records

/// What an authority asked the operator for, and what became of it. It outlives the tenant that it is about: it is the operator's to account for.
public struct AuthorityRequest: Record, Codable, Sendable {
  /// Of the records that are kept about a tenant, and are not the tenant's.
  public static let kind = "secnumcloud.authorityRequest"

  /// How it came.
  public enum Way: String, CaseIterable, Codable, Sendable {
    case unionLaw = "droit-ue"
    /// A convention between states, such as article 48 of the GDPR asks for.
    case convention
    /// An order that came straight from a third country.
    case direct
  }

  public enum Answer: String, CaseIterable, Codable, Sendable {
    case refused = "refus"
    case partly = "partielle"
    case complied = "remise"

    /// Whether anything was handed over.
    public var handsOver: Bool { self != .refused }
  }

  /// The decision of a competent authority by which something was handed over.
  public struct Decision: Codable, Sendable, Equatable {
    public var authority: String
    /// Two capital letters of ISO 3166-1.
    public var country: String
    public var reference: String
  }

  public enum State: String, Sendable {
    case open, answered, closed
  }

  public let id: GUID
  /// Whom it is about; nil where no tenant is concerned, or none that there is.
  public let tenant: GUID?
  /// Days, `YYYY-MM-DD`.
  public let received: String
  public let country: String
  public let authority: String
  /// The legal basis that the authority names.
  public let basis: String
  public let way: Way
  public let asked: String
  public let entered: Timestamp

  public internal(set) var answer: Answer?
  public internal(set) var answered: String?
  /// Why it was refused, or answered in part.
  public internal(set) var grounds: String?
  public internal(set) var handedOver: String?
  public internal(set) var decision: Decision?
  /// When the tenant agreed in writing.
  public internal(set) var agreement: String?
  /// When the tenant was told.
  public internal(set) var notice: String?
  /// The law that forbids to tell the tenant.
  public internal(set) var withheld: String?
  public internal(set) var closed: Timestamp?

  public var state: State { closed != nil ? .closed : answer != nil ? .answered : .open }

  /// In whose ledger its steps are entered: the tenant's, unless the law keeps them from it.
  var partition: GUID { withheld != nil && notice == nil ? .zero : tenant ?? .zero }

  public var key: RecordKey { Self.key(id) }

  static func key(_ id: GUID) -> RecordKey { RecordKey(tenant: .zero, id.description) }

  static let timeIndex = "time"

  public var indexes: [RecordIndex] { [RecordIndex(Self.timeIndex, LockboxRequest.digits(entered), id.description)] }

  /// Every one, in the order in which they were entered, up to `limit`.
  public static func all(limit: Int = maximumListed, in reader: any RecordReader) throws -> [AuthorityRequest] {
    try reader.list(AuthorityRequest.self, index: timeIndex, [], tenant: .zero, limit: limit)
  }

  /// Requests that the register lists.
  public static let maximumListed = 10_000
}
