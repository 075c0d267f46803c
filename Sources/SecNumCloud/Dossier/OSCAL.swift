internal import Base
internal import Catalogue
internal import Crypto
internal import Wire

/// A dossier as OSCAL 1.2.1, NIST's language for controls and their assessment: seven documents that refer to each other.
///
/// Its traps: an id is a token and does not begin with a digit (`snc-9.3`); a finding is satisfied or is not, so what is not assessed is an observation
/// without a finding; what does not apply is outside of the reviewed controls, with its justification. Source: NIST, "OSCAL Model Reference v1.2.1".
struct OSCAL {
  static let version = "1.2.1"

  let content: DossierContent
  let evidence: DossierEvidence
  let english: Bool
  let states: [ItemID: Compliance.ItemState]

  enum File: String, CaseIterable {
    case catalog = "catalog.json"
    case profile = "profile.json"
    case componentDefinition = "component-definition.json"
    case systemSecurityPlan = "system-security-plan.json"
    case assessmentPlan = "assessment-plan.json"
    case assessmentResults = "assessment-results.json"
    case planOfAction = "plan-of-action-and-milestones.json"
  }

  init(_ content: DossierContent, evidence: DossierEvidence, english: Bool) {
    self.content = content
    self.evidence = evidence
    self.english = english
    states = Dictionary(content.compliance.items.map { ($0.item.id, $0) }) { first, _ in first }
  }

  var documents: [(name: String, document: JSON)] {
    File.allCases.map { file in
      let document: JSON =
        switch file {
        case .catalog: catalog
        case .profile: profile
        case .componentDefinition: componentDefinition
        case .systemSecurityPlan: systemSecurityPlan
        case .assessmentPlan: assessmentPlan
        case .assessmentResults: assessmentResults
        case .planOfAction: planOfAction
        }
      return (file.rawValue, document)
    }
  }

  // MARK: Names

  var requirements: Requirements { content.compliance.requirements }

  static func control(_ requirement: String) -> String { "snc-\(requirement)" }

  /// `snc-9.3_smt.f` for 9.3.f, `snc-11.2_smt.2.i` for 11.2.2.i.
  static func statement(_ item: ItemID) -> String {
    let rest = item.numbers.dropFirst(2).map { "\($0)." }.joined()
    return "\(control(item.requirement))_smt.\(rest)\(item.letter)"
  }

  /// As the referential writes it: `9.3 f)`.
  static func label(_ item: ItemID) -> String { "\(item.numbers.map(String.init).joined(separator: ".")) \(item.letter))" }

  /// The same for the same thing in every dossier of a service.
  func id(_ kind: String, _ name: String = "") -> JSON {
    .string(Self.uuid("\(content.service)|\(content.model)|\(kind)|\(name)"))
  }

  /// Another for each state: of documents as a whole.
  func momentID(_ kind: String) -> JSON { id(kind, content.time.iso8601Fractional) }

  /// RFC 9562, version 5, in a namespace of this product.
  static func uuid(_ name: String) -> String {
    let digest = Array(Insecure.SHA1.hash(data: namespace.bytes + Array(name.utf8)))
    let high = digest[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = digest[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return GUID(high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x5000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000).description
  }

  private static let namespace = GUID(high: 0x6f0c_7a52_9c0e_4e1d, low: 0x8f5b_2d4b_1a7e_33c9)
  private static let propertyNamespace = "urn:cocagne:secnumcloud"

  // MARK: Parts that all documents have

  func say(_ french: String, _ english: String) -> String { self.english ? english : french }

  /// Without line breaks or space around: OSCAL's strings have none.
  static func line(_ text: String) -> JSON { .string(text.split(whereSeparator: \.isWhitespace).joined(separator: " ")) }

  /// Nil where it is empty: OSCAL's lists are not.
  static func list(_ elements: [JSON]) -> JSON? { elements.isEmpty ? nil : .array(elements) }

  static func property(_ name: String, _ value: String, remarks: String? = nil) -> JSON {
    .object([
      "name": .string(name), "ns": .string(propertyNamespace), "value": line(value), "remarks": .string(remarks),
    ])
  }

  static func labelProperty(_ value: String) -> JSON { .object(["name": "label", "value": .string(value)]) }

  func metadata(_ french: String, _ english: String) -> JSON {
    .object([
      "title": Self.line("\(say(french, english)) — SecNumCloud \(requirements.version)"), "last-modified": .string(content.time.iso8601),
      "version": .string(content.time.iso8601), "oscal-version": .string(Self.version),
      "props": [Self.property("software-version", "Cocagne \(content.version)")],
      "remarks": .string(
        say(
          "Exigences paraphrasées : seul le texte publié par l'ANSSI fait foi. Ce document n'est pas une décision de qualification.",
          "Requirements are paraphrased: only the text that ANSSI publishes is authoritative. This document is no decision of qualification.")),
    ])
  }

  /// Whether an item does not concern this service; the reason, where it is so.
  func exclusion(_ state: Compliance.ItemState) -> String? {
    guard state.verdict == .notApplicable else { return nil }
    return state.reason.map { $0(english: english) } ?? say("sans objet.", "not applicable.")
  }

  /// Requirements with those of their items for which something holds.
  func selected(where isWanted: (Compliance.ItemState) -> Bool) -> [(requirement: Requirements.Requirement, states: [Compliance.ItemState])] {
    requirements.requirements.compactMap { requirement in
      let wanted = requirement.items.compactMap { states[$0.id] }.filter(isWanted)
      return wanted.isEmpty ? nil : (requirement, wanted)
    }
  }

  /// What a look at the service covers, and what it leaves out and why.
  var reviewedControls: JSON {
    func selection(_ part: [(requirement: Requirements.Requirement, states: [Compliance.ItemState])]) -> JSON? {
      Self.list(
        part.map { requirement, states in
          .object([
            "control-id": .string(Self.control(requirement.id)), "statement-ids": .array(states.map { .string(Self.statement($0.item.id)) }),
          ])
        })
    }
    let excluded = selected { $0.verdict == .notApplicable }
    let reasons = excluded.flatMap(\.states).map { state in
      Self.property("not-applicable", Self.statement(state.item.id), remarks: exclusion(state))
    }
    return .object([
      "control-selections": [
        .object([
          "description": .string(
            say(
              "Tous les alinéas du référentiel pour un service \(content.model).",
              "Every item of the referential for a service of kind \(content.model).")),
          "props": Self.list(reasons), "include-controls": selection(selected { $0.verdict != .notApplicable }),
          "exclude-controls": selection(excluded),
        ])
      ]
    ])
  }
}
