internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Incidents are put on the scale, those concerned are told in time, files are closed and kept.
package struct ControlINC01: ControlObservation {
  package let control = "CTL-INC-01"
  package let test = "CTL-INC-01Tests: an incident above a client's threshold without its notice is a gap"

  package init() {}

  /// The referential gives no number for these: they are this product's.
  static let procedureMonths = 12
  static let channelDays = 92
  static let classificationHours: Int64 = 24
  static let followUpDays: Int64 = 7
  static let archiveDays: Int64 = 30
  /// A notice that came late is a gap for so long.
  static let memoryDays: Int64 = 365

  private static let subject = Text("le registre « incidents »", "the register “incidents”")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    guard let filed = try await platform.documents.register(IncidentRegister.self) else {
      return [.unfiled(IncidentRegister.self, platform.requirements.control(control)?.items ?? [], subject: Self.subject)]
    }
    let view = View(register: filed.value, evidence: filed.evidence, now: platform.now, pieces: try await FiledPieces(platform))
    return [
      try await procedure(view, platform.documents), channel(view), notices(view), scale(view), classification(view), treatment(view), archive(view),
    ]
  }

  private struct View {
    let register: IncidentRegister
    let evidence: JSON
    let now: Timestamp
    let pieces: FiledPieces

    var incidents: [IncidentRegister.Incident] { register.incidents }

    func isPast(_ moment: Timestamp, hours: Int64) -> Bool { moment.advanced(by: .seconds(hours * 3600)) < now }
  }

  private static let none = Text("aucun incident ni exercice n'est au registre.", "the register holds no incident and no exercise.")

  private func counts(_ view: View) -> [Finding.Figure] {
    [
      .init("incidents", "incidents", view.incidents.count { !$0.isExercise }),
      .init("exercices", "exercises", view.incidents.count(where: \.isExercise)),
    ]
  }

  // MARK: 16.1.a

  private func procedure(_ view: View, _ documents: DocumentStore) async throws -> Finding {
    let procedure = view.register.procedure
    let piece = view.pieces.inForce("procedure-incidents")
    var gaps: [Text] = []
    if let piece { gaps = try await view.pieces.gaps(of: piece, in: documents) }
    if procedure.means.isEmpty { gaps.append(Text("aucun moyen d'informer les clients.", "no means to inform clients.")) }
    if procedure.revised > view.pieces.day || procedure.revised.adding(months: Self.procedureMonths) < view.pieces.day {
      gaps.append(Text("la procédure a été revue le \(procedure.revised).", "the procedure was reviewed on \(procedure.revised)."))
    }
    return Finding(
      ["16.1.a"],
      subject: Text("la procédure déposée et ce que le registre en dit", "the procedure that was filed, and what the register says of it"),
      looked: piece == nil ? 0 : 1, gaps: gaps,
      nothing: Text("la procédure n'a pas été déposée (procedure-incidents).", "the procedure was not filed (procedure-incidents)."),
      figures: [.init("moyens d'information", "means to inform", procedure.means.count)],
      evidence: ["source": view.evidence, "piece": piece?.evidence ?? .null])
  }

  // MARK: 16.2.b

  private func channel(_ view: View) -> Finding {
    let tested = view.register.channel.tested
    let age = tested.days(to: view.pieces.day)
    let gaps = (0...Self.channelDays).contains(age) ? [] : [Text("le canal a été essayé le \(tested).", "the channel was tested on \(tested).")]
    return Finding(
      ["16.2.b"], subject: Text("le canal de signalement et son dernier essai", "the channel for reports, and its last test"), looked: 1, gaps: gaps,
      nothing: Self.subject, figures: [.init("âge de l'essai", "age of the test", age, unit: "jours")], evidence: view.evidence)
  }

  // MARK: 16.2.c

  private func notices(_ view: View) -> Finding {
    var gaps: [Text] = []
    var owed = 0
    for incident in view.incidents {
      guard let classified = incident.classified else { continue }
      for client in incident.clients.sorted() where incident.level >= view.register.thresholds[client] ?? view.register.defaultThreshold {
        owed += 1
        let due = classified.advanced(by: .seconds(view.register.scale[incident.level].noticeHours * 3600))
        if let notice = incident.notices[client] {
          guard notice > due, !view.isPast(due, hours: Self.memoryDays * 24) else { continue }
          gaps.append(
            Text(
              "« \(incident.id) » : le client \(client) a été informé le \(notice.iso8601), après le \(due.iso8601).",
              "“\(incident.id)”: the client \(client) was told at \(notice.iso8601), after \(due.iso8601)."))
        } else if due < view.now {
          gaps.append(
            Text(
              "« \(incident.id) » : le client \(client) devait être informé le \(due.iso8601).",
              "“\(incident.id)”: the client \(client) was to be told by \(due.iso8601)."))
        }
      }
    }
    return Finding(
      ["16.2.c"], subject: Text("les notifications dues d'après les seuils des clients", "the notices that clients' thresholds ask for"),
      looked: owed, gaps: gaps,
      nothing: Text("aucun incident n'atteint encore un seuil.", "no incident has reached a threshold yet."),
      figures: counts(view) + [
        .init("notifications dues", "notices owed", owed),
        .init("clients qui ont choisi leur seuil", "clients who chose their threshold", view.register.thresholds.count),
      ], evidence: view.evidence)
  }

  // MARK: 16.3

  private func scale(_ view: View) -> Finding {
    var gaps = view.incidents.filter { $0.classified == nil && view.isPast($0.detected, hours: Self.classificationHours) }.map { incident in
      Text("« \(incident.id) » n'est pas qualifié.", "“\(incident.id)” is not classified.")
    }
    if view.register.scaleShared > view.pieces.day {
      gaps.append(Text("l'échelle n'a pas été communiquée aux clients.", "the scale was not given to clients."))
    }
    return Finding(
      ["16.3.a"], subject: Text("la qualification des incidents sur l'échelle partagée", "how incidents were put on the shared scale"),
      looked: view.incidents.count, gaps: gaps, nothing: Self.none,
      figures: counts(view) + [.init("niveaux", "levels", view.register.scale.count)], evidence: view.evidence)
  }

  private func classification(_ view: View) -> Finding {
    let classified = view.incidents.filter { $0.classified != nil }
    let gaps = classified.filter { $0.touchesClientData && $0.clients.isEmpty }.map { incident in
      Text(
        "« \(incident.id) » touche des données de clients, et n'en nomme aucun.", "“\(incident.id)” touches clients' data, and names no client.")
    }
    return Finding(
      ["16.3.b"], subject: Text("ce que la qualification dit des données de clients", "what classification says of clients' data"),
      looked: classified.count,
      gaps: gaps, nothing: Self.none,
      figures: counts(view) + [
        .init("touchant des données de clients", "touching clients' data", classified.count(where: \.touchesClientData)),
        .init("violations de données", "data breaches", classified.count(where: \.isBreach)),
      ], evidence: view.evidence)
  }

  // MARK: 16.4

  private func treatment(_ view: View) -> Finding {
    let open = view.incidents.filter { $0.resolved == nil }
    let gaps = open.filter { view.isPast($0.followed ?? $0.detected, hours: Self.followUpDays * 24) }.map { incident in
      Text(
        "« \(incident.id) » est ouvert et sans suite depuis plus d'une semaine.",
        "“\(incident.id)” is open, and nothing was done for more than a week.")
    }
    return Finding(
      ["16.4.a"], subject: Text("le traitement des incidents jusqu'à leur résolution", "the treatment of incidents until they are resolved"),
      looked: view.incidents.count, gaps: gaps, nothing: Self.none, figures: counts(view) + [.init("ouverts", "open", open.count)],
      evidence: view.evidence)
  }

  private func archive(_ view: View) -> Finding {
    let resolved = view.incidents.filter { $0.resolved != nil }
    let gaps = resolved.compactMap { incident -> Text? in
      guard let digest = incident.digest else {
        guard let end = incident.resolved, view.isPast(end, hours: Self.archiveDays * 24) else { return nil }
        return Text("« \(incident.id) » est résolu, et son dossier n'est pas archivé.", "“\(incident.id)” is resolved, and its file is not archived.")
      }
      guard !view.pieces.holds(digest, in: ["dossiers-incidents"]) else { return nil }
      return Text(
        "le dossier de « \(incident.id) » n'est pas parmi les pièces (dossiers-incidents).",
        "the file of “\(incident.id)” is not among the pieces (dossiers-incidents).")
    }
    return Finding(
      ["16.4.b"], subject: Text("les dossiers d'incidents archivés", "the archived files of incidents"), looked: resolved.count, gaps: gaps,
      nothing: Text("aucun incident n'est encore résolu.", "no incident is resolved yet."),
      figures: counts(view) + [.init("dossiers archivés", "archived files", resolved.count { $0.digest != nil })], evidence: view.evidence)
  }
}
