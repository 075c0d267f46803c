internal import Access
internal import Base
internal import Catalogue
internal import Declarations
internal import FoundationEssentials
internal import Keyring
internal import Logging
internal import NIOCore
internal import Records
internal import ResourceManager
internal import SecNumCloud
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// SecNumCloud's side of a running cloud: what observes it, and what the operator's commands ask of it.
struct Sovereignty: Sendable {
  let observatory: Observatory
  let compliance: PlatformCompliance

  var platform: ObservedPlatform { observatory.platform }

  static func open(
    _ cloud: Platform, machines: MachinePlatform?, routes: RouteBook, group: any EventLoopGroup
  ) async throws -> Sovereignty {
    let keyring = cloud.keyring
    let clock = cloud.clock
    let directory = cloud.directory
    let logger = Logger(label: "secnumcloud", copying: cloud.logger)
    var site = Site(
      address: cloud.identity.address, listeningAddresses: cloud.listening.addresses, folder: directory.path, records: directory.records,
      segments: directory.segments, log: directory.log, controlSocket: directory.controlSocket,
      rootKey: cloud.keyring.rootKey.isInModule ? directory.moduleRootKey : directory.rootKey,
      credentials: directory.credentials, machineFolder: machines?.folder, authorityCertificate: cloud.authority.certificate,
      locations: [Platform.paris], version: Release.version, executable: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
      processID: getpid(), started: cloud.started, created: cloud.identity.created, tenant: cloud.identity.tenant)
    site.operatorsPort = cloud.operatorsPort
    let platform = ObservedPlatform(
      site: site, requirements: try SecNumCloudData.requirements(), records: cloud.records, keyring: keyring, extents: cloud.extents,
      access: cloud.access, identity: cloud.issuer,
      documents: DocumentStore(records: cloud.records, extents: cloud.extents, keyring: keyring, clock: clock, random: cloud.random),
      evidenceKey: try await cloud.records.write { try EvidenceKey.ready(keyring: keyring, clock: clock, in: $0) }, host: LinuxHost(),
      outside: NetworkOutside(
        address: site.address, connectTo: site.listeningAddresses.first ?? "127.0.0.1", authority: site.authorityCertificate, group: group),
      machines: machines.map { MachineObservation(platform: $0, records: cloud.records) }, clock: clock, random: cloud.random, logger: logger)
    cloud.access.setMemberships(cloud.issuer)
    let observatory = Observatory(platform: platform, observations: ControlObservations.all(routes: routes))
    let sovereignty = Sovereignty(observatory: observatory, compliance: try PlatformCompliance(observatory: observatory, model: defaultModel))
    try await sovereignty.applyRegisters()
    return sovereignty
  }

  /// What Microsoft.Security shows, and commands that name no kind of service.
  private static let defaultModel = "IaaS"

  /// Observes for as long as the cloud runs.
  func run() async throws {
    do {
      try await PlatformStart.note(platform)
    } catch {
      platform.logger.error("this start could not be noted", metadata: ["error": "\(error)"])
    }
    do {
      try PlatformBackup(platform).removeLeftovers()
    } catch {
      platform.logger.error("restored copies could not be looked for", metadata: ["error": "\(error)"])
    }
    try await observatory.run()
  }

  /// Lets what was filed take effect: at the start, and after a register was filed.
  private func applyRegisters() async throws {
    try await compliance.refresh()
    try await platform.documents.applyIncompatibleRights(to: platform.access)
    try await platform.enterMilestone(model: Self.defaultModel)
  }

  // MARK: Commands

  static let commands = [
    "secnumcloud status", "secnumcloud observe", "secnumcloud explain", "secnumcloud register", "secnumcloud registers", "secnumcloud document",
    "secnumcloud documents", "dossier build",
  ]

