public import Catalogue
internal import Declarations

/// What ships with the platform: the facts that were gathered, and three needs as examples.
public enum OfferData {
  /// The names of the shipped needs.
  public static let needNames = ["hopital", "ministere", "mairie"]

  /// The shipped facts. Throws `DeclarationError` only where the resource is not what the build checked.
  public static func catalogue() throws -> OfferCatalogue {
    try OfferCatalogue(reading: Declaration(EmbeddedData.offers, file: "offers.yaml"))
  }

  /// The shipped need of a name; nil where there is none.
  public static func need(_ name: String) throws -> Need? {
    let text: String
    switch name {
    case "hopital": text = EmbeddedData.needs_hopital
    case "ministere": text = EmbeddedData.needs_ministere
    case "mairie": text = EmbeddedData.needs_mairie
    default: return nil
    }
    return try Need(reading: Declaration(text, file: "\(name).yaml"))
  }
}
