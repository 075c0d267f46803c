internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Every key: one use, a size within the profile, an age within its crypto-period, protected; and no secret in clear among the platform's files.
public struct ControlCRYPTO06: ControlObservation {
  public let control = "CTL-CRYPTO-06"
  public let test = "CTL-CRYPTO-06Tests: a root key past its crypto-period is seen, and every key has its line"

  public init() {}

  private static let maximumNamed = 50

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let rootKey = try RootKeyLook(platform)
    let inventory = try await KeyInventory(platform, rootKey: rootKey.attributes)
    let profile = CryptographicProfile(on: CalendarDate(platform.now))
    return [
      lifeCycle(platform, inventory, profile, .permitted), lifeCycle(platform, inventory, profile, .recommended),
      protection(platform, rootKey, inventory),
      try secrets(platform),
    ]
  }

  /// 10.5.a by the rules, 10.5.b by the recommendations.
  private func lifeCycle(
    _ platform: ObservedPlatform, _ inventory: KeyInventory, _ profile: CryptographicProfile, _ wanted: CryptographicProfile.Standing
  ) -> Finding {
    var gaps = inventory.unread
    for (one, other) in inventory.shared {
      gaps.append(
        Text(
          "une même clé sert de \(one.kind.rawValue) et de \(other.kind.rawValue).",
          "one key serves as \(CryptoPeriod.of(one.kind).english) and as \(CryptoPeriod.of(other.kind).english)."))
    }
    for entry in inventory.entries {
      let english = CryptoPeriod.of(entry.kind).english
      if profile.standing(entry.measure, bits: entry.bits) < wanted {
        let line = profile.line(entry.measure)
        let least = wanted == .permitted ? line.rule : line.recommendation
        gaps.append(
          Text(
            "\(entry.kind.rawValue) \(entry.name) : \(entry.bits) bits, moins que \(least) au \(profile.day).",
            "\(english) \(entry.name): \(entry.bits) bits, fewer than \(least) on \(profile.day)."))
      }
      guard entry.isOverdue(at: platform.now) else { continue }
      let days = CryptoPeriod.of(entry.kind).days
      gaps.append(
        entry.isNotEarlier
          ? Text(
            "\(entry.kind.rawValue) \(entry.name) : rien ne dit qu'elle ait moins de \(days) jours.",
            "\(english) \(entry.name): nothing says that it is younger than \(days) days.")
          : Text(
            "\(entry.kind.rawValue) \(entry.name) : \(entry.ageDays(at: platform.now)) jours, au-delà de sa cryptopériode de \(days) jours.",
            "\(english) \(entry.name): \(entry.ageDays(at: platform.now)) days, past its crypto-period of \(days) days."))
    }
    return Finding(
      [wanted == .permitted ? "10.5.a" : "10.5.b"],
      subject: Text(
        "inventaire des clés : usage, taille, âge et cryptopériode de chacune", "inventory of keys: use, size, age and crypto-period of each"),
      looked: inventory.entries.count, gaps: gaps, nothing: Text("aucune clé n'a été trouvée.", "no key was found."),
      figures: CryptoPeriod.all.map { line in
        .init(Text(line.kind.rawValue, line.english), Double(inventory.entries.count { $0.kind == line.kind }), unit: "")
      } + (inventory.isCut ? [.init("clés de données au-delà de la limite", "data keys past the bound", 1)] : []),
      evidence: ["inventaire": inventory.table(at: platform.now)])
  }

  /// 10.5.c: keys of data rest wrapped, and the key at the top in a vault or on a medium of its own.
  private func protection(_ platform: ObservedPlatform, _ rootKey: RootKeyLook, _ inventory: KeyInventory) -> Finding {
    let wrapped = inventory.entries.count { $0.kind == .data || $0.kind == .tenant }
    return Finding(
      ["10.5.c"],
      subject: Text(
        "enveloppe des clés de données, et support de la clé racine \(platform.site.rootKey)",
        "wrapping of data keys, and medium of the root key \(platform.site.rootKey)"),
      looked: rootKey.isThere ? wrapped + 1 : 0, gaps: rootKey.gaps + rootKey.mediumGaps,
      nothing: Text("la clé racine \(platform.site.rootKey) n'est pas là.", "the root key \(platform.site.rootKey) is not there."),
      figures: [.init("clés enveloppées", "wrapped keys", wrapped)], evidence: rootKey.evidence)
  }

  /// 10.5.d: administrators' secrets.
  private func secrets(_ platform: ObservedPlatform) throws -> Finding {
    let search = try ClearSecrets(platform)
    var gaps = search.finds.map { find in
      Text("\(find.path) contient en clair \(find.what.french).", "\(find.path) holds in clear \(find.what.english).")
    }
    if let mode = search.credentialsMode {
      gaps.append(
        Text(
          """
          \(platform.site.credentials) garde en clair (mode \(String(mode, radix: 8))) le mot de passe et le secret du premier administrateur : à \
          reprendre dans un coffre, puis à supprimer.
          """,
          """
          \(platform.site.credentials) keeps in clear (mode \(String(mode, radix: 8))) the first administrator's password and secret: to be taken \
          into a vault, then deleted.
          """))
    }
    return Finding(
      ["10.5.d"],
      subject: Text(
        "journal et fichiers de \(platform.site.folder), hors segments et enregistrements : secrets connus et formes de secrets",
        "log and files of \(platform.site.folder), but for segments and records: known secrets and forms of secrets"),
      looked: search.files + (search.credentialsMode == nil ? 0 : 1), gaps: gaps,
      nothing: Text("aucun fichier n'a pu être lu.", "no file could be read."),
      figures: [
        .init("fichiers fouillés", "files searched", search.files), .init("octets fouillés", "bytes searched", search.bytes, unit: "octets"),
        .init("fouille partielle (1 : oui)", "search in part (1: yes)", search.isCut ? 1 : 0), .init("trouvailles", "finds", search.finds.count),
      ],
      evidence: [
        "trouvailles": .array(
          search.finds.prefix(Self.maximumNamed).map { ["fichier": .string($0.path), "quoi": .string($0.what.french)] })
      ])
  }
}
