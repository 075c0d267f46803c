import Base
import Catalogue
import Declarations
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Testing
import Wire

struct ControlRES01Tests {
  /// Writes a security group with one rule that allows and one that does not.
  private func setRule(_ description: JSON?, _ house: ObservedHouse) async throws {
    let tenant = GUID(high: 1, low: 1)
    let subscription = GUID(high: 1, low: 2)
    let path = "/subscriptions/\(subscription)/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg"
    let id = try #require(ResourceID(path))
    let now = house.clock.now()
    let allow: JSON = .object([
      "access": "Allow", "direction": "Inbound", "protocol": "Tcp", "destinationPortRange": "22", "description": description,
    ])
    let deny: JSON = ["access": "Deny", "direction": "Inbound", "protocol": "*", "destinationPortRange": "*"]
    let group = Resource(
      tenant: tenant, id: id, location: "paris",
      properties: [
        "resourceGuid": "g1", "securityRules": [["name": "ssh", "properties": allow], ["name": "rest", "properties": deny]],
      ], etag: .zero, createdTime: now, changedTime: now)
    try await house.records.write { transaction in
      try transaction.save(Subscription(id: subscription, tenant: tenant, displayName: "s", createdTime: now))
      try transaction.save(group)
    }
  }

  @Test func `a rule that allows and does not say why is a gap until it does`() async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlRES01())["13.1.a"] == .notAssessed)
    try await setRule(nil, house)
    let bare = try await house.findings(ControlRES01())
    #expect(bare.verdict("13.1.a") == .nonCompliant)
    #expect(bare.reason("13.1.a").hasPrefix("1 règles d'autorisation sur 1"))
    try await setRule(" ", house)
    #expect(try await house.verdicts(ControlRES01())["13.1.a"] == .nonCompliant)
    try await setRule("Administration depuis le bastion", house)
    #expect(try await house.verdicts(ControlRES01())["13.1.a"] == .notAssessed)
    try await house.filePlatformRegister()
    #expect(try await house.verdicts(ControlRES01())["13.1.a"] == .compliant)
  }

  @Test func `a map that nobody has reviewed for a year is a gap`() async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlRES01())["13.1.b"] == .notAssessed)
    let slot = try #require(try SecNumCloudData.pieceSlots(house.platform.requirements).slots(for: "13.1.b").first)
    func file(_ approved: String) async throws {
      _ = try await house.documents.file(
        [1],
        as: Piece.Draft(
          slot: slot.id, title: "Carte", file: "carte.pdf", owner: "Exploitation", approver: "RSSI", approved: try #require(CalendarDate(approved)),
          nextReview: nil))
    }
    try await file("2026-01-10")
    #expect(try await house.verdicts(ControlRES01())["13.1.b"] == .nonCompliant)
    try await file("2027-01-10")
    #expect(try await house.verdicts(ControlRES01())["13.1.b"] == .compliant)
  }
}
