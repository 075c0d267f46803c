import Base
import Logging
import NIOHTTP1
import SecurityModule
import Simulation
import Testing
import Wire

/// Where the keys of a test live: every one of them is the same to a caller.
enum KeyPlace: CaseIterable {
  case process
  case module
}

/// A vault for keys in a place.
struct KeyFixture {
  static let vault = "keys1"

  let cloud: VaultFixture
  let token: SoftToken?
  let place: KeyPlace

  init(_ place: KeyPlace = .process, seed: UInt64 = 1) async throws {
    self.place = place
    guard place == .module else {
      token = nil
      cloud = try await VaultFixture(seed: seed)
      try await cloud.makeVault(Self.vault)
      return
    }
    let token = SoftToken()
    self.token = token
    cloud = try await VaultFixture(seed: seed, module: try Self.module(token))
    try await cloud.makeVault(Self.vault, [("sku", ["family": "A", "name": "premium"])])
  }

  static func module(_ token: SoftToken) throws -> SecurityModule {
    try SecurityModule(library: token.library, token: token.label, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { SoftToken.pin }
  }

  @discardableResult
  func send(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil, query: [(name: String, value: String)] = []) async throws -> VaultReply {
    try await cloud.send(method, path, body, query: query, apiVersion: "2025-07-01", vault: Self.vault)
  }

  /// `RSA` or `RSA-HSM`.
  func type(_ family: String) -> String { place == .module ? family + "-HSM" : family }

  /// Makes a key; `members` are further ones of the body.
  @discardableResult
  func make(_ name: String, _ family: String, _ members: [(String, JSON)] = []) async throws -> VaultReply {
    try await send(.POST, "/keys/\(name)/create", .object(JSON.Object([("kty", .string(type(family)))] + members)))
  }

  /// Brings a published key into the place; `members` are further ones of the body, beside `key`.
  @discardableResult
  func take(_ name: String, _ key: JSON, _ members: [(String, JSON)] = []) async throws -> VaultReply {
    guard case .object(var object) = key, let family = object["kty"]?.string else { return try await send(.PUT, "/keys/\(name)", ["key": key]) }
    object["kty"] = .string(type(family))
    return try await send(.PUT, "/keys/\(name)", .object(JSON.Object([("key", .object(object))] + members)))
  }

  /// Uses a key's current version.
  func use(_ operation: String, _ name: String, _ algorithm: String, _ value: [UInt8], _ members: [(String, JSON)] = []) async throws -> VaultReply {
    try await send(
      .POST, "/keys/\(name)/\(operation)",
      .object(JSON.Object([("alg", .string(algorithm)), ("value", .string(Base64URL.encode(value)))] + members)))
  }

  func sign(_ name: String, _ algorithm: String, _ digest: [UInt8]) async throws -> [UInt8] {
    let reply = try await use("sign", name, algorithm, digest)
    #expect(reply.status == 200, "\(reply)")
    return reply.value
  }

  /// Nil where the request is refused.
  func verify(_ name: String, _ algorithm: String, _ digest: [UInt8], _ signature: [UInt8]) async throws -> Bool? {
    let reply = try await use("verify", name, algorithm, signature, [("digest", .string(Base64URL.encode(digest)))])
    return reply["value"]?.boolean
  }
}

extension VaultReply {
  /// The `value` of an operation's answer.
  var value: [UInt8] { bytes("value") }

  func bytes(_ name: String) -> [UInt8] { self[name]?.string.flatMap { Base64URL.decode($0) } ?? [] }

  /// A member of `key`.
  func keyBytes(_ name: String) -> [UInt8] { self["key"]?[name]?.string.flatMap { Base64URL.decode($0) } ?? [] }

  /// The version at the end of the key's id.
  var keyVersion: String { self["key"]?["kid"]?.string?.split(separator: "/").last.map { String($0) } ?? "" }
}

/// Bytes of hexadecimal digits.
func hexadecimal(_ digits: String) -> [UInt8] {
  let values = digits.utf8.compactMap { hexadecimalValue($0) }
  return stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
}
