internal import ArgumentParser
internal import Base

/// `cocagne doctor`
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Dit ce qui manque à cette machine et comment l'obtenir. — Says what this machine lacks and how to get it.")

  @OptionGroup var data: DataOptions

  @Option(help: "Le domaine du nuage. — The cloud's domain.")
  var domain = "cocagne.localhost"

  func run() throws {
    let directory = data.directory
    let credentials = try Credentials.read(from: directory)
    let isRunning = try ControlSocket.ask(directory, "status") != nil
    let findings = Examination(directory: directory, domain: credentials?.address.domain ?? domain, isRunning: isRunning).findings()
    for finding in findings {
      print("\(finding.mark) \(finding.french)\n    \(finding.english)")
      if finding.state != .sound, let remedy = finding.remedy { print("    → \(remedy)") }
    }
    if findings.contains(where: { $0.state == .broken }) { throw ExitCode(1) }
  }
}

/// One thing that the doctor looked at.
struct Finding {
  enum State {
    case sound
    /// Works, but something is lost.
    case limited
    case broken
  }

  var state: State
  var french: String
  var english: String
  /// A command or a sentence that mends it.
  var remedy: String?

  var mark: String {
    switch state {
    case .sound: "✔"
    case .limited: "!"
    case .broken: "✘"
    }
  }
}
