internal import Base
internal import Catalogue
internal import Wire

/// An audit as CISO Assistant's data import takes it: one line for each item, found by the `ref_id` of its library of SecNumCloud 3.2.
///
/// Source: CISO Assistant, "Data import wizard", Audits. Scores are there and empty: a missing column would be read as a score. `evidence` is for readers,
/// the import leaves it aside.
struct CISOAssistantImport {
  private static let columns = [
    "urn", "assessable", "ref_id", "name", "description", "compliance_result", "requirement_progress", "score", "implementation_score",
    "documentation_score", "observations", "evidence",
  ]

  let csv: [UInt8]

  init(_ content: DossierContent, evidence: DossierEvidence, english: Bool) {
    let lines = content.compliance.items.map { state in
      let (result, progress) = Self.status(state.verdict)
      let gap = Grid.gap(state, english: english)
      let finding = Grid.finding(state, english: english)
      let item = state.item.id.description
      return [
        "urn:intuitem:risk:req_node:secnumcloud-3.2:\(item)", "true", item, "", state.item.summary, result, progress, "", "", "",
        [gap, finding].filter { !$0.isEmpty }.joined(separator: "\n"),
        evidence.files(for: state).map { "\($0.path) sha256:\($0.sha256)" }.joined(separator: "\n"),
      ]
    }
    let text = ([Self.columns] + lines).map { $0.map { Grid.quoted($0, separator: ",") }.joined(separator: ",") }.joined(separator: "\r\n") + "\r\n"
    csv = Array(text.utf8)
  }

  private static func status(_ verdict: Verdict) -> (result: String, progress: String) {
    switch verdict {
    case .compliant: ("compliant", "done")
    case .nonCompliant: ("non_compliant", "in_progress")
    case .notAssessed: ("not_assessed", "to_do")
    case .notApplicable: ("not_applicable", "done")
    }
  }
}
