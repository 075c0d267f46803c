internal import Base
internal import Declarations
internal import ExternalKeys
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// What the reference server keeps: keys, policy, known clients, its authority, and the journal. Everything but the authority's certificate is its owner's alone.
struct ExternalKeyFolder: ExternalKeyStore {
  private static let serverLifetime: Duration = .seconds(397 * 86400)
  /// Bytes of a file that is read.
  private static let maximumFileBytes = 1 << 20

  let path: String

  init(_ path: String) {
    self.path = DataDirectory(path: path).path
  }

  var authorityFile: String { path + "/autorite.pem" }
  var policyFile: String { path + "/politique.yaml" }
  var clients: String { path + "/clients" }
  var journalFile: String { path + "/journal.jsonl" }
  private var authorityKeyFile: String { path + "/autorite.json" }
  private var keys: String { path + "/cles" }

  private static let firstPolicy = """
    # Qui peut se servir de quelle clé, et pour quoi. Ce qui n'est pas écrit ici est refusé.
    # Relu à chaque demande : ce que vous retirez ne sert plus à la demande suivante.
    #
    # cles:
    #   dossiers:
    #     motifs: [storageData, diskData, tenantRecords, vaultOperation]
    #     locataires: ["11111111-2222-3333-4444-555555555555"]
    #     ressources: ["/subscriptions/…"]    # facultatif : ces ressources et ce qui est dessous, rien d'autre
    #     suspendue: false                    # facultatif : « true » refuse tout
    cles: {}

    """

  // MARK: Making

  /// Makes a server's folder. Throws where there is one.
  func make(host: String, now: Timestamp) throws {
    guard access(authorityKeyFile, F_OK) != 0 else {
      throw OperatorError("Il y a déjà un serveur de clés dans \(path).", "There is a key server in \(path) already.")
    }
    for folder in [path, keys, clients] {
      _ = try PosixDisk(path: folder)
      guard chmod(folder, 0o700) == 0 else { throw DiskError.system(errno, call: "chmod") }
    }
    let authority = try ExternalKeyAuthority(name: "\(host) key server", now: now)
    try DataDirectory.write(Self.firstPolicy.utf8, to: policyFile)
    try DataDirectory.write(try ExternalKeyAuthority.pem(authority.certificate).utf8, to: authorityFile, mode: 0o644)
    // Last: with it the server is made.
    let json: JSON = [
      "host": .string(host), "certificate": .string(Base64.encode(authority.certificate)), "key": .string(Base64.encode(authority.privateKeyBytes)),
    ]
    try DataDirectory.write(json.bytes, to: authorityKeyFile)
  }

  /// The server's certificate, made anew at each start.
  func certificate(now: Timestamp) throws -> ExternalKeyCertificate {
    let json = try read(authorityKeyFile).map { try JSON(parsing: $0) }
    guard let host = json?["host"]?.string, let certificate = json?["certificate"]?.string.flatMap({ Base64.decode($0) }),
      let key = json?["key"]?.string.flatMap({ Base64.decode($0) })
    else {
      throw OperatorError(
        "Il n'y a pas de serveur de clés dans \(path) : « cocagne external-key-server init » en fait un.",
        "There is no key server in \(path): “cocagne external-key-server init” makes one.")
    }
    return try ExternalKeyAuthority(certificate: certificate, privateKey: key).server(host, lifetime: Self.serverLifetime, now: now)
  }

  /// Makes a key. Throws where the name is taken.
  func makeKey(_ name: String, _ sort: ExternalKeyMaterial.Sort) throws {
    _ = try PosixDisk(path: keys)
    guard access(keyFile(name), F_OK) != 0 else {
      throw OperatorError("La clé « \(name) » existe déjà.", "There is a key “\(name)” already.")
    }
    try DataDirectory.write(try ExternalKeyMaterial(making: sort).json.bytes, to: keyFile(name))
  }

  private func keyFile(_ name: String) -> String { "\(keys)/\(name).json" }

  // MARK: Reading

  func key(_ name: String) throws -> ExternalKeyMaterial? {
    guard ExternalKeyConnection.isIdentifier(name), let bytes = try read(keyFile(name)) else { return nil }
    guard let key = ExternalKeyMaterial(try JSON(parsing: bytes)) else { throw ByteReader.Malformed() }
    return key
  }

  func policy() throws -> ExternalKeyPolicy {
    guard let bytes = try read(policyFile) else { throw ByteReader.Malformed() }
    return try ExternalKeyPolicy(try Declaration(String(decoding: bytes, as: UTF8.self), file: policyFile))
  }

  /// The vaults that may ask: one file each, as `az keyvault ekm-connection certificate show` prints it.
  func knownClients() throws -> [ExternalKeyClientName] {
    let names = try PosixDisk(path: clients).list().filter { $0.hasSuffix(".json") }.sorted()
    return try names.map { file in
      let json = try read("\(clients)/\(file)").flatMap { try? JSON(parsing: $0) }
      let certificates = json?.member("caCertificates")?.array ?? json?.member("ca_certificates")?.array ?? []
      let authorities = certificates.compactMap { $0.string.flatMap { Base64.decode($0) } }.filter { ExternalKeyAuthority.isCertificate($0) }
      let name = json?.member("subjectCommonName")?.string ?? json?.member("subject_common_name")?.string
      guard let name, !authorities.isEmpty, authorities.count == certificates.count else {
        throw OperatorError(
          "\(clients)/\(file) n'est pas ce que « az keyvault ekm-connection certificate show » imprime.",
          "\(clients)/\(file) is not what “az keyvault ekm-connection certificate show” prints.")
      }
      return ExternalKeyClientName(commonName: name, authorities: authorities)
    }
  }

  /// Nil where the file is not there. Throws for one that others can write to, or that is too large.
  private func read(_ file: String) throws -> [UInt8]? {
    let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw DiskError.system(errno, call: "open")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o022 == 0,
      status.st_size <= Self.maximumFileBytes
    else {
      throw OperatorError(
        "\(file) n'est pas un fichier que son propriétaire seul peut écrire.", "\(file) is not a file that its owner alone can write to.")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var count = 0
    while count < bytes.count {
      let read = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
      }
      guard read > 0 else { throw DiskError.system(errno, call: "read") }
      count += read
    }
    return bytes
  }
}
