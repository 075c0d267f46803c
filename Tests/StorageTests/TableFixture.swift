import Base
import Edge
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

/// The table service of a fixture: requests at the account's table host, and what comes back, parsed.
struct TableFixture {
  let storage: StorageFixture

  init(seed: UInt64 = 1) async throws {
    storage = try await StorageFixture(seed: seed)
  }

  func request(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], _ headers: [(String, String)] = [],
    body: any EdgeBody = EmptyBody(), account: String = StorageFixture.account
  ) -> EdgeRequest {
    var request = storage.request(method, "", query, headers, body: body, account: account)
    request.path = "/" + percentEncoded(path, keeping: "/()=',$")
    request.authority = "\(account).table.cloud.test".replacing(".table.", with: ".table.core.")
    request.host = request.authority
    return request
  }

  /// `json` is the document to send.
  @discardableResult
  func send(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], _ headers: [(String, String)] = [], json: String? = nil
  ) async throws -> Answer {
    let body: any EdgeBody = if let json { PiecesBody(Array(json.utf8)) } else { EmptyBody() }
    let type = json == nil ? [] : [("Content-Type", "application/json")]
    return try await Answer(await storage.endpoint.respond(to: request(method, path, query, type + headers, body: body)))
  }

  func makeTable(_ name: String = "people") async throws {
    let answer = try await send(.POST, "Tables", json: #"{"TableName":"\#(name)"}"#)
    #expect(answer.status == 201, "\(answer)")
  }

  /// Inserts an entity with `members`, JSON's members behind the keys.
  @discardableResult
  func insert(_ partition: String, _ row: String, _ members: String = "", into table: String = "people") async throws -> Answer {
    let keys = "\"PartitionKey\":\(JSON.string(partition).text),\"RowKey\":\(JSON.string(row).text)"
    return try await send(.POST, table, json: "{\(keys)\(members.isEmpty ? "" : ",\(members)")}")
  }

  static func address(_ partition: String, _ row: String, table: String = "people") -> String {
    "\(table)(PartitionKey='\(partition.replacing("'", with: "''"))',RowKey='\(row.replacing("'", with: "''"))')"
  }

  func get(_ partition: String, _ row: String, accept: String = "application/json;odata=fullmetadata") async throws -> Answer {
    try await send(.GET, Self.address(partition, row), [], [("Accept", accept)])
  }

  /// The row keys that a query gives, from all its pages.
  func rows(_ filter: String?, top: Int? = nil, in table: String = "people") async throws -> [String] {
    var rows: [String] = []
    var next: [(name: String, value: String)] = []
    repeat {
      let query = [("$filter", filter), ("$top", top.map(String.init))].compactMap { name, value in value.map { (name: name, value: $0) } }
      let answer = try await send(.GET, "\(table)()", query + next, [("Accept", "application/json;odata=nometadata")])
      #expect(answer.status == 200, "\(filter ?? "") \(answer)")
      guard answer.status == 200 else { return rows }
      let page = try answer.json()["value"]?.array ?? []
      if let top { #expect(page.count <= top) }
      rows += page.compactMap { $0["RowKey"]?.string }
      next = ["NextPartitionKey", "NextRowKey"].compactMap { name in answer["x-ms-continuation-\(name)"].map { (name: name, value: $0) } }
    } while !next.isEmpty
    return rows
  }
}

extension Answer {
  /// The document as JSON.
  func json() throws -> JSON { try JSON(parsing: body, limits: JSONLimits(bytes: 16 << 20)) }
}
