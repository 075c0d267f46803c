internal import Base
internal import Crypto
internal import Records
internal import Wire

/// Lists of things in vaults, page by page. A page reads what it shows and one record more, however many there are.
struct VaultLists: Sendable {
  let objects: VaultObjects

  init(_ objects: VaultObjects) {
    self.objects = objects
  }

  /// The things of the call's vault, or those that are deleted, in the order of their names. `item` renders one with its current version.
  func things(
    _ call: VaultCall, deleted: Bool = false, _ item: @escaping @Sendable (VaultObject, VaultObjectVersion) throws -> JSON
  ) async throws -> VaultAnswer {
    let (limit, position) = try page(call)
    let vault = call.vault
    let place = [vault.partition, objects.collection.rawValue]
    let after = position.map {
      RecordIndexPosition(components: place + [$0], key: VaultObject.key(tenant: vault.tenant, vault.partition, objects.collection, $0))
    }
    let (items, next) = try await objects.services.records.read { reader -> ([JSON], String?) in
      let found = try reader.list(
        VaultObject.self, index: deleted ? VaultObject.deletedIndex : VaultObject.activeIndex, place, tenant: vault.tenant, after: after,
        limit: limit + 1)
      let shown = found.prefix(limit)
      let items = try shown.map { try item($0, try objects.version(nil, of: $0, reader)) }
      return (items, found.count > limit ? shown.last?.name.lowercased() : nil)
    }
    return answer(call, "/\(deleted ? "deleted" : "")\(objects.collection.rawValue)", items, next)
  }

  /// The versions of the thing that the call names; none where there is no such thing, as Azure answers. `item` renders one.
  func versions(
    _ call: VaultCall, _ item: @escaping @Sendable (VaultObject, VaultObjectVersion) throws -> JSON
  ) async throws -> VaultAnswer {
    let (limit, position) = try page(call)
    let vault = call.vault
    let key = VaultObject.key(tenant: vault.tenant, vault.partition, objects.collection, call.name)
    let (items, next) = try await objects.services.records.read { reader -> ([JSON], String?) in
      guard let object = try reader.fetch(VaultObject.self, key), object.deletion == nil else { return ([], nil) }
      let after = position.map { VaultObjectVersion.key(tenant: vault.tenant, vault.partition, object.incarnation, $0) }
      let parent = RecordKey(tenant: vault.tenant, vault.partition, object.incarnation.description)
      let found = try reader.list(VaultObjectVersion.self, under: parent, after: after, limit: limit + 1)
      let shown = found.prefix(limit)
      return (try shown.map { try item(object, $0) }, found.count > limit ? shown.last?.version : nil)
    }
    return answer(call, "/\(objects.collection.rawValue)/\(call.name)/versions", items, next)
  }

  // MARK: Paging

  /// How many things the page has at most, and behind which it begins. Throws 400.
  private func page(_ call: VaultCall) throws -> (limit: Int, position: String?) {
    var limit = VaultLimits.maximumPage
    if let text = call.query["maxresults"] {
      guard let number = Int(text), (1...VaultLimits.maximumPage).contains(number) else {
        throw VaultError.badParameter("Invalid value of maxresults: it must be between 1 and \(VaultLimits.maximumPage).")
      }
      limit = number
    }
    return (limit, try call.query["$skiptoken"].map { try position($0, call) })
  }

  private func answer(_ call: VaultCall, _ path: String, _ items: [JSON], _ next: String?) -> VaultAnswer {
    let link = next.map { position -> JSON in
      var items = call.query.items.filter { !$0.name.equalsIgnoringASCIICase("$skiptoken") }
      items.append(("$skiptoken", token(position, call)))
      let query = items.map { "\(percentEncoded($0.name, keeping: "$"))=\(percentEncoded($0.value))" }.joined(separator: "&")
      return .string("\(call.vaultURL)\(path)?\(query)")
    }
    return VaultAnswer(200, ["value": .array(items), "nextLink": link ?? .null])
  }

  private static let checkBytes = 8

  /// The position, with a digest over it and the list that it belongs to: no secret, and grants nothing, but one that was altered or belongs to another list
  /// is refused and not misread.
  private func token(_ position: String, _ call: VaultCall) -> String {
    Base64URL.encode(Self.check(position, call) + Array(position.utf8))
  }

  private func position(_ token: String, _ call: VaultCall) throws -> String {
    guard let bytes = Base64URL.decode(token), bytes.count > Self.checkBytes,
      let position = String(validating: bytes.dropFirst(Self.checkBytes), as: UTF8.self),
      bytes.prefix(Self.checkBytes).elementsEqual(Self.check(position, call))
    else { throw VaultError.badParameter("The $skiptoken is invalid.") }
    return position
  }

  private static func check(_ position: String, _ call: VaultCall) -> [UInt8] {
    Array(SHA256.hash(data: Array("\(call.vault.partition) \(call.operation) \(call.name.lowercased()) \(position)".utf8)).prefix(checkBytes))
  }
}
