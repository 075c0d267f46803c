public import Base
public import Records

/// Somebody else who keeps the log's heads, so that the platform cannot show another history later.
public protocol LedgerWitness: Sendable {
  /// As the operator calls it.
  var name: String { get }

  /// Hands it a checkpoint, with the proof that the log of the size that the witness knows goes on in it. Throws when it cannot be reached.
  func add(_ note: SignedNote, from size: Int, _ proof: [MerkleHash]) async throws -> WitnessAnswer
}

/// What a witness says to a checkpoint.
public enum WitnessAnswer: Sendable, Equatable {
  /// It keeps it, and has cosigned it where it has a key.
  case kept([SignedNote.Signature])
  /// It knows the log at another size.
  case knows(size: Int)
  /// It does not take it: why.
  case refused(String)
  /// It has seen another history than the one that the checkpoint goes on from: why.
  case contradicts(String)
}

/// How far a witness has come.
public struct WitnessState: Record, Codable, Sendable, Equatable {
  public static let kind = "ledger.witness"

  public var name: String
  /// The size that it has kept last; 0 for none.
  public var size = 0
  /// When that was.
  public var time: Timestamp?
  /// Why it has not kept the newest head; nil where it has.
  public var problem: String?
  /// Whether it says that the log has shrunk or forked, which no waiting mends.
  public var isContradiction = false

  public var key: RecordKey { Self.key(name) }

  init(name: String) { self.name = name }

  static let all = RecordKey(tenant: Ledger.partition, "witness")

  static func key(_ name: String) -> RecordKey { RecordKey(tenant: Ledger.partition, "witness", name) }
}
