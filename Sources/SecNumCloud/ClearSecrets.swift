internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Secrets that lie in clear among the platform's files: those that are known, and what has the form of one.
struct ClearSecrets {
  /// Where something was found. What was found is not said.
  struct Find: Hashable {
    var path: String
    var what: Text
  }

  private(set) var finds: [Find] = []
  private(set) var files = 0
  private(set) var bytes = 0
  /// Whether more lies there than was read.
  private(set) var isCut = false
  /// Mode of the first administrator's credentials; nil where they are gone.
  private(set) var credentialsMode: UInt32?

  private static let maximumFiles = 400
  private static let maximumFileBytes = 1 << 20
  private static let logHeadBytes = 1 << 20
  private static let logTailBytes = 8 << 20
  private static let deepestFolder = 6
  /// Shorter ones would be found by chance.
  private static let fewestCharacters = 12

  private struct Needle {
    var bytes: [UInt8]
    var what: Text
  }

  /// How secrets look that nobody has named.
  private static let forms: [Needle] = [
    Needle(bytes: Array("PRIVATE KEY-----".utf8), what: Text("une clé privée", "a private key")),
    Needle(bytes: Array("AccountKey=".utf8), what: Text("une clé de compte de stockage", "a storage account key")),
    Needle(bytes: Array("client_secret=".utf8), what: Text("un secret d'application", "an application's secret")),
    Needle(bytes: Array("Bearer eyJ".utf8), what: Text("un jeton d'accès", "an access token")),
    Needle(bytes: Array("SharedKey ".utf8), what: Text("une signature de clé partagée", "a shared-key signature")),
    Needle(bytes: Array("&sig=".utf8), what: Text("une signature d'accès partagé", "a shared access signature")),
  ]

  init(_ platform: ObservedPlatform) throws {
    let site = platform.site
    var needles = Self.forms
    if let text = try platform.host.text(of: site.credentials, limit: 64 << 10), let json = try? JSON(parsing: Array(text.utf8)) {
      credentialsMode = try platform.host.attributes(of: site.credentials)?.mode
      for (member, what) in [
        ("password", Text("le mot de passe du premier administrateur", "the first administrator's password")),
        ("clientSecret", Text("le secret du premier administrateur", "the first administrator's secret")),
      ] {
        guard let secret = json[member]?.string, secret.utf8.count >= Self.fewestCharacters else { continue }
        needles.append(Needle(bytes: Array(secret.utf8), what: what))
      }
    }
    try searchLog(site.log, needles, platform.host)
    // Segments and disks hold what is encrypted; the records, what is sealed.
    let recordsFolder = site.records.lastIndex(of: "/").map { String(site.records[..<$0]) } ?? site.records
    let left = Set(
      [site.segments, site.log, site.credentials, site.rootKey, site.controlSocket, recordsFolder, site.records]
        + [site.machineFolder].compactMap { $0 })
    try search(site.folder, leaving: recordsFolder == site.folder ? left.subtracting([site.folder]) : left, needles, platform.host, depth: 0)
  }

  private mutating func search(_ folder: String, leaving left: Set<String>, _ needles: [Needle], _ host: any HostView, depth: Int) throws {
    guard depth < Self.deepestFolder else {
      isCut = true
      return
    }
    for name in try host.names(in: folder) ?? [] {
      let path = folder + "/" + name
      guard !left.contains(path), !left.contains(where: { path.hasPrefix($0 + "-") }), let entry = try host.attributes(of: path), !entry.isLink else {
        continue
      }
      if entry.isFolder {
        try search(path, leaving: left, needles, host, depth: depth + 1)
      } else if files < Self.maximumFiles, let content = try host.bytes(of: path, from: 0, limit: Self.maximumFileBytes) {
        look(content, path, needles)
        if entry.bytes > Self.maximumFileBytes { isCut = true }
      } else {
        isCut = true
      }
    }
  }

  private mutating func searchLog(_ path: String, _ needles: [Needle], _ host: any HostView) throws {
    guard let size = try host.attributes(of: path)?.bytes else { return }
    guard let head = try host.bytes(of: path, from: 0, limit: Self.logHeadBytes) else { return }
    look(head, path, needles)
    let start = max(head.count, size - Self.logTailBytes)
    if start > head.count { isCut = true }
    if start < size, let tail = try host.bytes(of: path, from: start, limit: Self.logTailBytes) {
      look(tail, path, needles)
      files -= 1
    }
  }

  private mutating func look(_ content: [UInt8], _ path: String, _ needles: [Needle]) {
    files += 1
    bytes += content.count
    for needle in needles where Self.contains(content, needle.bytes) {
      let find = Find(path: path, what: needle.what)
      if !finds.contains(find) { finds.append(find) }
    }
  }

  private static func contains(_ content: [UInt8], _ needle: [UInt8]) -> Bool {
    content.withUnsafeBytes { content in
      needle.withUnsafeBytes { needle in
        guard let start = content.baseAddress, let wanted = needle.baseAddress, let first = needle.first else { return false }
        var offset = 0
        // Log files are long, and a comparison of collections takes a call a byte.
        while offset + needle.count <= content.count,
          let found = memchr(start + offset, Int32(first), content.count - needle.count - offset + 1)
        {
          if memcmp(found, wanted, needle.count) == 0 { return true }
          offset = start.distance(to: UnsafeRawPointer(found)) + 1
        }
        return false
      }
    }
  }
}
