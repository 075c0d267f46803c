import Base
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct BatchTests {
  private struct Part: Equatable {
    var status: Int
    var id: String?
    var code: String?
  }

  private static func body(_ requests: [(String, [(String, String)])], boundary: String = "batch_1") -> [UInt8] {
    var text = ""
    for (index, (line, headers)) in requests.enumerated() {
      text +=
        "--\(boundary)\r\nContent-Type: application/http\r\nContent-ID: \(index)\r\nContent-Transfer-Encoding: binary\r\n\r\n\(line) HTTP/1.1\r\n"
      for (name, value) in headers + [("Authorization", "Bearer token"), ("Content-Length", "0")] { text += "\(name): \(value)\r\n" }
      text += "\r\n\r\n"
    }
    return Array((text + "--\(boundary)--\r\n").utf8)
  }

  private static func send(
    _ fixture: StorageFixture, _ body: [UInt8], container: String? = nil, type: String = "multipart/mixed; boundary=batch_1"
  ) async throws -> (Answer, [Part]) {
    let query = [(name: "comp", value: "batch")] + (container == nil ? [] : [(name: "restype", value: "container")])
    let answer = try await fixture.send(.POST, container ?? "", query, [("Content-Type", type)], body: PiecesBody(body))
    guard answer.status == 202 else { return (answer, []) }
    let boundary = try #require(answer["Content-Type"]?.split(separator: "=").last)
    let parts = answer.text.components(of: "--\(boundary)").dropFirst().filter { $0 != "--\r\n" }.map { text in
      func header(_ name: String) -> String? {
        text.components(of: "\r\n").first { $0.lowercased().hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
      }
      let status = text.components(of: "HTTP/1.1 ").last?.prefix(3)
      return Part(status: status.flatMap { Int($0) } ?? 0, id: header("content-id"), code: header("x-ms-error-code"))
    }
    return (answer, parts)
  }

  @Test(arguments: [nil, "con"])
  func eachRequestOfABatchIsAnsweredInItsPlace(container: String?) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    for name in ["a", "b", "c d"] { try await fixture.put("con/\(name)", [1]) }
    let tiers = [("PUT /con/a?comp=tier", [("x-ms-access-tier", "Cool")]), ("PUT /con/b?comp=tier", [("x-ms-access-tier", "Warm")])]
    let (_, changed) = try await Self.send(fixture, Self.body(tiers), container: container)
    #expect(changed == [Part(status: 200, id: "0"), Part(status: 400, id: "1", code: "InvalidHeaderValue")])
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-access-tier"] == "Cool")
    let (answer, deleted) = try await Self.send(
      fixture, Self.body([("DELETE /con/a", []), ("DELETE /con/none", []), ("DELETE /con/c%20d", []), ("DELETE /con/b", [("If-Match", "\"0x1\"")])]),
      container: container)
    #expect(
      deleted == [
        Part(status: 202, id: "0"), Part(status: 404, id: "1", code: "BlobNotFound"), Part(status: 202, id: "2"),
        Part(status: 412, id: "3", code: "ConditionNotMet"),
      ], "\(answer.text)")
    #expect(try await fixture.send(.HEAD, "con/a").status == 404)
    #expect(try await fixture.send(.HEAD, "con/b").status == 200)
    #expect(try await fixture.send(.HEAD, "con/c d").status == 404)
  }

  @Test func aBatchHoldsOneKindOfRequestForBlobsOfItsPlace() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.makeContainer("oth")
    for path in ["con/a", "oth/a"] { try await fixture.put(path, [1]) }
    let delete = ("DELETE /con/a", [(String, String)]())
    let batches: [([(String, [(String, String)])], String?)] = [
      ([delete, ("PUT /con/a?comp=tier", [("x-ms-access-tier", "Cool")])], nil), ([("GET /con/a", [])], nil), ([("PUT /con/a", [])], nil),
      ([("DELETE /con?restype=container", [])], nil), ([("POST /?comp=batch", [])], nil), ([delete, ("DELETE /oth/a", [])], "con"),
      ([("DELETE /con/a", [("Content-Length", "5")])], nil), ([("DELETE https://elsewhere/con/a", [])], nil),
    ]
    for (requests, container) in batches {
      let (answer, parts) = try await Self.send(fixture, Self.body(requests), container: container)
      #expect(parts == [Part(status: 400, id: nil, code: "InvalidInput")], "\(requests): \(answer.text)")
    }
    let (_, unreadable) = try await Self.send(fixture, Self.body([("DELETE /con/a%zz", [])]))
    #expect(unreadable == [Part(status: 400, id: nil, code: "InvalidUri")])
    let (_, none) = try await Self.send(fixture, Array("--batch_1--\r\n".utf8))
    #expect(none == [Part(status: 400, id: nil, code: "InvalidInput")])
    let many = (0..<257).map { ("DELETE /con/b\($0)", [(String, String)]()) }
    let (_, refused) = try await Self.send(fixture, Self.body(many))
    #expect(refused == [Part(status: 400, id: nil, code: "ExceedsMaxBatchRequestCount")])
    let (_, largest) = try await Self.send(fixture, Self.body(Array(many.prefix(256))))
    #expect(largest.count == 256)
    #expect(largest.allSatisfy { $0.status == 404 })
    for type in ["multipart/mixed", "text/plain; boundary=batch_1", "multipart/mixed; boundary="] {
      #expect(try await Self.send(fixture, Self.body([delete]), type: type).0.code == "InvalidHeaderValue", "\(type)")
    }
    #expect(try await Self.send(fixture, [UInt8](repeating: 0x20, count: 4 << 20 + 1)).0.status == 413)
    #expect(try await fixture.send(.HEAD, "con/a").status == 200)
    #expect(try await fixture.send(.HEAD, "oth/a").status == 200)
  }

  @Test func aRequestOfABatchNeedsItsOwnCredentials() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let body = String(decoding: Self.body([("DELETE /con/a", [])]), as: UTF8.self).components(of: "Authorization: Bearer token\r\n").joined()
    let (answer, parts) = try await Self.send(fixture, Array(body.utf8))
    #expect(parts.count == 1)
    #expect(parts.first?.code == "NoAuthenticationInformation" || parts.first?.code == "ResourceNotFound", "\(answer.text)")
    #expect(try await fixture.send(.HEAD, "con/a").status == 200)
  }

  @Test(arguments: [UInt64.random(in: 0 ..< .max), 1, 2])
  func theParserTakesWhateverComes(seed: UInt64) throws {
    let random = SeededRandom(seed: seed)
    func number(below bound: Int) -> Int { Int(random.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }) % bound }
    let valid = Self.body([("DELETE /con/a", [("x-ms-date", "x")]), ("DELETE /con/b?snapshot=1", []), ("PUT /con/c?comp=tier", [])])
    let pieces = ["--batch_1", "--batch_1--", "\r\n", "\n", "\r", ":", " ", "\0", "HTTP/1.1", "Content-Type: application/http", "é", "\u{FEFF}"].map {
      Array($0.utf8)
    }
    var accepted = 0
    for _ in 0..<3000 {
      var bytes = valid
      for _ in 0...number(below: 4) {
        let place = number(below: bytes.count + 1)
        switch number(below: 5) {
        case 0: bytes.insert(contentsOf: pieces[number(below: pieces.count)], at: place)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + number(below: 40)))
        case 2: if place < bytes.count { bytes[place] = random.bytes(1)[0] }
        case 3: bytes = Array(bytes[..<place])
        default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + number(below: 200))], at: number(below: bytes.count + 1))
        }
        if bytes.isEmpty { bytes = [0] }
      }
      do {
        let batch = try BatchRequest(bytes, boundary: "batch_1", maximumParts: 8)
        accepted += 1
        #expect((1...8).contains(batch.parts.count), "seed \(seed)")
        for part in batch.parts {
          #expect(part.target.hasPrefix("/"), "seed \(seed)")
          let texts = part.headers.flatMap { [$0.name, $0.value] } + [part.method, part.target, part.contentID ?? ""]
          #expect(texts.allSatisfy { $0.utf8.allSatisfy { $0 != 0x0A && $0 != 0x0D && $0 != 0 } }, "seed \(seed)")
        }
      } catch {
        #expect(error.status == 400, "seed \(seed)")
      }
    }
    #expect(accepted > 0, "seed \(seed)")
  }
}

extension String {
  /// What stands between the occurrences of a text.
  fileprivate func components(of separator: String) -> [String] {
    var (parts, rest): ([String], [UInt8]) = ([], Array(utf8))
    let wanted = Array(separator.utf8)
    while let index = rest.indices.first(where: { rest[$0...].starts(with: wanted) }) {
      parts.append(String(decoding: rest[..<index], as: UTF8.self))
      rest = Array(rest[(index + wanted.count)...])
    }
    return parts + [String(decoding: rest, as: UTF8.self)]
  }
}
