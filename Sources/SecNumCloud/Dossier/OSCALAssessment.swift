internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

extension OSCAL {
  private var observatory: JSON { id("assessment.observatory") }

  /// What is looked at, how, and with what.
  var assessmentPlan: JSON {
    let activities = requirements.controls.map { control in
      JSON.object([
        "uuid": id("assessment.activity", control.id), "title": .string(control.id), "description": .string(control.verification),
        "props": [
          .object(["name": "method", "value": "TEST"]), Self.property("frequency", control.frequency), Self.property("evidence", control.proof),
        ],
      ])
    }
    return [
      "assessment-plan": .object([
        "uuid": momentID("assessment-plan"), "metadata": metadata("Plan d'évaluation", "Assessment plan"),
        "import-ssp": ["href": .string(File.systemSecurityPlan.rawValue)], "local-definitions": ["activities": .array(activities)],
        "reviewed-controls": reviewedControls,
        "assessment-subjects": [.object(["type": "component", "include-subjects": [.object(["subject-uuid": thisSystem, "type": "component"])]])],
        "assessment-assets": [
          "components": [
            .object([
              "uuid": observatory, "type": "software", "title": .string(say("Observatoire de Cocagne", "Cocagne's observatory")),
              "description": .string(
                say("Observe la plateforme en marche et signe ce qu'il voit.", "Observes the running platform and signs what it sees.")),
              "props": [Self.property("version", content.version)], "status": ["state": "operational"],
            ])
          ],
          "assessment-platforms": [
            .object([
              "uuid": id("assessment.platform"), "title": Self.line(content.service),
              "uses-components": [.object(["component-uuid": observatory])],
            ])
          ],
        ],
      ])
    ]
  }

  /// What was seen: an observation for each look and piece, a finding for each item that is compliant or is not.
  var assessmentResults: JSON {
    let start = evidence.observations.map(\.observation.time).min() ?? content.time
    let silent = content.compliance.items.filter { $0.verdict == .notAssessed && evidence.files(for: $0).isEmpty }
    let observations = evidence.observations.map(observation) + evidence.pieces.map(examination) + silent.map(silence)
    let findings = content.compliance.items.filter { $0.verdict == .compliant || $0.verdict == .nonCompliant }.map(finding)
    let resources =
      evidence.observations.map { resource($0.file, title: "\($0.observation.control), \($0.observation.time.iso8601)", type: "application/json") }
      + evidence.pieces.map { resource($0.file, title: $0.piece.title, type: "application/octet-stream") }
      + evidence.registers.map { resource($0.file, title: "\($0.version.name), \($0.version.time.iso8601)", type: "application/yaml") }
    return [
      "assessment-results": .object([
        "uuid": momentID("assessment-results"), "metadata": metadata("Résultats d'évaluation", "Assessment results"),
        "import-ap": ["href": .string(File.assessmentPlan.rawValue)],
        "results": [
          .object([
            "uuid": momentID("result"), "title": .string(say("État du service", "State of the service")),
            "description": .string(
              say(
                "Ce que la plateforme observe d'elle-même et ce que les pièces déposées attestent, à la date indiquée.",
                "What the platform observes of itself and what the filed pieces attest, at the given time.")),
            "start": .string(min(start, content.time).iso8601), "end": .string(content.time.iso8601), "reviewed-controls": reviewedControls,
            "observations": Self.list(observations), "findings": Self.list(findings),
          ])
        ],
        "back-matter": Self.list(resources).map { ["resources": $0] },
      ])
    ]
  }

  // MARK: Observations

  private func observationID(_ observation: Observation) -> JSON { id("observation", evidence.file(of: observation)?.path ?? observation.digest) }
  private func pieceID(_ piece: Piece) -> JSON { id("piece", piece.id.description) }
  private func silenceID(_ item: ItemID) -> JSON { id("silence", item.description) }

  private var subjects: JSON { [.object(["subject-uuid": thisSystem, "type": "component"])] }

