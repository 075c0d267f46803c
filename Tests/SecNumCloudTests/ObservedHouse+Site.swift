import Catalogue
import SecNumCloud

extension ObservedHouse {
  /// The same platform at a site that differs, perhaps with another outside.
  func platform(outside other: (any OutsideView)? = nil, _ change: (inout Site) -> Void) -> ObservedPlatform {
    var site = platform.site
    change(&site)
    return ObservedPlatform(
      site: site, requirements: platform.requirements, records: records, keyring: keyring, extents: extents, access: access, identity: identity,
      documents: documents, evidenceKey: evidenceKey, host: host, outside: other ?? outside, machines: machines, clock: clock, random: random,
      logger: platform.logger)
  }
}

extension [Finding] {
  /// What they come to for an item.
  func verdict(_ item: String) -> Verdict? { Verdict.combined(filter { $0.items.contains { $0.description == item } }.map(\.verdict)) }

  /// Why an item is not compliant, in French; empty where it is.
  func reasons(_ item: String) -> String {
    filter { $0.items.contains { $0.description == item } }.compactMap { $0.reason?.french }.joined(separator: " ")
  }
}
