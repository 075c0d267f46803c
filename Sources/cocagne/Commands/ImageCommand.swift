internal import ArgumentParser
internal import Base
internal import Wire

/// `cocagne image`
struct ImageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image", abstract: "Les images dont naissent les machines. — The images that machines are made of.",
    subcommands: [ImageBuild.self, ImageAdd.self, ImageList.self])
}

/// `cocagne image add`
struct ImageAdd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract:
      "Met une image au catalogue : un dossier avec manifest.json et disk.qcow2. — Enters an image: a folder with manifest.json and disk.qcow2.")

  @OptionGroup var data: DataOptions
  @Argument(help: "Le dossier de l'image. — The image's folder.") var folder: String

  func run() async throws {
    let path = DataDirectory(path: folder).path
    guard let answer = try ControlSocket.ask(data.directory, "image add", ["folder": .string(path)]) else { throw ImageBuild.notRunning }
    Bilingual.say(
      "Image au catalogue : \(answer["urn"]?.string ?? "").", "Image in the catalogue: \(answer["urn"]?.string ?? "").")
  }
}

/// `cocagne image list`
struct ImageList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Montre le catalogue des images. — Shows the catalogue of images.")

  @OptionGroup var data: DataOptions

  func run() async throws {
    guard let answer = try ControlSocket.ask(data.directory, "image list") else { throw ImageBuild.notRunning }
    let images = answer["images"]?.array ?? []
    if images.isEmpty {
      return Bilingual.say("Le catalogue est vide : « cocagne image build debian-12 ».", "The catalogue is empty: “cocagne image build debian-12”.")
    }
    for image in images {
      print("\(image["urn"]?.string ?? "")  \((image["sizeBytes"]?.integer ?? 0) >> 20) MiB  \(image["publishedTime"]?.string ?? "")")
    }
  }
}