  /// What a command gives. Every text is there in French and English.
  func handle(_ command: String, _ arguments: JSON) async throws -> JSON {
    do {
      switch command {
      case "secnumcloud status": return try await status(model: Self.model(arguments))
      case "secnumcloud observe": return try await observe(arguments["control"]?.string)
      case "secnumcloud explain": return try await explain(arguments["item"]?.string ?? "", model: Self.model(arguments))
      case "secnumcloud register": return try await setRegister(arguments)
      case "secnumcloud registers": return try await registers()
      case "secnumcloud document": return try await fileDocument(arguments)
      case "secnumcloud documents": return try await documents()
      default: return try await buildDossier(arguments)
      }
    } catch let error as DeclarationError {
      throw OperatorError("\(error.place) : \(error.french)", "\(error.place): \(error.english)")
    } catch let failure as ObservationFailure {
      throw OperatorError(failure.text.french, failure.text.english)
    } catch let error as DossierError {
      throw OperatorError(error.text.french, error.text.english)
    }
  }

  /// The kind of service that is meant; `IaaS` where none is named.
  private static func model(_ arguments: JSON) throws -> String {
    guard let wanted = arguments["scope"]?.string else { return defaultModel }
    guard let model = Compliance.models.first(where: { $0.lowercased() == wanted.lowercased() }) else {
      let models = Compliance.models.map { $0.lowercased() }.joined(separator: ", ")
      throw OperatorError("« \(wanted) » n'est pas une portée : \(models).", "“\(wanted)” is no scope: \(models).")
    }
    return model
  }

  // MARK: Compliance

  private func status(model: String) async throws -> JSON {
    let compliance = try await platform.compliance(model: model)
    let milestones = try await platform.milestones(compliance)
    return .object([
      "time": .string(compliance.time.iso8601), "scope": .string(model), "counts": Self.counts(compliance.items),
      "bases": .object(
        JSON.Object(
          Compliance.Basis.allCases.map { basis in
            (name: basis.rawValue, value: .integer(Int64(compliance.items.count { $0.basis == basis })))
          })),
      "controls": .integer(Int64(platform.requirements.controls.count)), "observedControls": .integer(Int64(observatory.observed.count)),
      "observedItems": .integer(Int64(Set(observatory.observed.flatMap(\.items)).count)),
      "chapters": .array(
        platform.requirements.chapters.map { chapter in
          .object([
            "number": .integer(Int64(chapter.number)), "title": .string(chapter.title),
            "counts": Self.counts(compliance.items.filter { $0.item.id.numbers.first == chapter.number }),
          ])
        }),
      "milestones": milestones.summary.json, "alarms": .array(milestones.alarms.map(\.json)),
      "gaps": .array(compliance.items.filter { $0.verdict == .nonCompliant }.map(Self.json)),
    ])
  }

  private static func counts(_ items: [Compliance.ItemState]) -> JSON {
    .object(
      JSON.Object(Verdict.allCases.map { verdict in (name: verdict.rawValue, value: .integer(Int64(items.count { $0.verdict == verdict }))) }))
  }

  private static func json(_ state: Compliance.ItemState) -> JSON {
    .object([
      "item": .string(state.item.id.description), "verdict": .string(state.verdict.rawValue), "basis": .string(state.basis.rawValue),
      "summary": .string(state.item.summary), "reason": state.reason?.json, "since": state.since.map { .string($0.iso8601) },
    ])
  }

  private func observe(_ control: String?) async throws -> JSON {
    if let control { return ["observations": .array(try await observatory.observe(control).map(\.json))] }
    try await observatory.observeAll()
    return try await status(model: Self.defaultModel)
  }

