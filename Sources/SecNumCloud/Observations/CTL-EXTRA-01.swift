internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// The provider is of the Union, and nobody from outside owns too much of it: 19.6 computed over the capital register.
package struct ControlEXTRA01: ControlObservation {
  package let control = "CTL-EXTRA-01"
  package let test = "CTL-EXTRA-01Tests: a share of 24.01 % from outside of the Union is a gap, and 24 % is none"

  package init() {}

  /// The table must be confirmed so often for what it says of the capital to hold, and so often for it to say that nothing changed.
  static let maximumAgeMonths = 12
  static let maximumSilenceDays = 31
  /// 19.6.f gives one month to tell the clients.
  static let noticeDays = 30
  private static let maximumPaths = 64

  private static let subject = Text("le registre « capital » et ce qui s'en calcule", "the register “capital” and what is computed from it")

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    var findings = [try await residualRisks(platform), try await suppliers(platform)]
    guard let filed = try await platform.documents.register(CapitalRegister.self) else {
      return findings + [.unfiled(CapitalRegister.self, ["19.6.a", "19.6.b", "19.6.f"], subject: Self.subject)]
    }
    let day = CalendarDate(platform.now)
    let register = filed.value
    findings.append(try await changes(register, filed.evidence, day, platform))
    guard register.situation <= day, day <= register.situation.adding(months: Self.maximumAgeMonths) else {
      findings.append(
        Finding(
          ["19.6.a", "19.6.b"], .notAssessed, subject: Self.subject,
          reason: Text(
            "la table vaut au \(register.situation) : elle est à confirmer.", "the table holds for \(register.situation): it is to be confirmed."),
          evidence: filed.evidence))
      return findings
    }
    return findings + [places(register, filed.evidence), ownership(Shareholding(register), filed.evidence)]
  }

  // MARK: 5.3.d

  private func residualRisks(_ platform: ObservedPlatform) async throws -> Finding {
    let pieces = try await FiledPieces(platform)
    let subject = Text("la pièce « risques-extra-europeens »", "the piece “risques-extra-europeens”")
    let piece = pieces.inForce("risques-extra-europeens")
    var gaps: [Text] = []
    if let piece { gaps = try await pieces.gaps(of: piece, in: platform.documents) }
    return Finding(
      ["5.3.d"], subject: subject, looked: piece == nil ? 0 : 1, gaps: gaps,
      nothing: Text("la pièce n'a pas été déposée.", "the piece was not filed."), evidence: piece?.evidence ?? [:])
  }

  // MARK: 19.6.a

  private func places(_ register: CapitalRegister, _ evidence: JSON) -> Finding {
    let provider = register.entities.first { $0.id == register.provider }
    let names = [
      Text("siège statutaire", "registered office"), Text("administration centrale", "central administration"),
      Text("principal établissement", "principal establishment"),
    ]
    let places = Array(zip(names, provider?.countries ?? []))
    let gaps = places.filter { !OfferVocabulary.europeanUnion.contains($0.1) }.map { name, country in
      Text("\(name.french) hors de l'Union : \(country).", "\(name.english) outside of the Union: \(country).")
    }
    return Finding(
      ["19.6.a"], subject: Self.subject, looked: places.count, gaps: gaps, nothing: Text("aucun rattachement déclaré.", "no place declared."),
      figures: [.init("rattachements dans l'Union", "places in the Union", places.count - gaps.count)],
      evidence: ["source": evidence, "rattachements": .object(JSON.Object(places.map { (name: $0.0.french, value: .string($0.1)) }))])
  }

  // MARK: 19.6.b

  private func ownership(_ shareholding: Shareholding, _ evidence: JSON) -> Finding {
    var gaps: [Text] = []
    var doubts: [Text] = []
    var figures: [Finding.Figure] = []
    var computed: [JSON] = []
    let group = shareholding.foreignGroup
    for measure in Shareholding.Measure.allCases {
      let all = shareholding.share(measure, of: group)
      computed.append(collective(shareholding, measure, all, group))
      figures.append(
        .init(
          Text("\(measure.name.french) hors de l'Union, ensemble", "\(measure.name.english) from outside of the Union, together"),
          Double(all.held.percent) ?? 0, unit: "%"))
      if all.held > Shareholding.collectiveLimit {
        gaps.append(
          Text(
            "\(measure.name.french) : \(all.held.text.french) hors de l'Union ensemble, pour 39 % au plus.",
            "\(measure.name.english): \(all.held.text.english) from outside of the Union together, of at most 39%."))
      } else if all.held + all.unknown > Shareholding.collectiveLimit {
        doubts.append(doubt(measure, all.unknown))
      }
      if all.unknown > Shareholding.individualLimit { doubts.append(doubt(measure, all.unknown)) }
      for entity in shareholding.foreign {
        let own = shareholding.individual(entity, measure)
        computed.append(single(shareholding, own))
        if own.byControl > Shareholding.individualLimit {
          gaps.append(
            Text(
              "\(measure.name.french) : \(entity.name) en a \(own.byControl.text.french), pour 24 % au plus\(own.controls.isEmpty ? "" : ", contrôle compris").",
              "\(measure.name.english): \(entity.name) has \(own.byControl.text.english), of at most 24%\(own.controls.isEmpty ? "" : ", control included")."
            ))
        } else if own.byControl + own.unknown > Shareholding.individualLimit {
          doubts.append(doubt(measure, own.unknown))
        }
      }
    }
    let rights = shareholding.forbiddenRights()
    gaps += rights
    figures += [
      .init("entités", "entities", shareholding.register.entities.count),
      .init("entités hors de l'Union", "entities from outside", shareholding.foreign.count),
      .init("participations", "holdings", shareholding.register.holdings.count), .init("droits interdits", "forbidden rights", rights.count),
    ]
    let proof: JSON = ["source": evidence, "situation": .string(shareholding.register.situation.description), "calculs": .array(bounded(computed))]
    if gaps.isEmpty, let doubt = doubts.first {
      return Finding(["19.6.b"], .notAssessed, subject: Self.subject, reason: doubt, figures: figures, evidence: proof)
    }
    return Finding(
      ["19.6.b"], subject: Self.subject, looked: shareholding.register.holdings.count, gaps: gaps,
      nothing: Text("aucune participation n'est déclarée.", "no holding is declared."), figures: figures, evidence: proof)
  }

  private func doubt(_ measure: Shareholding.Measure, _ unknown: Share) -> Text {
    Text(
      "\(measure.name.french) : le détenteur de \(unknown.text.french) n'est pas déclaré, et le seuil en dépend.",
      "\(measure.name.english): the owner of \(unknown.text.english) is not declared, and the limit depends on it.")
  }

  private func collective(
    _ shareholding: Shareholding, _ measure: Shareholding.Measure, _ all: (held: Share, unknown: Share), _ group: Set<String>
  ) -> JSON {
    [
      "mesure": .string(measure.rawValue), "ensemble": .string(all.held.percent + " %"), "seuil": "39 %",
      "detenteurNonDeclare": .string(all.unknown.percent + " %"), "entitesEtControlees": .array(group.sorted().map(JSON.string)),
    ]
  }

  private func single(_ shareholding: Shareholding, _ own: Shareholding.Individual) -> JSON {
    let paths = shareholding.paths(own.measure, of: own.entity.id, limit: Self.maximumPaths)
    return [
      "mesure": .string(own.measure.rawValue), "entite": .string(own.entity.id), "pays": .array(own.entity.countries.map(JSON.string)),
      "seuil": "24 %",
      "parMultiplication": .string(own.byMultiplication.percent + " %"), "parControle": .string(own.byControl.percent + " %"),
      "controle": .array(own.controls.sorted().map(JSON.string)),
      "chaines": .array(
        paths.map { path in
          [
            "chaine": .string(path.names.joined(separator: " → ")),
            "calcul": .string(path.factors.map { $0.percent + " %" }.joined(separator: " × ") + " = " + path.product.percent + " %"),
          ]
        }),
    ]
  }

  /// As many computations as evidence may hold; the rest is said to be left out.
  private func bounded(_ computed: [JSON]) -> [JSON] {
    var bytes = 0
    var kept: [JSON] = []
    for (index, item) in computed.enumerated() {
      bytes += item.text.utf8.count
      guard bytes < ObservationLimits.maximumEvidenceBytes / 2 else { return kept + [["omis": .integer(Int64(computed.count - index))]] }
      kept.append(item)
    }
    return kept
  }

  // MARK: 19.6.d

  /// What third parties from outside of the Union say of how the service goes on without them.
  private func suppliers(_ platform: ObservedPlatform) async throws -> Finding {
    let subject = Text("les tiers nécessaires au service, au registre « tiers »", "the third parties that the service needs, in the register “tiers”")
    guard let filed = try await platform.documents.register(ThirdPartyRegister.self) else {
      return .unfiled(ThirdPartyRegister.self, ["19.6.d"], subject: subject)
    }
    let day = CalendarDate(platform.now)
    let needed = filed.value.parties.filter(\.isNecessary)
    let gaps = needed.compactMap { party -> Text? in
      switch party.autonomy {
      case nil:
        return Text(
          "\(party.name) est nécessaire, et rien ne dit comment le service s'en passe.",
          "\(party.name) is needed, and nothing says how the service goes on without it.")
      case .qualified(let decision, let until) where until < day:
        return Text(
          "\(party.name) : la décision \(decision) a expiré le \(until).", "\(party.name): the decision \(decision) expired on \(until).")
      default: return nil
      }
    }
    return Finding(
      ["19.6.d"], subject: subject, looked: needed.count, gaps: gaps,
      nothing: Text("aucun tiers n'est déclaré nécessaire au service.", "no third party is declared as needed by the service."),
      figures: [
        .init("tiers nécessaires", "third parties that are needed", needed.count),
        .init(
          "dont hors de l'Union ou contrôlés hors d'elle", "of these outside of the Union or controlled from there", needed.count(where: \.isForeign)),
      ], evidence: filed.evidence)
  }

  // MARK: 19.6.f

  private func changes(
    _ register: CapitalRegister, _ evidence: JSON, _ day: CalendarDate, _ platform: ObservedPlatform
  ) async throws -> Finding {
    let tables = try await tables(platform)
    var gaps = silentChanges(tables, told: register.changes)
    for change in register.changes where change.date <= day {
      let due = change.date.adding(days: Self.noticeDays)
      if let notice = change.notice, notice > due, change.date.adding(months: Self.maximumAgeMonths) >= day {
        gaps.append(
          Text(
            "« \(change.what) » (\(change.date)) n'a été annoncé que le \(notice).",
            "“\(change.what)” (\(change.date)) was announced on \(notice) only."))
      } else if change.notice == nil, due < day {
        gaps.append(
          Text(
            "« \(change.what) » (\(change.date)) n'a pas été annoncé aux clients sous un mois.",
            "“\(change.what)” (\(change.date)) was not announced to clients within a month."))
      }
    }
    let figures: [Finding.Figure] = [
      .init("changements déclarés", "changes declared", register.changes.count),
      .init("sans avis", "without notice", register.changes.count { $0.notice == nil }),
      .init("tables comparées", "tables compared", tables.count),
    ]
    let silence = register.situation.days(to: day)
    if gaps.isEmpty, !(0...Self.maximumSilenceDays).contains(silence) {
      return Finding(
        ["19.6.f"], .notAssessed, subject: Self.subject,
        reason: Text(
          "la table vaut au \(register.situation) : depuis plus d'un mois, rien ne dit qu'il n'y a pas eu de changement.",
          "the table holds for \(register.situation): for more than a month nothing says that there was no change."),
        figures: figures, evidence: evidence)
    }
    return Finding(
      ["19.6.f"], subject: Self.subject, looked: tables.count, gaps: gaps, nothing: Self.subject, figures: figures, evidence: evidence)
  }

  /// The tables that were filed in the last year, from the oldest to the one in force.
  private func tables(_ platform: ObservedPlatform) async throws -> [CapitalRegister] {
    let day = CalendarDate(platform.now)
    let versions = try await platform.documents.registerVersions().filter { $0.name == CapitalRegister.name }
    var tables: [CapitalRegister] = []
    for version in versions.suffix(Self.maximumTables) {
      guard version.time == versions.last?.time || CalendarDate(version.time).adding(months: Self.maximumAgeMonths) >= day else { continue }
      let text = String(decoding: try await platform.documents.bytes(of: version.content), as: UTF8.self)
      tables.append(try CapitalRegister(reading: Declaration(text, file: version.file)))
    }
    return tables
  }

  private static let maximumTables = 24

  /// A table that differs from the one before it, of another day, tells of a change: it must be declared.
  private func silentChanges(_ tables: [CapitalRegister], told: [CapitalRegister.Change]) -> [Text] {
    zip(tables, tables.dropFirst()).compactMap { earlier, later in
      guard earlier.situation < later.situation, earlier.facts != later.facts else { return nil }
      guard !told.contains(where: { earlier.situation <= $0.date && $0.date <= later.situation }) else { return nil }
      return Text(
        "la table a changé entre le \(earlier.situation) et le \(later.situation), et aucun changement n'est déclaré.",
        "the table changed between \(earlier.situation) and \(later.situation), and no change is declared.")
    }
  }
}