  private func observation(_ look: Observation, _ file: DossierEvidence.File) -> JSON {
    .object([
      "uuid": observationID(look), "title": .string(look.control), "description": .string(look.subject(english: english)),
      "props": .array(
        [Self.property("verdict", english ? look.verdict.english : look.verdict.rawValue)]
          + look.items.map { Self.property("item", Self.statement($0)) }
          + look.figures.map { Self.property("figure", "\($0.name(english: english)) : \($0.text(english: english))") }),
      "methods": ["TEST"], "origins": [["actors": [.object(["type": "tool", "actor-uuid": observatory])]]], "subjects": subjects,
      "relevant-evidence": [proof(file, say("Constat signé.", "Signed statement."))], "collected": .string(look.time.iso8601),
      "expires": .string(look.validUntil.iso8601), "remarks": .string(look.reason.map { $0(english: english) }),
    ])
  }

  private func examination(_ piece: Piece, _ file: DossierEvidence.File) -> JSON {
    .object([
      "uuid": pieceID(piece), "title": Self.line(piece.title), "description": .string(say("Pièce déposée.", "Filed piece.")),
      "props": [Self.property("slot", piece.slot), Self.property("approved", piece.approved.description)], "methods": ["EXAMINE"],
      "subjects": subjects,
      "relevant-evidence": [proof(file, say("La pièce.", "The piece."))], "collected": .string(piece.filed.iso8601),
      "expires": .string(piece.nextReview?.start.iso8601),
    ])
  }

  /// Nothing speaks of the item yet, which is said too.
  private func silence(_ state: Compliance.ItemState) -> JSON {
    .object([
      "uuid": silenceID(state.item.id), "title": .string(Self.label(state.item.id)),
      "description": .string(state.reason.map { $0(english: english) } ?? say("non évalué.", "not assessed.")),
      "props": [
        Self.property("verdict", english ? state.verdict.english : state.verdict.rawValue), Self.property("item", Self.statement(state.item.id)),
      ],
      "methods": ["UNKNOWN"], "subjects": subjects, "collected": .string(content.time.iso8601),
    ])
  }

  private func resourceID(_ file: DossierEvidence.File) -> JSON { id("resource", file.path) }

  private func proof(_ file: DossierEvidence.File, _ description: String) -> JSON {
    .object(["href": .string("#\(resourceID(file).string ?? "")"), "description": .string(description)])
  }

  private func resource(_ file: DossierEvidence.File, title: String, type: String) -> JSON {
    .object([
      "uuid": resourceID(file), "title": Self.line(title),
      "rlinks": [
        .object([
          "href": .string("../\(file.path)"), "media-type": .string(type),
          "hashes": [.object(["algorithm": "SHA-256", "value": .string(file.sha256)])],
        ])
      ],
    ])
  }

  // MARK: Findings

  func findingID(_ item: ItemID) -> JSON { id("finding", item.description) }

  private func finding(_ state: Compliance.ItemState) -> JSON {
    let item = state.item.id
    let isMet = state.verdict == .compliant
    let related =
      state.observations.filter { evidence.file(of: $0) != nil }.map(observationID)
      + state.pieces.filter { evidence.file(of: $0) != nil }.map(pieceID)
    let gap = Grid.gap(state, english: english)
    return .object([
      "uuid": findingID(item), "title": .string(Self.label(item)), "description": Self.line(gap.isEmpty ? state.item.summary : gap),
      "props": .array(
        [Self.property("basis", english ? state.basis.english : state.basis.rawValue)]
          + (state.since.map { [Self.property("since", $0.iso8601)] } ?? [])),
      "target": .object([
        "type": "statement-id", "target-id": .string(Self.statement(item)),
        "status": .object(["state": isMet ? "satisfied" : "not-satisfied", "reason": isMet ? "pass" : "fail"]),
      ]),
      "implementation-statement-uuid": implementationID(item),
      "related-observations": Self.list(unique(related).map { .object(["observation-uuid": $0]) }),
    ])
  }

  private func unique(_ ids: [JSON]) -> [JSON] {
    var seen: Set<String> = []
    return ids.filter { seen.insert($0.string ?? "").inserted }
  }
}
