internal import Wire

/// What entities hold of the provider, directly and through others: computed over the graph of a capital register.
///
/// An indirect share is judged twice. By multiplication: 50 % of a company that holds 40 % is 20 %. By control (commercial code, L.233-3): what a
/// controlled company holds counts whole as its controller's. The second is never less than the first.
struct Shareholding {
  let register: CapitalRegister
  private let entities: [String: CapitalRegister.Entity]
  private let owners: [String: [CapitalRegister.Holding]]
  /// Companies that each entity controls for certain: by a majority, an agreement, or the appointment of a majority of a body.
  private let certain: [String: Set<String>]

  enum Measure: String, CaseIterable {
    case capital, votes

    var name: Text { self == .capital ? Text("capital", "capital") : Text("droits de vote", "voting rights") }

    func share(_ holding: CapitalRegister.Holding) -> Share { self == .capital ? holding.capital : holding.votes }
  }

  init(_ register: CapitalRegister) {
    self.register = register
    entities = Dictionary(register.entities.map { ($0.id, $0) }) { first, _ in first }
    let owners = Dictionary(grouping: register.holdings, by: \.company)
    self.owners = owners
    var certain: [String: Set<String>] = [:]
    for entity in register.entities {
      let controlled = Self.closure(of: entity.id) { group in Self.certainlyControlled(by: group, register, owners) }
      certain[entity.id] = controlled
    }
    self.certain = certain
  }

  // MARK: Control

  /// Everything that a group comes to by taking in, again and again, what `next` says that it controls.
  private static func closure(of entity: String, _ next: (Set<String>) -> Set<String>) -> Set<String> {
    var group: Set = [entity]
    while true {
      let wider = group.union(next(group))
      guard wider.count > group.count else { return group.subtracting([entity]) }
      group = wider
    }
  }

  private static func votes(of group: Set<String>, in holdings: [CapitalRegister.Holding]) -> Share {
    holdings.filter { group.contains($0.owner) }.reduce(.zero) { $0 + $1.votes }
  }

  private static func certainlyControlled(
    by group: Set<String>, _ register: CapitalRegister, _ owners: [String: [CapitalRegister.Holding]]
  ) -> Set<String> {
    var controlled: Set<String> = []
    for (company, holdings) in owners where !group.contains(company) {
      let own = holdings.filter { group.contains($0.owner) }
      if votes(of: group, in: holdings) > .half || own.contains(where: { $0.control == true }) { controlled.insert(company) }
    }
    var seats: [[String]: Int] = [:]
    for right in register.rights where right.kind == .appointment && group.contains(right.holder) {
      seats[[right.company, right.body ?? ""], default: 0] += right.seats
      if 2 * (seats[[right.company, right.body ?? ""]] ?? 0) > right.total { controlled.insert(right.company) }
    }
    return controlled.subtracting(group)
  }

  /// The companies that an entity controls, those included where control is but presumed: more than 40 % of the votes, and nobody has as much.
  func controlled(by entity: String) -> Set<String> {
    Self.closure(of: entity) { group in
      var controlled = Self.certainlyControlled(by: group, register, owners)
      for (company, holdings) in owners where !group.contains(company) {
        let own = Self.votes(of: group, in: holdings)
        guard own > Self.presumption, !holdings.contains(where: { group.contains($0.owner) && $0.control == false }) else { continue }
        let others = Set(holdings.map(\.owner)).subtracting(group)
        let rivals = entities.keys.filter { !group.contains($0) }.map { (certain[$0] ?? []).union([$0]) }
        let isRivalled = rivals.contains { rival in !rival.isDisjoint(with: others) && Self.votes(of: rival.subtracting(group), in: holdings) >= own }
        if !isRivalled { controlled.insert(company) }
      }
      return controlled
    }
  }

  private static let presumption = Share(percent: 40)

  // MARK: Shares

  /// What the members of a group hold of the provider. On each chain it counts at the member that is nearest to the provider, so nothing counts twice.
  func share(_ measure: Measure, of group: Set<String>) -> (held: Share, unknown: Share) {
    var weights: [String: Share] = [register.provider: .whole]
    var held = Share.zero
    var unknown = Share.zero
    for company in register.order {
      guard let weight = weights[company] else { continue }
      unknown = unknown + weight * unknownPart(of: company, measure)
      for holding in owners[company] ?? [] {
        let part = weight * measure.share(holding)
        if group.contains(holding.owner) { held = held + part } else { weights[holding.owner] = (weights[holding.owner] ?? .zero) + part }
      }
    }
    return (held, min(unknown, .whole))
  }