  private func explain(_ text: String, model: String) async throws -> JSON {
    guard let id = ItemID(text), let item = platform.requirements.item(id) else {
      throw OperatorError(
        "« \(text) » n'est pas un alinéa du référentiel : par exemple 10.1.a.", "“\(text)” is no item of the referential: 10.1.a, for example.")
    }
    let compliance = try await platform.compliance(model: model)
    guard let state = compliance.state(of: id) else { preconditionFailure("every item has a state") }
    let requirement = platform.requirements.requirements.first { $0.id == id.requirement }
    return .object([
      "item": .string(id.description), "requirement": .string("\(id.requirement) \(requirement?.title ?? "")"), "summary": .string(item.summary),
      "level": .string(item.level.rawValue), "nature": .string(item.nature.rawValue), "proof": .string(item.proof.rawValue),
      "verdict": .string(state.verdict.rawValue), "basis": .string(state.basis.rawValue), "reason": state.reason?.json,
      "since": state.since.map { .string($0.iso8601) },
      "controls": .array(
        item.controls.compactMap { platform.requirements.control($0) }.map { control in
          .object([
            "id": .string(control.id), "mechanism": .string(control.mechanism), "verification": .string(control.verification),
            "frequency": .string(control.frequency), "isObserved": .boolean(observatory.observed.contains { $0.id == control.id }),
          ])
        }),
      "observations": .array(state.observations.map(\.json)),
      "slots": .array(
        compliance.slots.slots(for: id).map { slot in
          .object([
            "id": .string(slot.id), "title": ["fr": .string(slot.title), "en": .string(slot.english)], "phase": .string(slot.phase.rawValue),
            "isFiled": .boolean(compliance.pieces.contains { $0.slot == slot.id }),
          ])
        }),
    ])
  }

  // MARK: Dossier

  private func buildDossier(_ arguments: JSON) async throws -> JSON {
    let model = try Self.model(arguments)
    guard let folder = arguments["folder"]?.string, folder.hasPrefix("/") else { throw OperatorError("Il manque un dossier.", "A folder lacks.") }
    let milestones = try await platform.milestones(try await platform.compliance(model: model))
    let content = try await DossierContent(platform, model: model, milestones: milestones)
    let summary = try await DossierBuilder(content, platform: platform).build(
      at: folder, english: arguments["english"]?.boolean ?? false, pdf: arguments["pdf"]?.boolean ?? true)
    return [
      "files": .integer(Int64(summary.fileCount)), "bytes": .integer(Int64(summary.bytes)), "fingerprint": .string(summary.fingerprint),
    ]
  }

  // MARK: Registers and documents

  private func setRegister(_ arguments: JSON) async throws -> JSON {
    let name = arguments["name"]?.string ?? ""
    guard let type = Registers.named(name) else {
      let names = Registers.all.map { $0.name }.sorted().joined(separator: ", ")
      throw OperatorError("« \(name) » n'est pas un registre : \(names).", "“\(name)” is no register: \(names).")
    }
    let path = arguments["path"]?.string ?? ""
    let bytes = try Self.contents(of: path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw OperatorError("\(path) n'est pas du texte en UTF-8.", "\(path) is no text in UTF-8.")
    }
    try await set(type, text: text, file: path.split(separator: "/").last.map(String.init) ?? path, author: arguments["author"]?.string ?? "")
    try await applyRegisters()
    return ["name": .string(name)]
  }

  private func set<R: Register>(_ type: R.Type, text: String, file: String, author: String) async throws {
    try await platform.documents.set(type, text: text, file: file, author: author)
  }

  private func registers() async throws -> JSON {
    let versions = try await platform.documents.registerVersions()
    return [
      "registers": .array(
        Registers.all.map { type in
          let latest = versions.last { $0.name == type.name }
          return .object([
            "name": .string(type.name), "title": type.title.json, "filed": latest.map { .string($0.time.iso8601) },
            "sha256": latest.map { .string($0.content.sha256) }, "author": latest.map { .string($0.author) },
          ])
        })
    ]
  }

