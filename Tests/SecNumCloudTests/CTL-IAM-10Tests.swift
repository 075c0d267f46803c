import Base
import Catalogue
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Synchronization
import Testing
import Wire

struct ControlIAM10Tests {
  private static func all(_ verdict: Verdict) -> [ItemID: Verdict] { ["9.6.i": verdict, "9.6.j": verdict, "9.6.k": verdict] }

  /// A house with a customer's subscription, behind the cloud's own endpoints; `change` is a weakness of theirs.
  private func house(
    _ change: @escaping @Sendable (OutsideRequest, Subscription, inout OutsideAnswer) -> Void
  ) async throws -> (ObservedHouse, Subscription) {
    let house = try await ObservedHouse()
    let customer = Subscription(id: house.random.guid(), tenant: house.random.guid(), displayName: "contoso", createdTime: house.clock.now())
    try await house.records.write { try $0.save(customer) }
    let door = HouseDoor(house)
    house.outside.onRequest { request in
      var answer = try await door.request(request)
      change(request, customer, &answer)
      return answer
    }
    return (house, customer)
  }

  @Test func `a listing that shows a tenant another's subscription is a gap until it shows none`() async throws {
    let weak = Switch()
    let (house, customer) = try await house { request, customer, answer in
      guard weak.isOn, request.path.hasPrefix("/subscriptions?") else { return }
      answer.body = JSON.object(["value": [["subscriptionId": .string(customer.id.description)]]]).bytes
    }
    #expect(try await house.verdicts(ControlIAM10()) == Self.all(.compliant))
    weak.isOn = true
    let findings = try await house.findings(ControlIAM10())
    #expect(findings.verdict("9.6.i") == .nonCompliant)
    #expect(findings.reasons("9.6.i").contains(customer.id.description))
    weak.isOn = false
    #expect(try await house.verdicts(ControlIAM10()) == Self.all(.compliant))
  }

  @Test func `a subscription that another tenant reaches by its id is a gap`() async throws {
    let (house, _) = try await house { request, customer, answer in
      if request.path.hasPrefix("\(customer.path)/resources") { answer.status = 200 }
    }
    #expect(try await house.verdicts(ControlIAM10()) == Self.all(.nonCompliant))
  }

  @Test func `a user of another directory in a tenant's list is a gap`() async throws {
    let (house, _) = try await house { request, _, answer in
      guard request.path.hasPrefix("/v1.0/users") else { return }
      answer.body = JSON.object(["value": [["id": "00000000-0000-4000-8000-000000000001"]]]).bytes
    }
    #expect(try await house.verdicts(ControlIAM10()) == Self.all(.nonCompliant))
  }
}

/// What a test turns on to weaken something, and off to mend it.
final class Switch: Sendable {
  private let state = Mutex(false)

  var isOn: Bool {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
