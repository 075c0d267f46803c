import Base
import Catalogue
import SecNumCloud
import Testing
import Wire

/// What NIST's schema does not see: that every reference leads somewhere and that no identifier is given twice.
struct DossierOSCALTests {
  @Test func `no uuid is given twice, in none of the seven documents`() async throws {
    let dossier = try await BuiltDossier.shared.value
    var seen: Set<String> = []
    for model in BuiltDossier.models {
      try dossier.oscal(model).walk { name, value in
        guard name == "uuid", let uuid = value.string else { return }
        #expect(GUID(uuid) != nil && uuid.dropFirst(14).first == "5", "\(model): \(uuid)")
        #expect(seen.insert(uuid).inserted, "\(model): \(uuid)")
      }
    }
    #expect(seen.count > 1000)
  }

  @Test func `every reference by uuid leads to something`() async throws {
    let dossier = try await BuiltDossier.shared.value
    var uuids: Set<String> = []
    for model in BuiltDossier.models {
      try dossier.oscal(model).walk { name, value in if name == "uuid", let uuid = value.string { uuids.insert(uuid) } }
    }
    var count = 0
    for model in BuiltDossier.models {
      try dossier.oscal(model).walk { name, value in
        guard name.hasSuffix("-uuid"), let uuid = value.string else { return }
        count += 1
        #expect(uuids.contains(uuid), "\(model): \(name) \(uuid)")
      }
    }
    #expect(count > 500)
  }

  @Test func `every link leads to a resource of its document, or to a file of the dossier that has the named digest`() async throws {
    let dossier = try await BuiltDossier.shared.value
    for model in BuiltDossier.models {
      let document = try dossier.oscal(model)
      let resources = Set((document["back-matter"]?["resources"]?.array ?? []).compactMap { $0["uuid"]?.string })
      try document.walk { (name: String, value: JSON) throws in
        guard let href = name == "source" ? value.string : value["href"]?.string else { return }
        if href.hasPrefix("#") {
          #expect(resources.contains(String(href.dropFirst())), "\(model): \(href)")
          return
        }
        let words = href.split(separator: "#", maxSplits: 1)
        let file = words[0].hasPrefix("../") ? String(words[0].dropFirst(3)) : "oscal/\(words[0])"
        #expect(dossier.exists(file), "\(model): \(href)")
        if words.count == 2 { #expect(try dossier.text(file).contains("\"uuid\":\"\(words[1])\""), "\(model): \(href)") }
        for hash in value["hashes"]?.array ?? [] { #expect(try sha256Hexadecimal(dossier.bytes(file)) == hash["value"]?.string, "\(href)") }
      }
    }
  }

  @Test func `every control and statement that is named is the catalogue's`() async throws {
    let dossier = try await BuiltDossier.shared.value
    var ids: Set<String> = []
    try dossier.oscal("catalog").walk { name, value in
      guard name == "controls" || name == "parts", let id = value["id"]?.string else { return }
      #expect(ids.insert(id).inserted, "\(id)")
    }
    #expect(ids.count == 92 + 92 + 278)
    #expect(ids.contains("snc-9.3_smt.f") && ids.contains("snc-11.2_smt.2.i") && ids.contains("snc-18.2_smt.1.a"))
    for model in BuiltDossier.models where model != "catalog" {
      var count = 0
      try dossier.oscal(model).walk { name, value in
        guard ["control-id", "statement-id", "statement-ids", "with-ids", "by-id", "target-id"].contains(name), let id = value.string else { return }
        count += 1
        #expect(ids.contains(id), "\(model): \(name) \(id)")
      }
      #expect(count > 10 || model == "plan-of-action-and-milestones", "\(model)")
    }
  }

  @Test func `an item that is compliant is satisfied, one that is not is not, and of one that nobody assessed there is no finding`() async throws {
    let dossier = try await BuiltDossier.shared.value
    let result = try #require(try dossier.oscal("assessment-results")["results"]?.array?.first)
    let findings = Dictionary(
      uniqueKeysWithValues: (result["findings"]?.array ?? []).map { ($0["target"]?["target-id"]?.string, $0["target"]?["status"]?["state"]?.string) })
    var reviewed: Set<String> = []
    var excluded: Set<String> = []
    for selection in result["reviewed-controls"]?["control-selections"]?.array ?? [] {
      selection["include-controls"]?.walk { name, value in if name == "statement-ids", let id = value.string { reviewed.insert(id) } }
      selection["exclude-controls"]?.walk { name, value in if name == "statement-ids", let id = value.string { excluded.insert(id) } }
      let reasons = (selection["props"]?.array ?? []).filter { $0["name"]?.string == "not-applicable" }
      #expect(Set(reasons.compactMap { $0["value"]?.string }) == excluded)
      #expect(reasons.allSatisfy { $0["remarks"]?.string?.isEmpty == false })
    }
    var observed: Set<String> = []
    for observation in result["observations"]?.array ?? [] {
      for property in observation["props"]?.array ?? [] where property["name"]?.string == "item" { observed.insert(property["value"]?.string ?? "") }
    }
    for state in dossier.twin.content.compliance.items {
      let numbers = state.item.id.numbers
      let statement = "snc-\(numbers[0]).\(numbers[1])_smt." + numbers.dropFirst(2).map { "\($0)." }.joined() + String(state.item.id.letter)
      switch state.verdict {
      case .compliant: #expect(findings[statement] == "satisfied", "\(statement)")
      case .nonCompliant: #expect(findings[statement] == "not-satisfied", "\(statement)")
      case .notAssessed:
        #expect(findings[statement] == nil, "\(statement)")
        #expect(observed.contains(statement) || !state.pieces.isEmpty, "\(statement)")
      case .notApplicable: #expect(findings[statement] == nil && excluded.contains(statement), "\(statement)")
      }
      #expect(reviewed.contains(statement) == (state.verdict != .notApplicable), "\(statement)")
    }
  }

  @Test func `each gap is in the plan of action with its risk, and so is each action`() async throws {
    let dossier = try await BuiltDossier.shared.value
    let plan = try dossier.oscal("plan-of-action-and-milestones")
    let gaps = dossier.twin.content.compliance.count(.nonCompliant)
    let open = dossier.twin.content.compliance.count(.notAssessed)
    #expect(gaps > 0)
    #expect(plan["risks"]?.array?.count == gaps)
    #expect(plan["poam-items"]?.array?.count == gaps + open + dossier.twin.content.actions.count)
  }

  @Test func `a service of another kind has the items of its kind`() async throws {
    let dossier = try await BuiltDossier(DossierTwin(model: "SaaS", filesPieces: false))
    let removed =
      try dossier.oscal("profile")["modify"]?["alters"]?.array?.flatMap { $0["removes"]?.array ?? [] }.compactMap { $0["by-id"]?.string } ?? []
    #expect(!removed.contains("snc-9.5_smt.c") && removed.contains("snc-12.2_smt.c"))
    let silent = dossier.twin.content.compliance.items.filter { $0.verdict == .notAssessed && $0.observations.isEmpty }
    let result = try #require(try dossier.oscal("assessment-results")["results"]?.array?.first)
    #expect(result["observations"]?.array?.count { $0["methods"] == ["UNKNOWN"] } == silent.count)
    #expect(!silent.isEmpty)
  }
}
