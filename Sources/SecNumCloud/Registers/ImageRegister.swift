public import Declarations

/// Until when the publishers of the operator's own images mend them.
public struct ImageRegister: Register {
  public static let name = "images"
  public static let title = Text("Images : fins de support que le produit ne connaît pas", "Images: ends of support that the product does not know")

  /// In the order of the file.
  public let images: [Image]

  public struct Image: Sendable {
    public var publisher: String
    public var offer: String
    public var sku: String
    public var end: CalendarDate
    public var source: String
  }

  public static let example = """
    # Fin de support des images que le produit ne connaît pas : éditeur, offre et SKU comme au catalogue.
    images:
      - editeur: Exemple
        offre: socle-durci
        sku: "1"
        fin: 2027-06-30
        source: "Contrat de maintenance 2026-17"
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["images"])
    images = try root.list("images").map { declaration in
      let entry = try RegisterEntry(declaration, ["editeur", "offre", "sku", "fin", "source"])
      return Image(
        publisher: try entry.text("editeur"), offer: try entry.text("offre"), sku: try entry.text("sku"), end: try entry["fin"].date(),
        source: try entry.text("source"))
    }
  }
}
