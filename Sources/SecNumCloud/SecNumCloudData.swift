public import Catalogue
internal import Declarations

/// The data that the product ships, checked when it was built.
public enum SecNumCloudData {
  /// The referential and its controls.
  public static func requirements() throws -> Requirements {
    try Requirements(reading: Declaration(EmbeddedData.requirements, file: "requirements.yaml"))
  }

  /// The pieces of a dossier.
  public static func pieceSlots(_ requirements: Requirements) throws -> PieceSlots {
    try PieceSlots(reading: Declaration(EmbeddedData.pieces, file: "pieces.yaml"), requirements: requirements)
  }
}