  /// The part of a company whose owner is not declared. Whoever has more than a half of the votes decides on the whole.
  private func unknownPart(of company: String, _ measure: Measure) -> Share {
    guard let entity = entities[company], entity.hasOwners || company == register.provider && entity.declarations == nil else { return .zero }
    let declared = owners[company] ?? []
    let votes = declared.reduce(Share.zero) { $0 + $1.votes }.remainder
    if votes > .half { return .whole }
    return declared.reduce(Share.zero) { $0 + measure.share($1) }.remainder
  }

  /// The chains by which an entity holds a part of the provider, each with the product of its shares: at most `limit`.
  func paths(_ measure: Measure, of entity: String, limit: Int) -> [(names: [String], factors: [Share], product: Share)] {
    let between = companies(measure, heldBy: entity)
    var paths: [(names: [String], factors: [Share], product: Share)] = []
    func walk(_ company: String, _ names: [String], _ factors: [Share], _ product: Share) {
      for holding in owners[company] ?? [] where paths.count < limit {
        let share = measure.share(holding)
        guard share > .zero else { continue }
        let (names, factors, product) = ([holding.owner] + names, [share] + factors, product * share)
        if holding.owner == entity { paths.append((names, factors, product)) }
        if between.contains(holding.owner) { walk(holding.owner, names, factors, product) }
      }
    }
    walk(register.provider, [register.provider], [], .whole)
    return paths
  }

  /// The companies in which an entity has a part, directly or not.
  private func companies(_ measure: Measure, heldBy entity: String) -> Set<String> {
    var found: Set<String> = []
    for company in register.order.reversed() {
      let held = (owners[company] ?? []).filter { measure.share($0) > .zero }
      if held.contains(where: { $0.owner == entity || found.contains($0.owner) }) { found.insert(company) }
    }
    return found
  }

  // MARK: What 19.6.b limits

  static let individualLimit = Share(percent: 24)
  static let collectiveLimit = Share(percent: 39)

  /// What one entity from outside of the Union holds by one measure.
  struct Individual {
    let entity: CapitalRegister.Entity
    let measure: Measure
    let byMultiplication: Share
    let byControl: Share
    let unknown: Share
    let controls: Set<String>
  }

  var foreign: [CapitalRegister.Entity] { register.entities.filter { $0.isForeign && $0.id != register.provider } }

  /// Everyone from outside, and every company that one of them controls.
  var foreignGroup: Set<String> { Set(foreign.map(\.id)).union(foreign.flatMap { controlled(by: $0.id) }).subtracting([register.provider]) }

  func individual(_ entity: CapitalRegister.Entity, _ measure: Measure) -> Individual {
    let controls = controlled(by: entity.id)
    let byControl = share(measure, of: controls.union([entity.id]))
    return Individual(
      entity: entity, measure: measure, byMultiplication: share(measure, of: [entity.id]).held, byControl: byControl.held, unknown: byControl.unknown,
      controls: controls)
  }

  /// Rights in the provider, or in who controls it, that nobody from outside may have: each as a gap.
  func forbiddenRights() -> [Text] {
    let outside = foreignGroup
    let decisive = Set(entities.keys.filter { controlled(by: $0).contains(register.provider) }).union([register.provider])
    var gaps: [Text] = []
    var seats: [[String]: (taken: Int, total: Int)] = [:]
    for right in register.rights where outside.contains(right.holder) && decisive.contains(right.company) {
      switch right.kind {
      case .veto:
        gaps.append(
          Text(
            "\(name(right.holder)) a un droit de veto dans \(name(right.company)) (\(right.source)).",
            "\(name(right.holder)) has a right of veto in \(name(right.company)) (\(right.source))."))
      case .appointment:
        let key = [right.company, right.body ?? ""]
        seats[key] = ((seats[key]?.taken ?? 0) + right.seats, right.total)
      }
    }
    for (key, count) in seats.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) where 2 * count.taken > count.total {
      gaps.append(
        Text(
          "des entités hors de l'Union nomment \(count.taken) membres sur \(count.total) de l'organe « \(key[1]) » de \(name(key[0])).",
          "entities from outside of the Union appoint \(count.taken) of \(count.total) members of the body “\(key[1])” of \(name(key[0]))."))
    }
    return gaps
  }

  func name(_ id: String) -> String { entities[id]?.name ?? id }
}
