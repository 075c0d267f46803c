// swift-tools-version:6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

extension Target.Dependency {
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
  static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
  static let grdb = product(name: "GRDB", package: "GRDB.swift")
  static let grdbSQLite = product(name: "GRDBSQLite", package: "GRDB.swift")
  static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
  static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
  static let jwtKit = product(name: "JWTKit", package: "jwt-kit")
  static let logging = product(name: "Logging", package: "swift-log")
  static let nio = product(name: "NIOCore", package: "swift-nio")
  static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
  static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
  static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
  static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let mustache = product(name: "Mustache", package: "swift-mustache")
  static let yams = product(name: "Yams", package: "Yams")
  static let x509 = product(name: "X509", package: "swift-certificates")
}

/// A floor of the house: `Sources/<name>`. It may name only targets that stand above it in this list, which is the order of the floors from the ground up.
func floor(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// `Tests/<name>Tests`, which mirrors `Sources/<name>`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .testTarget(name: "\(name)Tests", dependencies: [.byName(name: name), "Simulation"] + dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
  name: "cocagne",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.26.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    // Ground
    floor("Base", ["CLinux"]),
    floor("Wire", ["Base", "CProcessor", .crypto]),
    floor("Declarations", ["Base", .yams]),
    floor("Records", ["Base", .grdb, .grdbSQLite]),
    floor("Keyring", ["Base", "Records", .crypto, .cryptoExtras, .logging]),
    floor("Extents", ["Base", "Keyring", "Records", .crypto, .logging, .nio, .nioPosix, .serviceLifecycle]),
    floor("Ledger", ["Base", "Keyring", "Records", "Wire", .asn1, .crypto, .logging, .x509]),
    floor("Programs", ["Base", .subprocess]),
    .systemLibrary(name: "CProcessor"),
    // Engines
    .systemLibrary(name: "CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CNbd", pkgConfig: "libnbd", providers: [.apt(["libnbd-dev"])]),
    .systemLibrary(name: "CPKCS11", pkgConfig: "p11-kit-1", providers: [.apt(["libp11-kit-dev"])]),
    floor("SecurityModule", ["Base", "CPKCS11", "Keyring", .asn1, .crypto, .cryptoExtras, .logging]),
    floor(
      "ExternalKeys",
      ["Base", "Declarations", "Wire", .asn1, .asyncHTTPClient, .crypto, .cryptoExtras, .logging, .nio, .nioHTTP1, .nioPosix, .nioSSL, .x509]),
    floor("Hypervisor", ["Base", "CLibvirt", "CNbd", "Programs", "Wire", .crypto, .cryptoExtras, .logging]),
    floor("Fabric", ["Base", "CLinux", "Programs", "Records", "Wire", .logging]),
    floor(
      "Edge",
      [
        "Base", "Wire", .httpTypes, .hummingbirdCore, .logging, .nio, .nioHTTP1, .nioHTTPTypes, .nioHTTPTypesHTTP1, .nioPosix, .nioSSL,
        .serviceLifecycle,
      ]),
    // Trust
    floor("Access", ["Base", "Edge", "Records", "Wire", .nioHTTP1]),
    floor(
      "Identity",
      [
        "Access", "Base", "Edge", "Keyring", "Ledger", "Records", "Wire", .asn1, .crypto, .cryptoExtras, .jwtKit, .logging, .nio, .nioHTTP1,
        .nioPosix, .x509,
      ]),
    floor(
      "Operators",
      [
        "Access", "Base", "Edge", "Identity", "Keyring", "Ledger", "Records", "Wire", .asn1, .crypto, .jwtKit, .logging, .nio, .nioHTTP1, .nioSSL,
        .x509,
      ]),
    // Control
    floor("Templates", ["Base", "Wire", .crypto]),
    floor(
      "ResourceManager",
      ["Access", "Base", "Edge", "Keyring", "Ledger", "Records", "Templates", "Wire", .logging, .nio, .nioHTTP1, .serviceLifecycle]),
    // Services
    floor("Directory", ["Access", "Base", "Edge", "Identity", "Ledger", "Records", "Wire", .asn1, .logging, .nio, .nioHTTP1, .x509]),
    floor("Monitor", ["Access", "Base", "Records", "ResourceManager", "Wire"]),
    floor(
      "Storage",
      [
        "Access", "Base", "Edge", "Extents", "Keyring", "Ledger", "Records", "ResourceManager", "Wire", .crypto, .cryptoExtras, .logging, .nio,
        .nioHTTP1,
      ]),
    floor(
      "Vault",
      [
        "Access", "Base", "Edge", "ExternalKeys", "Identity", "Keyring", "Ledger", "Records", "ResourceManager", "SecurityModule", "Wire", .asn1,
        .crypto, .cryptoExtras, .logging, .nio, .nioHTTP1, .nioPosix, .nioSSL, .x509,
      ]),
    floor(
      "LedgerService",
      ["Access", "Base", "Edge", "Identity", "Keyring", "Ledger", "Records", "ResourceManager", "Wire", .crypto, .logging, .nio, .nioHTTP1, .x509]),
    floor("Networking", ["Base", "Fabric", "Records", "ResourceManager", "Wire", .logging]),
    floor(
      "Compute",
      [
        "Access", "Base", "Edge", "Fabric", "Hypervisor", "Identity", "Keyring", "Ledger", "Records", "ResourceManager", "Wire", .crypto, .logging,
        .nio, .nioHTTP1, .nioPosix,
      ]),
    floor("Security", ["Base", "Records", "ResourceManager", "Wire", .crypto]),
    floor(
      "Lockbox",
      ["Access", "Base", "Edge", "Identity", "Keyring", "Ledger", "Operators", "Records", "ResourceManager", "Wire", .logging, .nio, .nioHTTP1]),
    // Sovereignty
    floor("Catalogue", ["Base", "Declarations"]),
    .target(
      name: "SecNumCloud",
      dependencies: [
        "Access", "Base", "Catalogue", "Declarations", "Edge", "Extents", "Identity", "Keyring", "Ledger", "Programs", "Records", "ResourceManager",
        "Lockbox", "Operators", "Security",
        "Storage", "Wire",
        .asn1, .asyncHTTPClient, .crypto, .logging, .mustache, .nio, .nioHTTP1, .nioPosix, .nioSSL, .nioTLS, .x509,
      ],
      exclude: ["Resources"], swiftSettings: settings, plugins: ["EmbedData"]),
    .target(
      name: "Offers", dependencies: ["Base", "Catalogue", "Declarations", "Wire", .mustache], exclude: ["Resources"], swiftSettings: settings,
      plugins: ["EmbedData"]),
    // Checks the data files at build, and puts them into the modules that ship them.
    .executableTarget(name: "catalogue-compiler", dependencies: ["Catalogue", "Declarations"], swiftSettings: settings),
    // What `make bench` measures records by themselves with.
    .executableTarget(name: "record-rate", dependencies: ["Base", "Records"], path: "Benchmarks/record-rate", swiftSettings: settings),
    .executableTarget(
      name: "ledger-rate", dependencies: ["Base", "Keyring", "Ledger", "Records", "ResourceManager", .logging], path: "Benchmarks/ledger-rate",
      swiftSettings: settings),
    .executableTarget(
      name: "extent-rate", dependencies: ["Base", "Extents", "Keyring", "Records", .logging, .nio], path: "Benchmarks/extent-rate",
      swiftSettings: settings),
    .plugin(name: "EmbedData", capability: .buildTool(), dependencies: ["catalogue-compiler"]),
    // Faces
    .executableTarget(
      name: "cocagne",
      dependencies: [
        "Access", "Base", "Catalogue", "Compute", "Declarations", "Directory", "Edge", "Extents", "ExternalKeys", "Fabric", "Hypervisor", "Identity",
        "Keyring", "Ledger", "LedgerService", "Lockbox", "Monitor", "Networking", "Offers", "Operators", "Programs", "Records", "ResourceManager",
        "SecNumCloud", "Security",
        "SecurityModule", "Storage", "Vault", "Wire",
        .argumentParser, .asn1, .asyncHTTPClient, .crypto, .cryptoExtras, .logging, .nio, .nioHTTP1, .nioPosix, .nioSSL, .serviceLifecycle,
        .unixSignals, .x509,
      ],
      swiftSettings: settings),
    // Twins of the world for tests: a clock that jumps, a disk that loses what was not synced.
    .target(name: "Simulation", dependencies: ["Base"], path: "Tests/Simulation", swiftSettings: settings),
    // Tests
    tests("Access", ["Base", "Edge", "Records", "Wire", .nioHTTP1], exclude: ["Golden"]),
    tests("Base"),
    tests(
      "Identity", ["Access", "Base", "Edge", "Keyring", "Ledger", "Records", "Wire", .asn1, .crypto, .cryptoExtras, .logging, .nio, .nioHTTP1, .x509]),
    tests("Keyring", ["Base", "Records", .crypto, .logging]),
    tests("Extents", ["Base", "Keyring", "Records", .crypto, .logging, .nio]),
    tests("Records", ["Base", .grdb, .grdbSQLite]),
    tests("ResourceManager", ["Access", "Base", "Edge", "Keyring", "Ledger", "Records", "Wire", .logging, .nio, .nioHTTP1]),
    tests("Monitor", ["Access", "Base", "Edge", "Records", "ResourceManager", "Wire", .logging, .nio, .nioHTTP1]),
    tests("Directory", ["Access", "Base", "Edge", "Identity", "Keyring", "Ledger", "Records", "Wire", .logging, .nio, .nioHTTP1]),
    tests("Edge", ["Base", .logging, .nio, .nioEmbedded, .nioHTTP1, .nioPosix, .nioSSL]),
    tests(
      "Storage", ["Access", "Base", "Edge", "Extents", "Keyring", "Ledger", "Records", "ResourceManager", "Wire", .crypto, .logging, .nio, .nioHTTP1]),
    tests("Ledger", ["Base", "Keyring", "Records", "Wire", .asn1, .crypto, .logging, .x509]),
    tests("SecurityModule", ["Base", "Keyring", "Records", .asn1, .crypto, .cryptoExtras, .logging]),
    tests(
      "Vault",
      [
        "Access", "Base", "Edge", "ExternalKeys", "Identity", "Keyring", "Ledger", "Records", "ResourceManager", "SecurityModule", "Wire", .asn1,
        .crypto, .cryptoExtras, .logging, .nio, .nioHTTP1, .nioSSL, .x509,
      ]),
    tests(
      "LedgerService",
      ["Access", "Base", "Edge", "Identity", "Keyring", "Ledger", "Records", "ResourceManager", "Wire", .crypto, .logging, .nio, .nioHTTP1, .x509]),
    tests("ExternalKeys", ["Base", "Declarations", "Wire", .asn1, .crypto, .logging, .nio, .nioHTTP1, .nioPosix, .nioSSL, .x509]),
    tests(
      "Operators",
      ["Access", "Base", "Edge", "Identity", "Keyring", "Ledger", "Records", "Wire", .asn1, .crypto, .logging, .nio, .nioHTTP1, .x509]),
    tests(
      "Lockbox",
      [
        "Access", "Base", "Edge", "Identity", "Keyring", "Ledger", "Operators", "Records", "ResourceManager", "Wire", .asn1, .crypto, .logging, .nio,
        .nioHTTP1, .x509,
      ]),
    tests("Templates", ["Base", "Wire"]),
    tests("Fabric", ["Base", "Programs", "Wire", .logging]),
    tests("Hypervisor", ["Base", "Programs", "Wire", .logging]),
    tests(
      "Compute",
      [
        "Access", "Base", "Directory", "Edge", "Fabric", "Hypervisor", "Identity", "Keyring", "Records", "ResourceManager", "Wire", .crypto, .logging,
        .nio, .nioHTTP1, .nioPosix,
      ]),
    tests("Wire", ["Base", .crypto]),
    tests("Declarations", ["Base"]),
    tests("Catalogue", ["Declarations"]),
    tests("Security", ["Access", "Base", "Edge", "Records", "ResourceManager", "Wire", .logging, .nio, .nioHTTP1]),
    tests("Offers", ["Base", "Catalogue", "Declarations", "Wire"]),
    tests(
      "SecNumCloud",
      [
        "Access", "Base", "Catalogue", "Declarations", "Directory", "Edge", "Extents", "Identity", "Keyring", "Ledger", "Lockbox", "Operators",
        "Records", "ResourceManager", "Security", "Storage", "Wire",
        .asn1, .crypto, .cryptoExtras, .logging, .nio, .nioHTTP1, .nioPosix, .nioSSL, .x509,
      ]),
    .testTarget(
      name: "HouseTests",
      dependencies: [
        "Access", "Base", "Directory", "Edge", "Extents", "Identity", "Keyring", "Ledger", "Records", "ResourceManager", "Simulation", "Storage",
        "Vault", "Wire", .logging, .nio, .nioHTTP1,
      ],
      exclude: ["Golden"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
