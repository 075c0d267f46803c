internal import ExternalKeys
internal import Wire

/// To which hosts of customers' external key managers the operator lets vaults connect: `external-keys.json` in the data directory. Without that file, to
/// none.
///
///     { "hosts": ["keys.example.org", "192.0.2.10:8443", "*.hospital.example"] }
enum ExternalKeySettings {
  static func read(_ directory: DataDirectory) throws -> ExternalKeyHosts {
    guard let bytes = try DataDirectory.read(directory.externalKeySettings) else { return .none }
    guard let names = (try? JSON(parsing: bytes))?["hosts"]?.array, let hosts = ExternalKeyHosts(names.compactMap(\.string)),
      names.allSatisfy({ $0.string != nil })
    else {
      throw OperatorError(
        "\(directory.externalKeySettings) n'est pas utilisable : il y faut « hosts », une liste de noms ou d'adresses, avec ou sans port.",
        "\(directory.externalKeySettings) cannot be used: it needs “hosts”, a list of names or addresses, with or without a port.")
    }
    return hosts
  }
}
