internal import Base
internal import Catalogue
internal import Wire

/// Where each proof lies in a dossier, and what it must be.
struct DossierEvidence {
  struct File: Hashable {
    /// From the dossier's root, with `/`.
    var path: String
    /// In hexadecimal.
    var sha256: String
  }

  static let folder = "preuves"
  static let publicKey = "\(folder)/cle-publique.pem"
  static let observationFolder = "\(folder)/observations"
  static let signatureSuffix = ".sig"

  /// Each look once, in the order of controls.
  let observations: [(observation: Observation, file: File)]
  let pieces: [(piece: Piece, file: File)]
  let registers: [(version: RegisterVersion, file: File)]
  private let byObservation: [Observation: File]
  private let byPiece: [GUID: File]

  init(_ content: DossierContent) {
    var observations: [(Observation, File)] = []
    var seen: Set<Observation> = []
    for (control, looks) in content.compliance.observations.sorted(by: { $0.key < $1.key }) {
      for (index, look) in looks.enumerated() where seen.insert(look).inserted {
        observations.append((look, File(path: "\(Self.observationFolder)/\(Self.safe(control))-\(index + 1).json", sha256: look.digest)))
      }
    }
    self.observations = observations
    pieces = content.compliance.pieces.sorted { ($0.slot, $0.id) < ($1.slot, $1.id) }.map { piece in
      // Two of one slot are told apart by their ids.
      (piece, File(path: "\(Self.folder)/pieces/\(Self.safe(piece.slot))/\(piece.id)-\(Self.safe(piece.file))", sha256: piece.content.sha256))
    }
    registers = content.registers.sorted { ($0.name, $0.time) < ($1.name, $1.time) }.map { version in
      let time = String(version.time.iso8601Fractional.filter { $0.isNumber })
      return (version, File(path: "\(Self.folder)/registres/\(Self.safe(version.name))/\(time).yaml", sha256: version.content.sha256))
    }
    byObservation = Dictionary(observations) { first, _ in first }
    byPiece = Dictionary(pieces.map { ($0.piece.id, $0.file) }) { first, _ in first }
  }

  func file(of observation: Observation) -> File? { byObservation[observation] }
  func file(of piece: Piece) -> File? { byPiece[piece.id] }

  /// What an item rests on: its looks and its pieces.
  func files(for state: Compliance.ItemState) -> [File] {
    state.observations.compactMap(file(of:)) + state.pieces.compactMap(file(of:))
  }

  /// A name that every file system takes and none reads as a path: what an operator called a file may be anything.
  static func safe(_ name: String) -> String {
    let kept = name.unicodeScalars.map { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_.".unicodeScalars.contains(scalar))
        ? Character(scalar) : "_"
    }
    let text = String(String(kept).drop { $0 == "." }.suffix(maximumNameBytes))
    return text.isEmpty ? "_" : text
  }

  private static let maximumNameBytes = 100
}
