internal import Base
internal import Wire

/// A text with signatures by named keys.
///
/// Source: C2SP, "Note" (signed-note).
public struct SignedNote: Sendable, Equatable {
  public struct Signature: Sendable, Equatable {
    public var name: String
    /// Four bytes that tell keys of one name apart.
    public var keyID: [UInt8]
    public var bytes: [UInt8]

    public init(name: String, keyID: [UInt8], bytes: [UInt8]) {
      self.name = name
      self.keyID = keyID
      self.bytes = bytes
    }

    /// Without its end of line.
    public var line: String { "— \(name) \(Base64.encode(keyID + bytes))" }

    /// Nil for anything but a signature line.
    public init?(line: some StringProtocol) {
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[0] == "—", !parts[1].isEmpty, !parts[1].contains("+"), let decoded = Base64.decode(String(parts[2])),
        decoded.count > 4
      else { return nil }
      self.init(name: String(parts[1]), keyID: Array(decoded[..<4]), bytes: Array(decoded[4...]))
    }
  }

  /// With its last end of line.
  public var text: String
  public var signatures: [Signature]

  public init(text: String, signatures: [Signature]) {
    self.text = text
    self.signatures = signatures
  }

  /// Nil for what is no signed note.
  public init?(_ note: String) {
    guard note.hasSuffix("\n"), !note.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" }) else { return nil }
    var lines = note.split(separator: "\n", omittingEmptySubsequences: false)
    lines.removeLast()
    guard let blank = lines.lastIndex(of: ""), blank > 0 else { return nil }
    let signatures = lines[(blank + 1)...]
    guard (1...LedgerLimits.maximumNoteSignatures).contains(signatures.count) else { return nil }
    text = lines[..<blank].joined(separator: "\n") + "\n"
    self.signatures = signatures.compactMap { Signature(line: $0) }
    guard self.signatures.count == signatures.count else { return nil }
  }

  public var description: String { text + "\n" + signatures.map { $0.line + "\n" }.joined() }
}
