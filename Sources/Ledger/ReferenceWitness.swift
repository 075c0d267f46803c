public import Base
internal import Wire

/// A witness of another party: it keeps the newest checkpoint of each log that it knows, cosigns what goes on from there, and refuses a log that shrinks or
/// forks.
///
/// Source: C2SP, "Transparency Log Witnesses" (tlog-witness).
public actor ReferenceWitness {
  /// Where it keeps what it has cosigned.
  public protocol Store: Sendable {
    func newest(of origin: String) throws -> SignedNote?
    /// Durable when it returns.
    func keep(_ note: SignedNote, of origin: String) throws
    /// A checkpoint as great as the one that is kept, of another root: with that one it is evidence that the log has forked, to anybody.
    func keepContradiction(_ note: SignedNote, _ checkpoint: Checkpoint) throws
    /// A greater checkpoint that came without a good proof. By itself it tells nothing: anybody can hand an honest one in so.
    func keepUnproven(_ note: SignedNote, _ checkpoint: Checkpoint) throws
  }

  public struct Answer: Sendable, Equatable {
    public var status: Int
    public var contentType = "text/plain; charset=utf-8"
    public var body: String
  }

  private let key: NoteKey
  private let logs: [String: [NoteVerifier]]
  private let store: any Store
  private let clock: any WallClock

  /// `logs` are the keys of the logs that it knows, each named by its log's origin.
  public init(key: NoteKey, logs: [NoteVerifier], store: any Store, clock: any WallClock) {
    self.key = key
    self.logs = Dictionary(grouping: logs, by: \.name)
    self.store = store
    self.clock = clock
  }

  /// The answer to `POST …/add-checkpoint`.
  public func addCheckpoint(_ body: [UInt8]) throws -> Answer {
    guard let request = WitnessRequest(body), let checkpoint = Checkpoint(text: request.note.text) else {
      return Answer(status: 400, body: "This is no request to add a checkpoint.\n")
    }
    guard let keys = logs[checkpoint.origin] else { return Answer(status: 404, body: "The origin is not known here.\n") }
    // What is kept has the log's signatures alone: whoever asks may add any number of others.
    var signed = request.note
    signed.signatures = signed.signatures.filter { signature in keys.contains { $0.isGood(signature, over: signed.text) } }
    guard !signed.signatures.isEmpty else {
      return Answer(status: 403, body: "No signature is one of a key that is trusted for this origin.\n")
    }
    guard request.oldSize <= checkpoint.size else { return Answer(status: 400, body: "The old size is greater than the checkpoint's.\n") }
    let newest = try store.newest(of: checkpoint.origin)
    let known = newest.flatMap { Checkpoint(text: $0.text) }
    if let known, known.size == checkpoint.size, known.root != checkpoint.root {
      try store.keepContradiction(signed, checkpoint)
      return Self.conflict(known)
    }
    guard request.oldSize == known?.size ?? 0 else { return Self.conflict(known) }
    let earlier = (size: known?.size ?? 0, root: known?.root ?? MerkleHashing.rfc6962.emptyRoot)
    guard MerkleProof.isConsistent(request.proof, from: earlier, to: (checkpoint.size, checkpoint.root), .rfc6962) else {
      try store.keepUnproven(signed, checkpoint)
      return Answer(status: 422, body: "The proof does not lead from the checkpoint that was cosigned to this one.\n")
    }
    let cosignature = try key.cosign(signed.text, at: clock.now())
    signed.signatures.append(cosignature)
    try store.keep(signed, of: checkpoint.origin)
    return Answer(status: 200, body: cosignature.line + "\n")
  }

  private static func conflict(_ known: Checkpoint?) -> Answer {
    Answer(status: 409, contentType: "text/x.tlog.size", body: "\(known?.size ?? 0)\n")
  }
}

/// The body of `add-checkpoint`.
public struct WitnessRequest: Sendable {
  public var oldSize: Int
  public var proof: [MerkleHash]
  public var note: SignedNote

  public init(oldSize: Int, proof: [MerkleHash], note: SignedNote) {
    self.oldSize = oldSize
    self.proof = proof
    self.note = note
  }

  public var body: String {
    "old \(oldSize)\n" + proof.map { Base64.encode($0.bytes) + "\n" }.joined() + "\n" + note.description
  }

  /// Nil for anything else.
  init?(_ body: [UInt8]) {
    guard let text = String(validating: body, as: UTF8.self) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let blank = lines.firstIndex(of: ""), blank > 0, blank <= LedgerLimits.maximumProofLines + 1, lines[0].hasPrefix("old "),
      let size = Int(lines[0].dropFirst(4)), size >= 0, String(size) == lines[0].dropFirst(4),
      let note = SignedNote(lines[(blank + 1)...].joined(separator: "\n"))
    else { return nil }
    let proof = lines[1..<blank].compactMap { Base64.decode(String($0)).flatMap { MerkleHash($0) } }
    guard proof.count == blank - 1 else { return nil }
    self.init(oldSize: size, proof: proof, note: note)
  }
}
