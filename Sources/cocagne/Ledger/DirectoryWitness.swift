internal import Base
internal import Ledger

#if canImport(Glibc)
  internal import Glibc
#endif

/// A directory that somebody else keeps, or that cannot be rewritten: the newest checkpoint in the file `checkpoint`, the last ones in `history`.
///
/// It has no key to cosign with. It is not given a checkpoint that does not go on from the one that it has.
struct DirectoryWitness: LedgerWitness {
  static let newest = "checkpoint"
  static let historyFolder = "history"

  let name: String
  let path: String
  /// Checkpoints in the history.
  let history: Int

  func add(_ note: SignedNote, from size: Int, _ proof: [MerkleHash]) async throws -> WitnessAnswer {
    guard let checkpoint = Checkpoint(text: note.text) else { return .refused("no checkpoint") }
    // It is not made here: where its disk is away, its place would be taken by a directory of ours.
    guard access(path, F_OK) == 0 else { return .refused("there is no directory \(path)") }
    let disk = try PosixDisk(path: path)
    if let bytes = try DataDirectory.read("\(path)/\(Self.newest)") {
      guard let kept = SignedNote(String(decoding: bytes, as: UTF8.self)), let known = Checkpoint(text: kept.text), known.origin == checkpoint.origin
      else { return .refused("\(path)/\(Self.newest) is no checkpoint of \(checkpoint.origin)") }
      guard known.size == size else { return .knows(size: known.size) }
      guard MerkleProof.isConsistent(proof, from: (known.size, known.root), to: (checkpoint.size, checkpoint.root), .rfc6962) else {
        return .contradicts("at \(known.size) entries \(path)/\(Self.newest) has another root")
      }
    } else if size != 0 {
      return .knows(size: 0)
    }
    let text = Array(note.description.utf8)
    if history > 0 {
      let past = try PosixDisk(path: "\(path)/\(Self.historyFolder)")
      try DataDirectory.write(text, to: "\(path)/\(Self.historyFolder)/\(Self.fileName(checkpoint.size))", mode: 0o644)
      for name in try past.list().filter({ $0.hasSuffix(".\(Self.newest)") }).dropLast(history) { try past.remove(name) }
    }
    try DataDirectory.write(text, to: "\(path)/\(Self.newest)", mode: 0o644)
    try disk.syncDirectory()
    return .kept([])
  }

  /// Sorted by name, the files are sorted by size.
  private static func fileName(_ size: Int) -> String {
    let digits = String(size)
    return String(repeating: "0", count: max(0, 19 - digits.utf8.count)) + digits + ".\(newest)"
  }
}
