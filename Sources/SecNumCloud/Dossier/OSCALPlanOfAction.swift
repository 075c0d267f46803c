internal import Catalogue
internal import Declarations
internal import Wire

extension OSCAL {
  /// What is left to do: a risk for each item that is not met, an entry for it, for each that nobody has assessed, and for each action of the plan.
  var planOfAction: JSON {
    let gaps = content.compliance.items.filter { $0.verdict == .nonCompliant }
    let open = content.compliance.items.filter { $0.verdict == .notAssessed }
    var entries = gaps.map { gap($0) } + open.map { toAssess($0) } + content.actions.map(action)
    if entries.isEmpty {
      entries = [
        .object([
          "uuid": id("plan.nothing"), "title": .string(say("Aucun écart", "No gap")),
          "description": .string(say("Aucun alinéa n'est en écart ni à évaluer.", "No item has a gap or is left to assess.")),
        ])
      ]
    }
    return [
      "plan-of-action-and-milestones": .object([
        "uuid": momentID("plan"), "metadata": metadata("Plan d'action", "Plan of action"),
        "import-ssp": ["href": .string(File.systemSecurityPlan.rawValue)], "system-id": systemID, "risks": Self.list(gaps.map(risk)),
        "poam-items": .array(entries),
      ])
    ]
  }

  private func riskID(_ item: ItemID) -> JSON { id("plan.risk", item.description) }

  private func actions(for item: ItemID) -> [DossierContent.Action] { content.actions.filter { !$0.isDone && $0.items.contains(item) } }

  private func risk(_ state: Compliance.ItemState) -> JSON {
    let item = state.item.id
    let due = actions(for: item).compactMap { CalendarDate($0.due) }.min()
    return .object([
      "uuid": riskID(item), "title": .string(Self.label(item)), "description": Self.line(state.item.summary),
      "statement": .string(state.reason.map { $0(english: english) } ?? say("non conforme.", "not compliant.")), "status": "open",
      "deadline": .string(due?.start.iso8601),
    ])
  }

  private func gap(_ state: Compliance.ItemState) -> JSON {
    let item = state.item.id
    return .object([
      "uuid": id("plan.gap", item.description), "title": Self.line(say("Écart sur \(Self.label(item))", "Gap in \(Self.label(item))")),
      "description": .string(state.reason.map { $0(english: english) } ?? say("non conforme.", "not compliant.")),
      "props": .array([Self.property("item", Self.statement(item))] + actions(for: item).map { Self.property("action", $0.id) }),
      "links": [.object(["href": .string("\(File.assessmentResults.rawValue)#\(findingID(item).string ?? "")"), "rel": "finding"])],
      "related-risks": [.object(["risk-uuid": riskID(item)])],
    ])
  }

  private func toAssess(_ state: Compliance.ItemState) -> JSON {
    let item = state.item.id
    return .object([
      "uuid": id("plan.open", item.description), "title": Self.line(say("À évaluer : \(Self.label(item))", "To be assessed: \(Self.label(item))")),
      "description": .string(state.reason.map { $0(english: english) } ?? say("non évalué.", "not assessed.")),
      "props": .array([Self.property("item", Self.statement(item))] + actions(for: item).map { Self.property("action", $0.id) }),
    ])
  }

  private func action(_ action: DossierContent.Action) -> JSON {
    .object([
      "uuid": id("plan.action", action.id), "title": Self.line(action.title), "description": .string("\(action.id) : \(action.title)"),
      "props": .array(
        [
          Self.property("owner", action.owner), Self.property("due", action.due), Self.property("status", action.status(english: english)),
        ] + action.items.map { Self.property("item", Self.statement($0)) }),
    ])
  }
}
