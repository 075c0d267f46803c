public import Base
public import Wire

/// The software of this host and of the running build, each piece with its version.
public struct SoftwareBill: Sendable {
  public struct Component: Hashable, Sendable {
    public enum Ecosystem: String, Sendable {
      case debian
      case swift
    }

    public var ecosystem: Ecosystem
    public var name: String
    public var version: String
    /// What it was built from: vulnerabilities are told of source packages.
    public var source: String
    public var sourceVersion: String
    public var architecture: String?
    /// The commit that was built.
    public var revision: String?
    /// Source: the package URL specification, types `deb` and `swift`.
    public var packageURL: String
  }

  /// Debian's packages, then Swift's, each in the order of their names.
  public var components: [Component]
  public var host: String
  /// The running build.
  public var version: String
  public var digest: String?

  public var packages: [Component] { components.filter { $0.ecosystem == .debian } }
  public var libraries: [Component] { components.filter { $0.ecosystem == .swift } }

  /// Reads the packages of the host, and those that the build was made of. Throws `ObservationFailure` where the host does not tell them.
  public static func read(_ platform: ObservedPlatform) async throws -> SoftwareBill {
    let host = platform.host
    let format = "${Package}\\t${Version}\\t${source:Package}\\t${source:Version}\\t${Architecture}\\t${db:Status-Abbrev}\\n"
    let (status, output) = try await host.run("dpkg-query", ["-W", "-f", format])
    guard status == 0 else {
      throw ObservationFailure("dpkg-query a répondu \(status).", "dpkg-query answered \(status).")
    }
    let release = try host.variables(of: "/etc/os-release")
    let distribution = "\(release["ID"] ?? "debian")-\(release["VERSION_ID"] ?? "")"
    let packages = output.split(separator: "\n").compactMap { package(String($0), distribution) }
    let name = try host.text(of: "/proc/sys/kernel/hostname").map { String($0.prefix { $0 != "\n" }) } ?? ""
    return SoftwareBill(
      components: packages.sorted { $0.name < $1.name } + (try builtFrom().sorted { $0.name < $1.name }), host: name, version: platform.site.version,
      digest: try host.sha256(of: PlatformStart.image(of: platform.site)))
  }

  /// Only what is installed: of a removed package its settings may be left.
  private static func package(_ line: String, _ distribution: String) -> Component? {
    let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 6, words[5].hasPrefix("ii") || words[5].hasPrefix("hi") else { return nil }
    // The kernel that is signed comes from a package of signatures, of which no vulnerability is told.
    let isKernel = words[2].hasPrefix("linux-signed-")
    return Component(
      ecosystem: .debian, name: words[0], version: words[1], source: isKernel ? "linux" : words[2],
      sourceVersion: isKernel ? words[1] : words[3], architecture: words[4],
      packageURL: "pkg:deb/debian/\(percentEncoded(words[0]))@\(percentEncoded(words[1]))?arch=\(words[4])&distro=\(distribution)")
  }

  /// The packages that this build was resolved to, as `Package.resolved` had them. Empty where the build did not know them.
  static func builtFrom() throws -> [Component] {
    guard !EmbeddedData.packages.isEmpty else { return [] }
    let pins = try JSON(parsing: EmbeddedData.packages)["pins"]?.array ?? []
    return pins.compactMap { pin in
      guard let name = pin["identity"]?.string, let location = pin["location"]?.string, let state = pin["state"] else { return nil }
      let version = state["version"]?.string ?? state["branch"]?.string ?? state["revision"]?.string ?? ""
      var path = location
      for prefix in ["https://", "http://", "git@"] where path.hasPrefix(prefix) { path.removeFirst(prefix.count) }
      if path.hasSuffix(".git") { path.removeLast(4) }
      return Component(
        ecosystem: .swift, name: name, version: version, source: name, sourceVersion: version, revision: state["revision"]?.string,
        packageURL: "pkg:swift/\(path)@\(version)")
    }
  }

  /// Source: OWASP, "CycloneDX v1.5 JSON Reference".
  public func cycloneDX(serial: GUID, time: Timestamp) -> JSON {
    let main = "cocagne@\(version)"
    let system = "host:\(host)"
    var application: JSON.Object = JSON.Object([
      ("type", "application"), ("bom-ref", .string(main)), ("name", "cocagne"), ("version", .string(version)),
    ])
    if let digest { application["hashes"] = [["alg": "SHA-256", "content": .string(digest)]] }
    let device: JSON = ["type": "device", "bom-ref": .string(system), "name": .string(host)]
    return [
      "bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": .string("urn:uuid:\(serial)"), "version": 1,
      "metadata": ["timestamp": .string(time.iso8601), "component": .object(application)],
      "components": .array([device] + components.map(Self.json)),
      "dependencies": [
        ["ref": .string(main), "dependsOn": .array(libraries.map { .string($0.packageURL) })],
        ["ref": .string(system), "dependsOn": .array(packages.map { .string($0.packageURL) } + [.string(main)])],
      ],
    ]
  }

  private static func json(_ component: Component) -> JSON {
    var properties: [JSON] = []
    func note(_ name: String, _ value: String?) {
      if let value { properties.append(["name": .string("cocagne:\(name)"), "value": .string(value)]) }
    }
    note("source", component.source == component.name ? nil : "\(component.source) \(component.sourceVersion)")
    note("revision", component.revision)
    var json = JSON.Object([
      ("type", "library"), ("bom-ref", .string(component.packageURL)), ("name", .string(component.name)), ("version", .string(component.version)),
      ("purl", .string(component.packageURL)),
    ])
    if !properties.isEmpty { json["properties"] = .array(properties) }
    return .object(json)
  }
}
