internal import Base
internal import Programs

#if canImport(Glibc)
  internal import Glibc
#endif

/// Makes a PDF of a report with Debian's `weasyprint`.
struct ReportPrinter {
  private static let program = "weasyprint"
  /// A dossier of all items takes some ten seconds of a core.
  private static let maximumDuration: Duration = .seconds(120)

  /// Throws `DossierError` where WeasyPrint is not installed.
  init() throws {
    let folders = Program.environment["PATH", default: ""].split(separator: ":")
    guard folders.contains(where: { access("\($0)/\(Self.program)", X_OK) == 0 }) else {
      throw DossierError(
        "WeasyPrint n'est pas installé : « sudo apt-get install --no-install-recommends weasyprint fonts-inter », ou l'option --no-pdf.",
        "WeasyPrint is not installed: `sudo apt-get install --no-install-recommends weasyprint fonts-inter`, or the option --no-pdf.")
    }
  }

  /// How long it took.
  func print(_ html: String, to pdf: String) async throws -> Duration {
    let started = ContinuousClock.now
    do {
      try await withDeadline(Self.maximumDuration, Self.program) { _ = try await Program(Self.program).run(["--quiet", html, pdf]) }
    } catch let failure as ProgramFailure {
      throw DossierError("Le PDF n'a pas pu être fait : \(failure)", "The PDF could not be made: \(failure)")
    } catch let failure as ObservationFailure {
      throw DossierError("Le PDF n'a pas pu être fait : \(failure.text.french)", "The PDF could not be made: \(failure.text.english)")
    }
    return ContinuousClock.now - started
  }
}
