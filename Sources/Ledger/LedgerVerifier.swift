internal import Base
internal import Wire

/// Verifies an export of the log against what a witness has kept, without the log.
///
/// Leaves that lead to the signed roots tell exactly which entry is not what it was. Where leaves were changed too, the entries' own numbers and the
/// heads before and behind a change tell.
public struct LedgerVerifier: Sendable {
  /// What was read of an export.
  public struct Files: Sendable {
    public var header: [UInt8]
    public var entries: [UInt8]
    public var leaves: [UInt8]
    public var heads: [UInt8]

    public init(header: [UInt8], entries: [UInt8], leaves: [UInt8], heads: [UInt8]) {
      self.header = header
      self.entries = entries
      self.leaves = leaves
      self.heads = heads
    }
  }

  public struct Report: Sendable {
    public var origin: String
    /// Entries that the export has.
    public var entries: Int
    public var heads: Int
    /// The size that the witness has kept.
    public var witnessedSize: Int
    public var verifierKey: String
    public var findings: [LedgerFinding]
  }

  /// Heads whose signatures are checked, the newest; the roots of all of them are. A year has half a million.
  private static let maximumCheckedSignatures = 1000

  private let origin: String
  private let key: NoteVerifier
  private let serviceCertificate: String
  /// In PEM, by id: those that the service has endorsed.
  private let nodeCertificates: [String: String]
  private let lines: [ArraySlice<UInt8>]
  private let leaves: [MerkleHash]
  private let heads: [JSON]
  private let witnessed: SignedNote
  private let checkpoint: Checkpoint
  private let trusted: NoteVerifier?
  private let witnessKey: NoteVerifier?

  /// `witness` is a file of a witness: a signed note. `key` is the log's key as one has it by another way, and `witnessKey` the witness's: without that one, nobody
  /// knows that the note comes from a witness. Throws `LedgerError.invalid` for what is no export, no note, or no key.
  public init(_ files: Files, witness: [UInt8], key trusted: String? = nil, witnessKey: String? = nil) throws {
    guard let header = try? JSON(parsing: files.header), header["format"]?.string == LedgerExport.format, let origin = header["origin"]?.string,
      let key = header["verifierKey"]?.string.flatMap({ NoteVerifier($0) }), let certificate = header["serviceCertificate"]?.string,
      Self.isOneCertificate(certificate)
    else { throw LedgerError.invalid(LedgerExport.header) }
    guard let note = SignedNote(String(decoding: witness, as: UTF8.self)), let checkpoint = Checkpoint(text: note.text) else {
      throw LedgerError.invalid("witness")
    }
    if let trusted {
      guard let verifier = NoteVerifier(trusted) else { throw LedgerError.invalid("key") }
      self.trusted = verifier
    } else {
      self.trusted = nil
    }
    if let witnessKey {
      guard let verifier = NoteVerifier(witnessKey), verifier.kind == .cosignature else { throw LedgerError.invalid("witness-key") }
      self.witnessKey = verifier
    } else {
      self.witnessKey = nil
    }
    (self.origin, self.key, serviceCertificate) = (origin, key, certificate)
    let nodes = (header["nodeCertificates"]?.object?.members ?? []).compactMap { member in member.value.string.map { (member.name, $0) } }
    guard nodes.allSatisfy({ Self.isOneCertificate($0.1) }) else { throw LedgerError.invalid(LedgerExport.header) }
    nodeCertificates = Dictionary(nodes.filter { LedgerIdentity.isEndorsed($0.1, by: certificate) }) { $1 }
    (witnessed, self.checkpoint) = (note, checkpoint)
    lines = Self.lines(files.entries)
    leaves = Self.lines(files.leaves).compactMap { MerkleHash(hexadecimal: $0) }
    heads = try Self.lines(files.heads).map { line in
      guard let head = try? JSON(parsing: Array(line)), let size = head["size"]?.integer, size >= 0 else {
        throw LedgerError.invalid(LedgerExport.heads)
      }
      return head
    }.sorted { ($0["size"]?.integer ?? 0) < ($1["size"]?.integer ?? 0) }
  }

  /// Whether a text in PEM has one certificate and nothing beside it: of several, one would be named and another believed.
  private static func isOneCertificate(_ pem: String) -> Bool {
    pem.hasPrefix("-----BEGIN CERTIFICATE-----") && pem.split(separator: "-----BEGIN", omittingEmptySubsequences: false).count == 2
  }

