import Base
import Catalogue
import Keyring
import Ledger
import Logging
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Testing
import Wire

struct ControlCRYPTO08Tests {
  private static let compliant: [ItemID: Verdict] = ["10.5.c": .compliant, "19.6.c": .compliant]

  private func ledger(_ house: ObservedHouse) async throws -> Ledger {
    try await Ledger(
      origin: "cloud.test/ledger", records: house.records, keyring: house.keyring, clock: house.clock, random: house.random,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isTenant: { _, _ in true })
  }

  /// A use of a customer's key as the vaults enter it.
  private func use(_ facts: [String: String], in house: ObservedHouse) async throws {
    let entry = LedgerEntry(
      id: house.random.guid(), time: house.clock.now(), tenant: GUID(high: 0, low: 9), kind: .keyUse, subject: "https://v.vault.cloud.test/keys/k/1",
      outcome: .succeeded, request: house.random.guid(), facts: ["operation": "Unwrap Key", "use": "unwrapKey"].merging(facts) { $1 })
    try await house.records.write { try entry.append(in: $0) }
  }

  @Test func `a canary under a customer's key is read with the customer's consent alone, and leaves nothing behind`() async throws {
    let house = try await ObservedHouse()
    for _ in 0..<2 {
      let findings = try await house.findings(ControlCRYPTO08())
      #expect(findings.map(\.verdict) == [.compliant], "\(findings.compactMap(\.reason))")
    }
    let keys = try await house.records.read { try Keyring.dataKeys(ofTenant: .zero, limit: 10, in: $0) }
    #expect(keys.isEmpty)
  }

  @Test func `a canary that opens when it must not is a gap`() {
    let faults: [(reason: String, change: (inout CustomerCanary.Look) -> Void)] = [
      ("sans le client", { $0.opensWithoutCustomer = true }), ("après le refus", { $0.isReadableAfterRefusal = true }),
      ("dernière réponse", { $0.isReadableInSilence = true }), ("ne revient pas", { $0.comesBack = false }),
      ("sans motif", { $0.unexplained = 1 }),
    ]
    var good = CustomerCanary.Look()
    (good.wasReadable, good.comesBack, good.questions) = (true, true, 2)
    #expect(ControlCRYPTO08.cutting(good).verdict == .compliant)
    for (reason, change) in faults {
      var look = good
      change(&look)
      #expect(ControlCRYPTO08.cutting(look).verdict == .nonCompliant, "\(reason)")
      #expect(ControlCRYPTO08.cutting(look).reason?.french.contains(reason) == true, "\(reason)")
      look.wasReadable = false
      #expect(ControlCRYPTO08.cutting(look).verdict == .notAssessed, "\(reason)")
    }
  }

  @Test func `an account whose customer's key protects nothing is a gap, and so is a use of such a key without a reason`() async throws {
    let house = try await ObservedHouse()
    let subscription = try await house.makeTenant(GUID(high: 0, low: 9), "client")
    try await house.makeAccount("a", in: subscription)
    var resource = try await house.makeResource("a", in: subscription, at: "paris")
    #expect(try await house.verdicts(ControlCRYPTO08()) == Self.compliant)
    resource.properties = ["encryption": ["keyvaultproperties": ["keyvaulturi": "https://v.vault.cloud.test", "keyname": "k"]]]
    try await house.records.write { [resource] in try $0.save(resource) }
    let declared = try #require(try await house.findings(ControlCRYPTO08()).first { $0.verdict == .nonCompliant })
    #expect(declared.reason?.french.contains("le compte a ") == true)
    resource.properties = [:]
    try await house.records.write { [resource] in try $0.save(resource) }
    #expect(try await house.verdicts(ControlCRYPTO08()) == Self.compliant)

    let ledger = try await ledger(house)
    let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
    try await use(["reason": "storageData", "resource": path], in: house)
    // A customer's own use of a key is the customer's affair.
    try await use(["algorithm": "RSA-OAEP-256"], in: house)
    try await use(["algorithm": "RSA-OAEP-256", "external": "k", "reason": "vaultOperation"], in: house)
    try await ledger.fileAll()
    let findings = try await house.findings(ControlCRYPTO08())
    #expect(try await house.verdicts(ControlCRYPTO08()) == Self.compliant)
    #expect(findings.contains { $0.figures.contains { $0.name.french == "usages : storageData" && $0.value == 1 } })

    try await use(["reason": "", "resource": path], in: house)
    try await ledger.fileAll()
    let weak = try #require(try await house.findings(ControlCRYPTO08()).first { $0.verdict == .nonCompliant })
    #expect(weak.reason?.french.contains("sans motif") == true)
    #expect(try await house.verdicts(ControlCRYPTO08())["19.6.c"] == .nonCompliant)
    // What is in the ledger stays there: it leaves the newest entries.
    for _ in 0..<ControlCRYPTO08.maximumEntries { try await use(["reason": "storageData", "resource": path], in: house) }
    try await ledger.fileAll()
    #expect(try await house.verdicts(ControlCRYPTO08()) == Self.compliant)
  }
}
