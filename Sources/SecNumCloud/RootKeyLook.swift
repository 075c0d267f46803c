internal import Keyring
internal import Wire

/// The root key's file: who may read it, and what lies on the same medium. Where the key is in a security module, the file bears its name alone.
struct RootKeyLook {
  let isThere: Bool
  /// Of its mode, its owner and its folder.
  let gaps: [Text]
  /// Of the medium that it shares with what it opens.
  let mediumGaps: [Text]
  let evidence: JSON
  let attributes: FileAttributes?

  init(_ platform: ObservedPlatform) throws {
    let path = platform.site.rootKey
    attributes = try platform.host.attributes(of: path)
    guard let file = attributes else {
      (isThere, gaps, mediumGaps, evidence) = (false, [], [], [:])
      return
    }
    isThere = true
    var gaps: [Text] = []
    let mode = String(file.mode, radix: 8)
    if file.isLink || file.isFolder { gaps.append(Text("\(path) n'est pas un fichier ordinaire.", "\(path) is no regular file.")) }
    if file.mode & 0o077 != 0 {
      gaps.append(
        Text("\(path) est lisible par d'autres que son propriétaire (mode \(mode)).", "\(path) can be used by others than its owner (mode \(mode))."))
    }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    if let parent = try platform.host.attributes(of: folder), parent.mode & 0o022 != 0 {
      gaps.append(Text("d'autres peuvent écrire dans \(folder).", "others may write to \(folder)."))
    }
    // The process's own user: whoever else owns the key can read it.
    if let process = try platform.host.attributes(of: platform.site.folder), process.owner != file.owner {
      gaps.append(Text("\(path) appartient à un autre utilisateur que les données.", "\(path) belongs to another user than the data."))
    }
    self.gaps = gaps
    let mounts = try HostMounts(platform.host)
    var mediumGaps: [Text] = []
    let data = [platform.site.records, platform.site.segments] + [platform.site.machineFolder].compactMap { $0 }
    let shared = try data.filter { try platform.host.attributes(of: $0)?.device == file.device }
    let mount = mounts.mount(of: path)
    let isEncrypted = try mount.map(mounts.isEncrypted) ?? false
    let isInModule = platform.keyring.rootKey.isInModule
    if !shared.isEmpty, !isEncrypted, !isInModule {
      mediumGaps.append(
        Text(
          "la clé racine repose sur le même support non chiffré que les données (\(mount?.source ?? "?")) : le vol du support livrerait les deux.",
          "the root key lies on the same unencrypted medium as the data (\(mount?.source ?? "?")): a theft of the medium would give both."))
    }
    self.mediumGaps = mediumGaps
    evidence = .object([
      "fichier": .string(path), "mode": .string(mode), "support": .string(mount?.source ?? ""), "systeme": .string(mount?.type ?? ""),
      "chiffre": .boolean(isEncrypted), "partage": .array(shared.map { .string($0) }),
      "hsm": .boolean(isInModule),
    ])
  }
}
