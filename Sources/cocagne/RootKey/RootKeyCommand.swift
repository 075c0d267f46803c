internal import ArgumentParser

/// `cocagne root-key …`
struct RootKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "root-key",
    abstract: "La clé racine : où elle est, et son passage dans un HSM. — The root key: where it is, and its way into an HSM.",
    subcommands: [RootKeyStatus.self, RootKeyMove.self])
}
