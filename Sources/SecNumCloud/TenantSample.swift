internal import Base
internal import Identity
internal import Records

/// The tenants that a look takes in: all of them, or a random few where there are many. Those that the platform throws away are none of them.
struct TenantSample: Sendable {
  /// In the order of their ids.
  let tenants: [Tenant]
  /// How many there are.
  let total: Int

  /// Tenants that one look takes in at most.
  static let maximum = 256

  static func take(_ platform: ObservedPlatform, in reader: any RecordReader) throws -> TenantSample {
    let thrown = try ThrowawayTenant.all(in: reader)
    let all = try platform.identity.tenants(limit: ObservationLimits.maximumListed, in: reader).filter { !thrown.contains($0.id) }
    return TenantSample(tenants: platform.random.sample(all, maximum), total: all.count)
  }

  var figure: Finding.Figure {
    Finding.Figure(
      tenants.count == total ? "locataires" : "échantillon de locataires sur \(total)",
      tenants.count == total ? "tenants" : "sample of tenants of \(total)",
      tenants.count)
  }
}

extension RandomSource {
  /// At most `count` of some things, each as likely as any other, in their order.
  func sample<Element>(_ elements: [Element], _ count: Int) -> [Element] {
    guard elements.count > count else { return elements }
    var rest = Array(elements.indices)
    for index in 0..<count { rest.swapAt(index, index + number(below: rest.count - index)) }
    return rest.prefix(count).sorted().map { elements[$0] }
  }
}
