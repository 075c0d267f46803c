internal import ArgumentParser
internal import Base
internal import FoundationEssentials
internal import Programs
internal import Wire

/// `cocagne image build`
struct ImageBuild: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract:
      "Construit une image à partir des seuls paquets de Debian et la met au catalogue. — Builds an image from Debian's packages alone and enters it."
  )

  static let notRunning = OperatorError("Aucun nuage ne tourne ici : « make up ».", "No cloud is running here: “make up”.")

  /// What can be built: each by a script of its name beside the sources.
  private static let known = ["debian-12"]

  @OptionGroup var data: DataOptions
  @Argument(help: "L'image à construire : debian-12. — The image to build: debian-12.") var name: String
  @Option(help: "Le dossier des recettes. — The folder of the recipes.") var recipes = "Images"

  func validate() throws {
    guard Self.known.contains(name) else { throw ValidationError("image build: \(Self.known.joined(separator: ", "))") }
  }

  func run() async throws {
    guard try ControlSocket.ask(data.directory, "status") != nil else { throw Self.notRunning }
    let folder = data.directory.path + "/image-\(name)"
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    Bilingual.say("Construction de \(name) : quelques minutes.", "Building \(name): a few minutes.")
    try await Program("/bin/bash").run(["\(recipes)/\(name).sh", folder])
    guard let answer = try ControlSocket.ask(data.directory, "image add", ["folder": .string(folder)]) else { throw Self.notRunning }
    Bilingual.say(
      "Image au catalogue : \(answer["urn"]?.string ?? "").", "Image in the catalogue: \(answer["urn"]?.string ?? "").")
  }
}
