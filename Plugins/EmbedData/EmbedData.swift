import Foundation
import PackagePlugin

/// Checks every YAML file in a target's `Resources` and puts its text into the module, as `EmbeddedData`, with the package versions that are built.
@main
struct EmbedData: BuildToolPlugin {
  /// The target that tells which package versions were built.
  private static let bearer = "SecNumCloud"

  func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
    let folder = target.directoryURL.appending(path: "Resources")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path())
      .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".mustache") }.sorted()
    // The package manager writes it before it asks for commands; a build from a mirror without versions may have none.
    let versions = context.package.directoryURL.appending(path: "Package.resolved")
    let isResolved = target.name == Self.bearer && FileManager.default.fileExists(atPath: versions.path())
    let inputs = files.map { folder.appending(path: $0) } + (isResolved ? [versions] : [])
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedData.swift")
    return [
      .buildCommand(
        displayName: "Checking the data of \(target.name)", executable: try context.tool(named: "catalogue-compiler").url,
        arguments: [folder.path(), output.path(), isResolved ? versions.path() : "-"] + files, inputFiles: inputs, outputFiles: [output])
    ]
  }
}
