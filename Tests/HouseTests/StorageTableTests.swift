import Access
import FoundationEssentials
import NIOHTTP1
import Storage
import Testing

/// `docs/storage-operations.md` says which operations the data plane serves.
struct StorageTableTests {
  private static let path = "\(#filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined())/docs/storage-operations.md"
  private static let services: KeyValuePairs<StorageService, String> = [.blob: "Blobs", .queue: "Queues", .table: "Tables", .web: "Static website"]

  @Test func theTableOfStorageOperationsIsTheOneThatTheEndpointHas() async throws {
    let made = Self.document(try await House())
    if ProcessInfo.processInfo.environment["COCAGNE_UPDATE_GOLDEN"] != nil { try Data(made.utf8).write(to: URL(filePath: Self.path)) }
    let committed = String(decoding: try Data(contentsOf: URL(filePath: Self.path)), as: UTF8.self)
    #expect(made == committed, "set COCAGNE_UPDATE_GOLDEN=1 to write \(Self.path) anew, then read the difference")
  }

  private static func document(_ house: House) -> String {
    var lines = [
      "# Storage: the operations that are served", "",
      "Written by `StorageTableTests` from the endpoint's table: `COCAGNE_UPDATE_GOLDEN=1` writes it anew. What is served in part, what is refused, and the "
        + "error that it gets: [storage.md](storage.md).", "",
      "Operations with one request differ by a header (`x-ms-copy-source`, `x-ms-requires-sync`, `X-HTTP-Method`) or by `peekonly=true`.", "",
      "Permissions are those that a role grants; where a request decides, the table says that of one without headers. `or` is for others that suffice. A "
        + "signature needs a letter of its row for the resource type before it (`s`ervice, `c`ontainer, `o`bject); a service signature gives those behind "
        + "`service:` alone. Where nothing stands, no signature reaches.",
    ]
    for (service, title) in services {
      let rows = house.storage.operations.filter { $0.service == service }
      lines += [
        "", "## \(title)", "", "Operations: \(Set(rows.map(\.name)).count).", "",
        "| operation | request | permission | signed |", "|---|---|---|---|",
      ]
      lines += Set(rows.map { Row($0, house) }).sorted().map(\.markdown)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private struct Row: Hashable, Comparable {
    var name: String
    var request: String
    var permission: String
    var signed: String

    init(_ operation: StorageOperation, _ house: House) {
      let query = [operation.resourceType.map { "restype=\($0)" }, operation.comp.map { "comp=\($0)" }].compactMap { $0 }.joined(separator: "&")
      name = operation.name
      request = "`\(operation.method.rawValue) \(path(operation.level))\(query.isEmpty ? "" : "?")\(query)`"
      if operation.isSecondary { request += " at the secondary host" }
      let action = operation.action(house.storageRequest(operation.method, "/", service: operation.service))
      permission = ([action.name] + action.alternatives).map { "`\(shortened($0))`" }.joined(separator: " or ")
      signed = StorageTableTests.signed(action.signed)
    }

    var markdown: String { "| \(name) | \(request) | \(permission) | \(signed) |" }

    static func < (left: Row, right: Row) -> Bool { (left.name, left.request) < (right.name, right.request) }
  }

  private static func path(_ level: StorageOperation.Level) -> String {
    switch level {
    case .account: "/"
    case .container: "/<container>"
    case .blob: "/<container>/<blob>"
    case .queue: "/<queue>"
    case .messages: "/<queue>/messages"
    case .message: "/<queue>/messages/<id>"
    case .tables: "/Tables"
    case .table: "/Tables('<table>')"
    case .entities: "/<table>"
    case .entity: "/<table>(PartitionKey='…',RowKey='…')"
    case .tableBatch: "/$batch"
    case .page: "/<path>"
    }
  }

  /// Without what all of them begin with.
  private static func shortened(_ permission: String) -> String {
    let prefix = "Microsoft.Storage/storageAccounts/"
    return permission.hasPrefix(prefix) ? String(permission.dropFirst(prefix.count)) : permission
  }

  private static func signed(_ requirement: SignedRequirement?) -> String {
    guard let requirement else { return "" }
    func letters(_ set: Set<Character>) -> String { String(set.sorted()) }
    let others = requirement.allOf.isEmpty ? "" : " with \(letters(requirement.allOf))"
    let everywhere = "\(requirement.resourceType): \(letters(requirement.anyOf))\(others)"
    guard requirement.inService != requirement.anyOf else { return everywhere }
    return "\(everywhere); service: \(requirement.inService.isEmpty ? "none" : letters(requirement.inService))"
  }
}
