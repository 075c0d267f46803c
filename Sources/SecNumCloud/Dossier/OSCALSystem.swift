internal import Catalogue
internal import Wire

extension OSCAL {
  private static let rfc4122 = "http://ietf.org/rfc/rfc4122"

  var systemID: JSON { .object(["identifier-type": .string(Self.rfc4122), "id": id("system")]) }
  var thisSystem: JSON { id("system.component") }

  /// How the service meets each item, and from what.
  var systemSecurityPlan: JSON {
    let diagram = id("system.diagram.resource")
    let characteristics = JSON.object([
      "system-ids": [systemID], "system-name": Self.line(content.service),
      "description": .string(
        say(
          "Service \(content.model) exploité avec Cocagne \(content.version).",
          "Service of kind \(content.model), operated with Cocagne \(content.version).")),
      "props": [Self.property("model", content.model)],
      "system-information": [
        "information-types": [
          .object([
            "uuid": id("system.information"), "title": .string(say("Données des commanditaires", "Clients' data")),
            "description": .string(
              say(
                "Données que les clients confient au service, et données techniques du service.",
                "Data that clients entrust to the service, and the service's technical data.")),
          ])
        ]
      ],
      "status": ["state": "operational"],
      "authorization-boundary": [
        "description": .string(say("Architecture tirée de l'inventaire vivant.", "Architecture drawn from the live inventory.")),
        "diagrams": [
          .object([
            "uuid": id("system.diagram"), "description": .string(say("Architecture du service.", "The service's architecture.")),
            "links": [.object(["href": .string("#\(diagram.string ?? "")"), "rel": "diagram"])],
          ])
        ],
      ],
    ])
    return [
      "system-security-plan": .object([
        "uuid": momentID("system-security-plan"), "metadata": metadata("Plan de sécurité du service", "System security plan"),
        "import-profile": ["href": .string(File.profile.rawValue)], "system-characteristics": characteristics,
        "system-implementation": .object([
          "users": [
            .object([
              "uuid": id("system.user.operator"), "title": .string(say("Exploitant", "Operator")),
              "description": .string(
                say("Personnes du prestataire qui administrent le service.", "People of the provider who administer the service.")),
            ])
          ],
          "components": [
            .object([
              "uuid": thisSystem, "type": "this-system", "title": Self.line(content.service),
              "description": .string(say("Le service tel qu'il est exploité.", "The service as it is operated.")), "status": ["state": "operational"],
            ])
          ],
        ]),
        "control-implementation": [
          "description": .string(say("Mise en œuvre, par alinéa.", "Implementation, by item.")),
          "implemented-requirements": .array(
            selected { $0.basis != .scope }.map { requirement, states in
              .object([
                "uuid": id("system.requirement", requirement.id), "control-id": .string(Self.control(requirement.id)),
                "statements": .array(states.map(implementation)),
              ])
            }),
        ],
        "back-matter": [
          "resources": [
            .object([
              "uuid": diagram, "title": .string(say("Architecture", "Architecture")),
              "rlinks": [.object(["href": "../architecture.svg", "media-type": "image/svg+xml"])],
            ])
          ]
        ],
      ])
    ]
  }

  func implementationID(_ item: ItemID) -> JSON { id("system.statement", item.description) }

  private func implementation(_ state: Compliance.ItemState) -> JSON {
    let pieces = state.pieces.map { say("Pièce : \($0.title), approuvée le \($0.approved).", "Piece: \($0.title), approved on \($0.approved).") }
    let described = mechanisms(state.item) + pieces
    let gap = Grid.gap(state, english: english)
    let status: String? =
      switch state.verdict {
      case .compliant: "implemented"
      case .nonCompliant: "partial"
      case .notApplicable: "not-applicable"
      // OSCAL has no word for what nobody has looked at, and “planned” would be a promise.
      case .notAssessed: nil
      }
    return .object([
      "statement-id": .string(Self.statement(state.item.id)), "uuid": implementationID(state.item.id),
      "props": [
        Self.property("verdict", english ? state.verdict.english : state.verdict.rawValue),
        Self.property("basis", english ? state.basis.english : state.basis.rawValue),
      ],
      "by-components": [
        .object([
          "component-uuid": thisSystem, "uuid": id("system.by-component", state.item.id.description),
          "description": .string(described.isEmpty ? say("Pièces à déposer.", "Pieces to be filed.") : described.joined(separator: "\n\n")),
          "implementation-status": status.map { .object(["state": .string($0), "remarks": gap.isEmpty ? nil : .string(gap)]) },
        ])
      ],
    ])
  }
}
