public import Base
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Writes a dossier: report, grid, OSCAL, proofs, and the manifest that is signed.
public struct DossierBuilder: Sendable {
  private let content: DossierContent
  private let key: EvidenceKey
  private let random: any RandomSource
  private let read: @Sendable (DocumentStore.Content) async throws -> [UInt8]

  /// `read` gives the bytes of a piece or register, and throws where they are not those that were filed.
  public init(
    _ content: DossierContent, key: EvidenceKey, random: any RandomSource,
    read: @escaping @Sendable (DocumentStore.Content) async throws -> [UInt8]
  ) {
    self.content = content
    self.key = key
    self.random = random
    self.read = read
  }

  public init(_ content: DossierContent, platform: ObservedPlatform) {
    let documents = platform.documents
    self.init(content, key: platform.evidenceKey, random: platform.random) { try await documents.bytes(of: $0) }
  }

  /// What was written.
  public struct Summary: Sendable {
    /// With the manifest and its signature.
    public var fileCount: Int
    public var bytes: Int
    public var fingerprint: String
    public var duration: Duration
    /// Of that, what WeasyPrint took; nil without a PDF.
    public var printing: Duration?
  }

  /// Writes the dossier to a folder, which is there as a whole or not at all. An earlier dossier there is replaced; anything else is left alone.
  ///
  /// Throws `DossierError` where the folder is taken, where WeasyPrint is wanted and missing, and where a proof is not what it was.
  public func build(at path: String, english: Bool = false, pdf: Bool = true) async throws -> Summary {
    let started = ContinuousClock.now
    let printer = pdf ? try ReportPrinter() : nil
    var folder = try DossierFolder(at: path, random: random)
    do {
      let evidence = DossierEvidence(content)
      try await writeEvidence(evidence, to: &folder)
      let html = try Report(content, evidence: evidence, fingerprint: key.fingerprint, english: english).html
      try folder.write(Array(html.utf8), to: "dossier.html")
      var printing: Duration?
      if let printer {
        printing = try await printer.print("\(folder.path)/dossier.html", to: "\(folder.path)/dossier.pdf")
        try folder.adopt("dossier.pdf")
      }
      try folder.write(Array(content.architecture.svg(english: english).utf8), to: "architecture.svg")
      let grid = Grid(content, evidence: evidence, english: english)
      try folder.write(grid.csv, to: "grille.csv")
      try folder.write(grid.workbook, to: "grille.xlsx")
      try folder.write(CISOAssistantImport(content, evidence: evidence, english: english).csv, to: "ciso-assistant.csv")
      for (name, document) in OSCAL(content, evidence: evidence, english: english).documents { try folder.write(document.bytes, to: "oscal/\(name)") }
      let manifest = Manifest(
        scope: content.model, service: content.service, time: content.time, version: content.version, key: key.fingerprint, files: folder.files)
      try folder.finish(manifest, key: key)
      return Summary(
        fileCount: folder.files.count + 2, bytes: folder.files.reduce(0) { $0 + $1.bytes }, fingerprint: key.fingerprint,
        duration: ContinuousClock.now - started, printing: printing)
    } catch {
      folder.abandon()
      throw error
    }
  }

  private func writeEvidence(_ evidence: DossierEvidence, to folder: inout DossierFolder) async throws {
    try folder.write(Array(key.publicKeyPEM.utf8), to: DossierEvidence.publicKey)
    for (look, file) in evidence.observations {
      guard key.isValid(look.signature, over: look.statement.utf8) else {
        throw DossierError(
          "Une observation de \(look.control) du \(look.time.iso8601) n'est pas signée par la plateforme.",
          "An observation of \(look.control) of \(look.time.iso8601) is not signed by the platform.")
      }
      try folder.write(Array(look.statement.utf8), to: file.path)
      try folder.write(look.signature, to: file.path + DossierEvidence.signatureSuffix)
    }
    for (piece, file) in evidence.pieces {
      try folder.write(
        await bytes(piece.content, of: Text("la pièce « \(piece.title) » (\(piece.file))", "the piece “\(piece.title)” (\(piece.file))")),
        to: file.path)
    }
    for (version, file) in evidence.registers {
      let name = Text("le registre \(version.name) du \(version.time.iso8601)", "the register \(version.name) of \(version.time.iso8601)")
      try folder.write(await bytes(version.content, of: name), to: file.path)
    }
  }

  private func bytes(_ content: DocumentStore.Content, of name: Text) async throws -> [UInt8] {
    do {
      return try await read(content)
    } catch let failure as ObservationFailure {
      throw DossierError("\(name.french) : \(failure.text.french)", "\(name.english): \(failure.text.english)")
    }
  }
}