  private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] { bytes.split(separator: 0x0A) }

  private func size(_ head: JSON) -> Int { Int(clamping: head["size"]?.integer ?? 0) }

  public func verify() -> Report {
    var findings = keyFindings()
    let newest = heads.last.map(size) ?? 0
    let whole: [MerkleHash]
    if leaves.count == newest, disagreement(of: leaves) == nil {
      whole = leaves
      findings += EntryComparison(lines, with: leaves).findings
    } else {
      whole = lines.enumerated().map { Self.leaf($1, $0 + 1) }
      findings += numberFindings(whole, newest: newest)
    }
    findings += witnessFindings(whole, newest: newest, beside: findings)
    return Report(
      origin: origin, entries: lines.count, heads: heads.count, witnessedSize: checkpoint.size, verifierKey: key.description, findings: findings)
  }

  static func leaf(_ line: ArraySlice<UInt8>, _ sequence: Int) -> MerkleHash { FiledEntry.leaf(of: Array(line), sequence: sequence).hash }

  // MARK: Keys

  private func keyFindings() -> [LedgerFinding] {
    var findings: [LedgerFinding] = []
    if let trusted, trusted != key {
      findings.append(
        .wrongKey("La clé de l'export n'est pas celle qui a été donnée.", "The export's key is not the one that was given."))
    }
    if checkpoint.origin != origin || !(trusted ?? key).hasSigned(witnessed) {
      findings.append(
        .wrongKey(
          "Ce que le témoin a gardé n'est pas signé par la clé \(trusted ?? key) : une autre clé a signé l'export.",
          "What the witness has kept is not signed by the key \(trusted ?? key): another key signed the export."))
    }
    if let witnessKey, !witnessKey.hasSigned(witnessed) {
      findings.append(
        .wrongKey("Ce témoin n'a pas signé ce que le fichier du témoin contient.", "This witness has not signed what the witness's file holds."))
    }
    if let first = lines.first.flatMap({ try? JSON(parsing: Array($0)) }), first["kind"]?.string == LedgerEntry.Kind.ledgerKey.rawValue,
      first["facts"]?["noteKey"]?.string != key.description
        || first["facts"]?["serviceKey"]?.string != LedgerIdentity.fingerprint(ofCertificate: serviceCertificate)
    {
      findings.append(
        .wrongKey("La première entrée nomme d'autres clés que celles de l'export.", "The first entry names other keys than the export's."))
    }
    let wrong = heads.suffix(Self.maximumCheckedSignatures).filter { !isGood($0) }.map(size)
    if let first = wrong.first {
      findings.append(
        .wrongKey(
          "\(wrong.count) tête(s) ne sont pas signées par les clés du registre, la première à \(first) entrées.",
          "\(wrong.count) head(s) are not signed by the log's keys, the first at \(first) entries."))
    }
    return findings
  }

  /// Whether a head's root is signed by a node that the service has endorsed, and its checkpoint by the log.
  private func isGood(_ head: JSON) -> Bool {
    guard let note = head["checkpoint"]?.string.flatMap({ SignedNote($0) }), key.hasSigned(note), let text = Checkpoint(text: note.text),
      text.origin == origin, text.size == size(head), let root = head["root"]?.string.flatMap({ MerkleHash(hexadecimal: $0.utf8) }),
      let signature = head["signature"]?.string.flatMap({ Base64.decode($0) }),
      let pem = head["nodeCertificate"]?.string.flatMap({ nodeCertificates[$0] })
    else { return false }
    return LedgerIdentity.isGood(signature, over: root, by: pem)
  }

  // MARK: Trees

  /// The size of the first head whose roots are not those of the leaves, and the size of the head before.
  private func disagreement(of leaves: [MerkleHash]) -> (after: Int, at: Int)? {
    var (ccf, rfc6962) = (MerklePeaks(.ccf), MerklePeaks(.rfc6962))
    var after = 0
    for head in heads {
      guard size(head) <= leaves.count else { return nil }
      while ccf.size < size(head) {
        let leaf = leaves[ccf.size]
        ccf.append(leaf)
        rfc6962.append(MerkleHashing.rfc6962.leaf(of: leaf.bytes))
      }
      let checkpoint = head["checkpoint"]?.string.flatMap { SignedNote($0) }.flatMap { Checkpoint(text: $0.text) }
      guard ccf.root.hexadecimal == head["root"]?.string, rfc6962.root == checkpoint?.root else { return (after, size(head)) }
      after = size(head)
    }
    return nil
  }

  /// What the entries' own numbers and the heads tell, where the export has no leaves to compare with.
  private func numberFindings(_ own: [MerkleHash], newest: Int) -> [LedgerFinding] {
    guard newest <= lines.count + EntryComparison.maximumFurther else {
      return [.removedNewest(lines.count + 1...newest, ("une tête les couvre", "a head covers them"))]
    }
    let numbers = lines.map { EntryComparison.number(of: $0, among: lines.count) }
    var findings = EntryComparison.orderFindings(numbers.compactMap { $0 }, upTo: newest)
    if own.count > newest { findings.append(.unsigned(newest + 1...own.count)) }
    guard findings.isEmpty else { return findings }
    if let (after, at) = disagreement(of: own) { return [.altered(after: after, upTo: at)] }
    // The entries lead to the signed roots: it is the list of leaves that does not.
    return [.init(.alteredEntry, "Le fichier \(LedgerExport.leaves) a été modifié.", "The file \(LedgerExport.leaves) was altered.")]
  }

  private func witnessFindings(_ whole: [MerkleHash], newest: Int, beside findings: [LedgerFinding]) -> [LedgerFinding] {
    let count = min(whole.count, max(newest, lines.count))
    if checkpoint.size > count {
      guard !findings.contains(where: { $0.kind == .wrongKey || $0.kind == .removedNewest }) else { return [] }
      return [.removedNewest(count + 1...checkpoint.size, ("le témoin en a vu \(checkpoint.size)", "the witness has seen \(checkpoint.size)"))]
    }
    guard findings.isEmpty else { return [] }
    var peaks = MerklePeaks(.rfc6962)
    for leaf in whole.prefix(checkpoint.size) { peaks.append(MerkleHashing.rfc6962.leaf(of: leaf.bytes)) }
    return peaks.root == checkpoint.root ? [] : [.forked(at: checkpoint.size)]
  }
}

extension MerkleHash {
  init?(hexadecimal digits: some Collection<UInt8>) {
    guard digits.count == 2 * Self.byteCount else { return nil }
    let values = digits.compactMap { hexadecimalValue($0) }
    guard values.count == digits.count else { return nil }
    self.init(stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] })
  }
}