  private func fileDocument(_ arguments: JSON) async throws -> JSON {
    let slots = try SecNumCloudData.pieceSlots(platform.requirements)
    let id = arguments["slot"]?.string ?? ""
    guard let slot = slots.slot(id) else {
      throw OperatorError(
        "« \(id) » n'est pas une pièce du dossier : « cocagne secnumcloud document list » les montre.",
        "“\(id)” is no piece of the dossier: “cocagne secnumcloud document list” shows them.")
    }
    let path = arguments["path"]?.string ?? ""
    guard let approved = arguments["approved"]?.string.flatMap({ CalendarDate($0) }), approved <= CalendarDate(platform.now) else {
      throw OperatorError("La date d'approbation n'est pas une date passée AAAA-MM-JJ.", "The date of approval is no past date YYYY-MM-DD.")
    }
    var review = try arguments["review"]?.string.map { text in
      guard let date = CalendarDate(text), date > approved else {
        throw OperatorError("La date de revue n'est pas une date après l'approbation.", "The date of review is no date after the approval.")
      }
      return date
    }
    // An imposed deadline is the latest that there can be.
    for period in slot.items.compactMap({ platform.requirements.item($0)?.deadline }) where period.months > 0 {
      review = min(review ?? period.after(approved), period.after(approved))
    }
    let draft = Piece.Draft(
      slot: slot.id, title: arguments["title"]?.string ?? slot.title, file: path.split(separator: "/").last.map(String.init) ?? path,
      owner: arguments["owner"]?.string ?? "", approver: arguments["approver"]?.string ?? "", approved: approved, nextReview: review)
    guard !draft.owner.isEmpty, !draft.approver.isEmpty else {
      throw OperatorError("Il faut un propriétaire et un approbateur.", "An owner and an approver are wanted.")
    }
    let piece = try await platform.documents.file(try Self.contents(of: path), as: draft)
    // What is inherited rests on a decision that is filed.
    try await applyRegisters()
    return .object([
      "id": .string(piece.id.description), "sha256": .string(piece.content.sha256), "nextReview": review.map { .string($0.description) },
    ])
  }

  private func documents() async throws -> JSON {
    let slots = try SecNumCloudData.pieceSlots(platform.requirements)
    let pieces = try await platform.documents.pieces().filter { $0.replaced == nil }
    let day = CalendarDate(platform.now)
    return [
      "slots": .array(
        slots.slots.map { slot in Self.json(slot, pieces.first { $0.slot == slot.id }, on: day) })
    ]
  }

  private static func json(_ slot: PieceSlots.Slot, _ piece: Piece?, on day: CalendarDate) -> JSON {
    var members: [(name: String, value: JSON)] = [
      ("id", .string(slot.id)), ("title", Text(slot.title, slot.english).json), ("phase", .string(slot.phase.rawValue)),
      ("source", .string(slot.source.rawValue)), ("isRequired", .boolean(slot.isRequired)),
    ]
    if let piece {
      members += [
        ("filed", .string(piece.filed.iso8601)), ("owner", .string(piece.owner)), ("approver", .string(piece.approver)),
        ("sha256", .string(piece.content.sha256)), ("review", .string(piece.review(on: day).rawValue)),
      ]
      if let review = piece.nextReview { members.append(("nextReview", .string(review.description))) }
    }
    return .object(JSON.Object(members))
  }

  private static func contents(of path: String) throws -> [UInt8] {
    let limit = ObservationLimits.maximumDocumentBytes
    // Devices and pipes of this process are not the operator's files.
    let isFile = path.hasPrefix("/") && !path.hasPrefix("/dev/") && !path.hasPrefix("/proc/")
    guard isFile, let bytes = try LinuxHost().bytes(of: path, from: 0, limit: limit + 1) else {
      throw OperatorError("Il n'y a pas de fichier \(path).", "There is no file \(path).")
    }
    guard bytes.count <= limit else {
      throw OperatorError("\(path) dépasse \(limit) octets.", "\(path) is larger than \(limit) bytes.")
    }
    return bytes
  }
}

extension Observation {
  /// For the operator's commands.
  var json: JSON {
    .object([
      "control": .string(control), "items": .array(items.map { .string($0.description) }), "verdict": .string(verdict.rawValue),
      "subject": subject.json, "reason": reason?.json,
      "figures": .array(figures.map { ["name": $0.name.json, "value": .number($0.value), "unit": .string($0.unit)] }),
      "time": .string(time.iso8601), "validUntil": .string(validUntil.iso8601), "version": .string(version), "digest": .string(digest),
      "statement": .string(statement),
    ])
  }
}

extension Text {
  var json: JSON { ["fr": .string(french), "en": .string(english)] }
}
