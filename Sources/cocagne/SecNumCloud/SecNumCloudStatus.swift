internal import ArgumentParser
internal import Wire

/// `cocagne secnumcloud status`
struct SecNumCloudStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Ce qui tient maintenant, chapitre par chapitre, et les écarts. — What holds now, chapter by chapter, and the gaps.")

  @OptionGroup var options: ComplianceOptions
  @Option(help: "Le service : iaas, caas, paas ou saas. — The kind of service.") var scope = "iaas"

  func run() throws {
    let status = try options.ask("secnumcloud status", ["scope": .string(scope)])
    if options.json { return print(status.text) }
    Self.show(status, options)
  }

  static func show(_ status: JSON, _ options: ComplianceOptions) {
    let verdicts = ["conforme", "non conforme", "non évalué", "sans objet"]
    print(
      options.choose(
        "SecNumCloud 3.2, \(status["scope"]?.string ?? ""), le \(status["time"]?.string ?? "")",
        "SecNumCloud 3.2, \(status["scope"]?.string ?? ""), at \(status["time"]?.string ?? "")"))
    for chapter in status["chapters"]?.array ?? [] {
      let counts = verdicts.map { padded(chapter["counts"]?[$0]?.integer ?? 0) }.joined(separator: " ")
      let number = String(chapter["number"]?.integer ?? 0)
      print("  \(number.count < 2 ? " " : "")\(number)  \(counts)  \(chapter["title"]?.string ?? "")")
    }
    let counts = verdicts.map { verdict in
      "\(VerdictMark.mark(verdict)) \(status["counts"]?[verdict]?.integer ?? 0) \(options.choose(verdict, VerdictMark.english(verdict)))"
    }
    print("  \(counts.joined(separator: ", "))")
    print(
      options.choose(
        "  \(status["observedControls"]?.integer ?? 0) contrôles observés sur \(status["controls"]?.integer ?? 0) ; ils parlent de \(status["observedItems"]?.integer ?? 0) alinéas.",
        "  \(status["observedControls"]?.integer ?? 0) controls observed of \(status["controls"]?.integer ?? 0); they speak for \(status["observedItems"]?.integer ?? 0) items."
      ))
    print("  \(options.text(status["milestones"]))")
    for alarm in status["alarms"]?.array ?? [] { print("  ! \(options.text(alarm))") }
    let gaps = status["gaps"]?.array ?? []
    if !gaps.isEmpty { print(options.choose("Écarts :", "Gaps:")) }
    for gap in gaps {
      print(
        "  ✘ \(gap["item"]?.string ?? "")  \(options.text(gap["reason"]))\(gap["since"].map { " (\(options.choose("depuis", "since")) \($0.string ?? ""))" } ?? "")"
      )
    }
  }

  private static func padded(_ number: Int64) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, 4 - text.count)) + text
  }
}

/// `cocagne secnumcloud observe [CONTROL]`
struct SecNumCloudObserve: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "observe", abstract: "Regarde maintenant : un contrôle, ou tous. — Looks now: at one control, or at all.")

  @OptionGroup var options: ComplianceOptions
  @Argument(help: "Par exemple CTL-CRYPTO-02. — For example CTL-CRYPTO-02.") var control: String?

  func run() throws {
    let answer = try options.ask("secnumcloud observe", .object(["control": control.map { .string($0.uppercased()) }]))
    guard let observations = answer["observations"]?.array else {
      return options.json ? print(answer.text) : SecNumCloudStatus.show(answer, options)
    }
    if options.json { return print(JSON.array(observations).text) }
    for observation in observations { Self.show(observation, options) }
  }

  static func show(_ observation: JSON, _ options: ComplianceOptions) {
    let verdict = observation["verdict"]?.string ?? ""
    let items = observation["items"]?.array?.compactMap(\.string).joined(separator: ", ") ?? ""
    print(
      "\(VerdictMark.mark(verdict)) \(items) : \(options.choose(verdict, VerdictMark.english(verdict)))  [\(observation["control"]?.string ?? "")]")
    print("    \(options.text(observation["subject"]))")
    if let reason = observation["reason"] { print("    → \(options.text(reason))") }
    for figure in observation["figures"]?.array ?? [] {
      let value = figure["value"]?.number ?? 0
      let text = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
      print("    \(options.text(figure["name"])) : \(text) \(figure["unit"]?.string ?? "")")
    }
  }
}

/// `cocagne secnumcloud explain ITEM`
struct SecNumCloudExplain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Un alinéa : ce qu'il demande, ce qui le prouve, ce qui manque. — One item: what it asks, what proves it, what lacks.")

  @OptionGroup var options: ComplianceOptions
  @Option(help: "Le service : iaas, caas, paas ou saas. — The kind of service.") var scope = "iaas"
  @Argument(help: "Par exemple 10.1.a. — For example 10.1.a.") var item: String

  func run() throws {
    let answer = try options.ask("secnumcloud explain", ["item": .string(item), "scope": .string(scope)])
    if options.json { return print(answer.text) }
    let verdict = answer["verdict"]?.string ?? ""
    print("\(answer["item"]?.string ?? "")  (\(answer["requirement"]?.string ?? ""))")
    print("  \(answer["summary"]?.string ?? "")")
    print(
      "  \(answer["level"]?.string ?? ""), \(answer["nature"]?.string ?? ""), \(options.choose("preuve", "proof")) : \(answer["proof"]?.string ?? "")"
    )
    let since = answer["since"]?.string.map { " \(options.choose("depuis", "since")) \($0)" } ?? ""
    print("  \(VerdictMark.mark(verdict)) \(options.choose(verdict, VerdictMark.english(verdict)))\(since) (\(answer["basis"]?.string ?? ""))")
    if let reason = answer["reason"] { print("  → \(options.text(reason))") }
    for control in answer["controls"]?.array ?? [] {
      let isObserved = control["isObserved"]?.boolean == true
      print(
        "  \(control["id"]?.string ?? "") (\(control["frequency"]?.string ?? ""))\(isObserved ? "" : options.choose(", pas encore observé", ", not observed yet"))"
      )
      print("    \(control["verification"]?.string ?? "")")
    }
    for observation in answer["observations"]?.array ?? [] { SecNumCloudObserve.show(observation, options) }
    for slot in answer["slots"]?.array ?? [] {
      let isFiled = slot["isFiled"]?.boolean == true
      print("  \(isFiled ? "✔" : "?") \(options.choose("pièce", "piece")) \(slot["id"]?.string ?? "") : \(options.text(slot["title"]))")
    }
  }
}
