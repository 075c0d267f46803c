internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Compute/availabilitySets`: machines that are to run apart from each other, as far as there are hosts for it (`Scheduler`).
///
/// Source: Microsoft, "Availability Sets", REST reference, and "Understand common error messages when you manage virtual machines in Azure".
struct AvailabilitySetType: ResourceType {
  static let name = "Microsoft.Compute/availabilitySets"
  static let skus = ["Aligned", "Classic"]
  static let faultDomains: ClosedRange<Int64> = 1...3
  static let updateDomains: ClosedRange<Int64> = 1...20
  /// Sets of one subscription, and machines of one set.
  static let maximumSets = 2500
  static let maximumMachines = 200

  let service: ComputeService
  // Its clients take 200 alone for an answer to PUT.
  let descriptor = ResourceTypeDescriptor(type: name, apiVersions: ComputeProvider.apiVersions, createdStatus: 200, linkPermission: "\(name)/write")

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    if change.existing == nil { try checkNew(change, in: transaction) }
    let given = change.body.member("properties") ?? [:]
    guard given.member("proximityPlacementGroup") == nil else {
      throw CloudError.invalidParameter("proximityPlacementGroup", "Proximity placement groups are not served by this cloud.")
    }
    let properties: JSON = [
      "platformFaultDomainCount": .integer(try count("fault", given, change.existing, Self.faultDomains, standard: 2)),
      "platformUpdateDomainCount": .integer(try count("update", given, change.existing, Self.updateDomains, standard: 5)),
    ]
    return Resource(
      tenant: change.context.tenant, id: change.id, location: nil, sku: ["name": .string(try sku(change))], properties: properties, etag: .zero,
      createdTime: change.context.now, changedTime: change.context.now)
  }

  private func checkNew(_ change: ResourceChange, in reader: any RecordReader) throws {
    let name = change.id.name
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isPlain, (1...80).contains(name.utf8.count), !"-_.".contains(name.prefix(1)), !"-.".contains(name.suffix(1)) else {
      throw CloudError.invalidParameter(
        "availabilitySet.name",
        "The Availability Set name is invalid: '\(name)'. It may have up to 80 letters, digits, '_', '-' and '.', begins with a letter or digit and "
          + "ends with a letter, a digit or '_'.")
    }
    guard try ResourceCount.of(Self.name, change.context, limit: Self.maximumSets, in: reader) < Self.maximumSets else {
      throw CloudError.operationNotAllowed(
        "Operation could not be completed as it results in exceeding approved Availability Sets quota of \(Self.maximumSets).")
    }
  }

  /// How many domains of a kind there are to be; of a set that is there, how many there are.
  private func count(_ kind: String, _ given: JSON, _ existing: Resource?, _ range: ClosedRange<Int64>, standard: Int64) throws -> Int64 {
    let name = kind == "fault" ? "platformFaultDomainCount" : "platformUpdateDomainCount"
    let before = existing?.properties[name]?.integer
    guard let value = given.member(name) else { return before ?? standard }
    // Templates write numbers as texts too, and Azure reads them.
    guard let wanted = value.integer ?? value.string.flatMap({ Int64($0) }) else {
      throw CloudError.invalidParameter(name, "The value of parameter \(name) is invalid.")
    }
    guard range.contains(wanted) else {
      throw CloudError.invalidParameter(
        name, "The specified \(kind) domain count \(wanted) must fall in the range \(range.lowerBound) to \(range.upperBound).")
    }
    if let before, before != wanted { throw CloudError.changeNotAllowed(name) }
    return wanted
  }

  private func sku(_ change: ResourceChange) throws -> String {
    let before = change.existing?.sku?["name"]?.string
    guard let given = change.body.member("sku", "name")?.string else { return before ?? "Classic" }
    guard let name = Self.skus.first(where: { $0.lowercased() == given.lowercased() }) else {
      throw CloudError.invalidParameter("sku.name", "SKU name '\(given)' is not valid. Valid values are \(Self.skus.joined(separator: ", ")).")
    }
    if before == "Aligned", name == "Classic" {
      throw CloudError.operationNotAllowed("Changing availability set SKU from 'Aligned' to 'Classic' is not allowed.")
    }
    return name
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard try machines(of: resource, in: transaction).isEmpty else {
      throw CloudError.operationNotAllowed(
        "Availability Set '\(resource.id.name)' cannot be deleted. Before deleting an Availability Set please ensure that it does not contain any "
          + "VM.")
    }
  }

  private func machines(of set: Resource, in reader: any RecordReader) throws -> [ResourceID] {
    try ResourceLink.sources(of: set.id, VirtualMachineType.availabilitySetRole, tenant: set.tenant, in: reader)
  }

  // MARK: Showing

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    shown["virtualMachines"] = .array(try machines(of: resource, in: reader).map { ["id": .string($0.description)] })
    shown["statuses"] = [
      [
        "code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded",
        "time": .string(resource.changedTime.iso8601Fractional),
      ]
    ]
    return .object(shown)
  }

  var views: [ResourceView] {
    [ResourceView(name: "vmSizes", permission: "\(Self.name)/vmSizes/read") { _, _, _ in ["value": .array(service.sizes.map(\.json))] }]
  }

  /// What `skus` lists of sets.
  ///
  /// Source: Microsoft, "Resource Skus - List", REST reference.
  static func skuJSON(location: String) -> [JSON] {
    skus.map { name in
      [
        "resourceType": "availabilitySets", "name": .string(name), "locations": [.string(location)],
        "locationInfo": [["location": .string(location), "zones": [], "zoneDetails": []]],
        "capabilities": [["name": "MaximumPlatformFaultDomainCount", "value": .string(String(faultDomains.upperBound))]], "restrictions": [],
      ]
    }
  }
}

extension Machine.Availability {
  /// The place of one more machine beside those that a set has: in the domains that the fewest of them are in.
  init(in set: Resource, beside others: [Machine.Availability]) {
    self.init(
      set: set.id,
      faultDomain: Self.emptiest(of: set.properties["platformFaultDomainCount"]?.integer ?? 1, others.map(\.faultDomain)),
      updateDomain: Self.emptiest(of: set.properties["platformUpdateDomainCount"]?.integer ?? 1, others.map(\.updateDomain)))
  }

  /// The first of the domains that occur least.
  private static func emptiest(of count: Int64, _ taken: [Int]) -> Int {
    (0..<Int(count)).min { left, right in taken.count { $0 == left } < taken.count { $0 == right } } ?? 0
  }
}
