public import Base
public import Records

/// A build of the platform that ran, on one kernel: when for the first time, and when last.
///
/// The executable is digested as it runs, whatever lies at its path meanwhile.
public struct PlatformStart: Record, Codable, Sendable, Hashable {
  public static let kind = "secnumcloud.start"

  public var version: String
  /// The SHA-256 of the executable, in hexadecimal.
  public var digest: String
  /// `uname -r`.
  public var kernel: String
  public var first: Timestamp
  public var latest: Timestamp
  public var count: Int

  public var key: RecordKey { Self.key(digest, kernel) }
  static func key(_ digest: String, _ kernel: String) -> RecordKey { RecordKey(tenant: .zero, digest, kernel) }

  /// Files the start of this process. To be called once a process, besides serving: the executable is read through.
  public static func note(_ platform: ObservedPlatform) async throws {
    let site = platform.site
    guard let digest = try platform.host.sha256(of: image(of: site)) else {
      throw ObservationFailure("l'exécutable qui tourne ne peut pas être lu.", "the executable that runs cannot be read.")
    }
    let kernel = try platform.host.kernel() ?? ""
    try await platform.records.write { transaction in
      var start =
        try transaction.fetch(PlatformStart.self, key(digest, kernel))
        ?? PlatformStart(version: site.version, digest: digest, kernel: kernel, first: site.started, latest: site.started, count: 0)
      start.latest = site.started
      start.count += 1
      try transaction.save(start)
    }
  }

  /// Every build that ran, in the order of their first starts.
  public static func all(in reader: any RecordReader) throws -> [PlatformStart] {
    try reader.list(PlatformStart.self, under: RecordKey(tenant: .zero), limit: ObservationLimits.maximumListed).sorted { $0.first < $1.first }
  }

  /// The executable of the running process.
  static func image(of site: Site) -> String { "/proc/\(site.processID)/exe" }
}

extension HostView {
  /// `uname -r`.
  func kernel() throws -> String? {
    try text(of: "/proc/sys/kernel/osrelease").map { String($0.prefix { $0 != "\n" }) }
  }

  /// A file of `NAME=value` lines, such as `/etc/os-release`: quotes are taken away.
  func variables(of path: String) throws -> [String: String] {
    var variables: [String: String] = [:]
    for line in (try text(of: path) ?? "").split(separator: "\n") {
      let words = line.split(separator: "=", maxSplits: 1)
      guard words.count == 2 else { continue }
      variables[String(words[0])] = String(words[1].filter { $0 != "\"" })
    }
    return variables
  }
}
