internal import Catalogue
internal import Wire

extension OSCAL {
  /// The referential: a group for each chapter, a control for each requirement, a part for each item.
  var catalog: JSON {
    let groups = requirements.chapters.map { chapter in
      JSON.object([
        "id": .string("snc-\(chapter.number)"), "class": "chapter", "title": Self.line(chapter.title),
        "props": [Self.labelProperty(String(chapter.number))],
        "controls": .array(chapter.requirements.map(catalogControl)),
      ])
    }
    return [
      "catalog": .object([
        "uuid": momentID("catalog"), "metadata": metadata("Référentiel d'exigences", "Requirements"), "groups": .array(groups),
      ])
    ]
  }

  private func catalogControl(_ requirement: Requirements.Requirement) -> JSON {
    let id = Self.control(requirement.id)
    let items = requirement.items.map { item in
      JSON.object([
        "id": .string(Self.statement(item.id)), "name": "item", "title": item.subtitle.map(Self.line),
        "props": .array(
          [
            Self.labelProperty(Self.label(item.id)), Self.property("level", item.level.name(english: english)),
            Self.property("nature", item.nature.name(english: english)), Self.property("proof", item.proof.name(english: english)),
          ] + item.models.map { Self.property("model", $0) } + item.controls.map { Self.property("observed-by", $0) }),
        "prose": Self.line(item.summary),
      ])
    }
    return .object([
      "id": .string(id), "class": "requirement", "title": Self.line(requirement.title), "props": [Self.labelProperty(requirement.id)],
      "parts": [.object(["id": .string("\(id)_smt"), "name": "statement", "parts": .array(items)])],
    ])
  }

  /// What of it concerns this kind of service.
  var profile: JSON {
    let concerned = selected { $0.basis != .scope }
    let removed = concerned.compactMap { requirement, states -> JSON? in
      let others = requirement.items.filter { item in !states.contains { $0.item.id == item.id } }
      guard !others.isEmpty else { return nil }
      return .object([
        "control-id": .string(Self.control(requirement.id)),
        "removes": .array(others.map { .object(["by-id": .string(Self.statement($0.id))]) }),
      ])
    }
    return [
      "profile": .object([
        "uuid": momentID("profile"), "metadata": metadata("Profil \(content.model)", "Profile \(content.model)"),
        "imports": [
          .object([
            "href": .string(File.catalog.rawValue),
            "include-controls": [.object(["with-ids": .array(concerned.map { .string(Self.control($0.requirement.id)) })])],
          ])
        ],
        "merge": ["as-is": true], "modify": Self.list(removed).map { ["alters": $0] },
      ])
    ]
  }

  /// What the product does for each item that one of its controls speaks for.
  var componentDefinition: JSON {
    let implemented = requirements.requirements.compactMap { requirement -> JSON? in
      let statements = requirement.items.filter { !$0.controls.isEmpty }.map { item in
        JSON.object([
          "statement-id": .string(Self.statement(item.id)), "uuid": id("component-definition.statement", item.id.description),
          "description": .string(mechanisms(item).joined(separator: "\n\n")), "props": Self.list(item.controls.map { Self.property("control", $0) }),
        ])
      }
      guard !statements.isEmpty else { return nil }
      return .object([
        "uuid": id("component-definition.requirement", requirement.id), "control-id": .string(Self.control(requirement.id)),
        "description": Self.line(requirement.title), "statements": .array(statements),
      ])
    }
    return [
      "component-definition": .object([
        "uuid": momentID("component-definition"), "metadata": metadata("Composant", "Component"),
        "components": [
          .object([
            "uuid": id("component-definition.component"), "type": "software", "title": "Cocagne",
            "description": .string(
              say(
                "Plan de contrôle d'un nuage, bâti pour être exploité par un prestataire qui demande une qualification.",
                "Control plane of a cloud, built to be operated by a provider that asks for a qualification.")),
            "control-implementations": [
              .object([
                "uuid": id("component-definition.implementation"), "source": .string(File.catalog.rawValue),
                "description": .string(say("Mécanismes, par alinéa.", "Mechanisms, by item.")), "implemented-requirements": .array(implemented),
              ])
            ],
          ])
        ],
      ])
    ]
  }

  func mechanisms(_ item: Requirements.Item) -> [String] {
    item.controls.compactMap { requirements.control($0) }.map { "\($0.id) : \($0.mechanism)" }
  }
}
