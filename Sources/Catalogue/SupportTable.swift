public import Declarations

/// Until when publishers mend the systems that hosts and machines run: facts with their sources.
public struct SupportTable: Sendable {
  /// When the facts were looked up.
  public let day: CalendarDate
  /// In the order of the file.
  public let systems: [System]

  public struct System: Hashable, Sendable {
    public var name: String
    /// `ID` and `VERSION_ID` of `/etc/os-release`, joined by a colon: `debian:12`.
    public var release: String
    /// The catalogue's images that it is in: publisher and offer, joined by a colon.
    public var images: [String]
    /// Until this day somebody mends it, and who.
    public var end: CalendarDate
    public var support: String
    public var source: String
  }

  public func system(release: String) -> System? { systems.first { $0.release == release } }

  public func system(publisher: String, offer: String) -> System? {
    let name = "\(publisher):\(offer)".lowercased()
    return systems.first { $0.images.contains { $0.lowercased() == name } }
  }

  /// Reads the file. Throws `DeclarationError`.
  public init(reading document: Declaration) throws {
    let root = try document.members(required: ["schema", "date_recherche", "systemes"])
    _ = try root.required("schema").integer(in: 1...1)
    day = try root.required("date_recherche").date()
    var releases: Set<String> = []
    systems = try root.required("systemes").list().map { entry in
      let members = try entry.members(required: ["nom", "version", "images", "fin", "support", "source"])
      let system = System(
        name: try members.required("nom").text(), release: try members.required("version").text(), images: try members.required("images").texts(),
        end: try members.required("fin").date(), support: try members.required("support").text(), source: try members.required("source").text())
      guard releases.insert(system.release).inserted else {
        throw entry.error("la version « \(system.release) » est là deux fois.", "the release “\(system.release)” is there twice.")
      }
      guard system.source.hasPrefix("https://") else {
        throw members.required("source").error("il faut une adresse https.", "an https address is wanted.")
      }
      return system
    }
  }
}
