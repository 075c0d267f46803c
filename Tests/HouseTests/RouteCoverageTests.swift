import Access
import Base
import Directory
import Edge
import FoundationEssentials
import Identity
import NIOHTTP1
import ResourceManager
import Storage
import Testing
import Vault

/// Every route of every service asks the one function that decides, and stops when that says no.
@Suite(.timeLimit(.minutes(2))) struct RouteCoverageTests {
  @Test func everyOperationOfResourceManagerAsks() async throws {
    let house = try await House()
    house.authorizer.refuseFromNowOn()
    #expect(house.management.operations.count > 20)
    for operation in house.management.operations {
      guard let permission = operation.admission.permission else { continue }
      _ = house.authorizer.takeAsked()
      let path = Self.path(operation.pattern, house)
      let answer = await house.management.respond(
        to: house.request(operation.method, path, query: "api-version=2024-01-01", host: "management.house.test"))
      let asked = house.authorizer.takeAsked()
      #expect(!asked.isEmpty, "\(operation.name) \(operation.method) \(path) answered \(answer.status.code) without asking for \(permission)")
      if case .permission = operation.admission {
        #expect([403, 404].contains(answer.status.code), "\(operation.name) answered \(answer.status.code) to one who may not")
      }
    }
  }

  @Test func everyRouteOfGraphAsks() async throws {
    let house = try await House()
    house.authorizer.refuseFromNowOn()
    #expect(house.graph.routes.count > 20)
    for route in house.graph.routes {
      guard case .action(let action, _) = route.access else { continue }
      _ = house.authorizer.takeAsked()
      let answer = await house.graph.respond(to: house.request(route.method, Self.path(route.pattern, house), host: "graph.house.test"))
      #expect(house.authorizer.takeAsked().first == action.name, "\(route.method) \(route.pattern) did not ask")
      #expect(answer.status == .forbidden, "\(route.method) \(route.pattern) answered \(answer.status.code)")
    }
  }

  @Test func everyOperationOfStorageAsks() async throws {
    let house = try await House()
    house.authorizer.refuseFromNowOn()
    #expect(house.storage.operations.count > 20)
    for operation in house.storage.operations {
      let path =
        switch operation.level {
        case .account: "/"
        case .container: "/box"
        case .blob: "/box/blob"
        case .queue: "/line"
        case .messages: "/line/messages"
        case .message: "/line/messages/\(GUID(high: 1, low: 2))"
        case .tables: "/Tables"
        case .table: "/Tables('people')"
        case .entities: "/people()"
        case .entity: "/people(PartitionKey='a',RowKey='b')"
        case .tableBatch: "/$batch"
        case .page: "/index.html"
        }
      let query = [operation.comp.map { "comp=\($0)" }, operation.resourceType.map { "restype=\($0)" }].compactMap { $0 }.joined(separator: "&")
      // Operations that share method and query differ by one of these.
      let variants: [HTTPHeaders] = [
        [:], ["x-ms-blob-type": "BlockBlob"], ["x-ms-copy-source": "https://acct.blob.core.house.test/box/other"],
        ["x-ms-blob-type": "BlockBlob", "x-ms-copy-source": "https://acct.blob.core.house.test/box/other"], ["If-Match": "*"],
        ["X-HTTP-Method": "PUT", "If-Match": "*"], ["X-HTTP-Method": "PUT"], ["X-HTTP-Method": "MERGE", "If-Match": "*"],
        ["X-HTTP-Method": "MERGE"], ["X-HTTP-Method": "PATCH"], ["X-HTTP-Method": "DELETE", "If-Match": "*"],
      ]
      var wasAsked = false
      for (headers, addition) in variants.map({ ($0, "") }) + [([:], "peekonly=true")] {
        _ = house.authorizer.takeAsked()
        let request = house.storageRequest(
          operation.method, path, query: [query, addition].filter { !$0.isEmpty }.joined(separator: "&"), headers: headers,
          service: operation.service, isSecondary: operation.isSecondary)
        let answer = await house.storage.respond(to: request)
        guard house.authorizer.takeAsked() == [operation.action(request).name] else { continue }
        wasAsked = true
        #expect(answer.status == .forbidden, "\(operation.name) answered \(answer.status.code)")
      }
      #expect(wasAsked, "\(operation.name) (\(operation.method) \(path)?\(query)) did not ask")
    }
  }

  @Test func everyOperationOfVaultsAsks() async throws {
    let house = try await House()
    house.authorizer.refuseFromNowOn()
    #expect(house.vault.operations.count > 20)
    for operation in house.vault.operations {
      _ = house.authorizer.takeAsked()
      let path = operation.pattern.split(separator: "/").map { segment in
        switch segment {
        case "{collection}": "secrets"
        case "{role}", "{assignment}": GUID(high: 1, low: 2).description
        default: segment.hasPrefix("{") ? "thing" : String(segment)
        }
      }.reduce("") { $0 + "/" + $1 }
      let request = house.request(operation.method, path, query: "api-version=7.4", host: "\(House.vault).vault.house.test")
      let answer = await house.vault.respond(to: request)
      #expect(house.authorizer.takeAsked() == [operation.permission.action.name], "\(operation.name): \(operation.method) \(path)")
      #expect(answer.status == .forbidden, "\(operation.name) answered \(answer.status.code)")
    }
  }

  /// What needs no permission is written down, with its reason. A new line here is a decision that somebody has to defend.
  @Test func theRoutesThatNeedNoPermissionAreTheseAndNoOthers() async throws {
    let house = try await House()
    var lines: [String] = []
    for operation in house.management.operations {
      switch operation.admission {
      case .open(let reason): lines.append("management \(operation.method) \(operation.pattern) — open: \(reason)")
      case .authenticated(let reason): lines.append("management \(operation.method) \(operation.pattern) — authenticated: \(reason)")
      case .permission, .visible, .list, .initiator: break
      }
    }
    for (name, routes) in [("login", house.login.routes.routes), ("graph", house.graph.routes)] {
      for route in routes {
        switch route.access {
        case .open(let reason): lines.append("\(name) \(route.method) \(route.pattern) — open: \(reason)")
        case .authenticated(let reason): lines.append("\(name) \(route.method) \(route.pattern) — authenticated: \(reason)")
        case .action: break
        }
      }
    }
    let found = lines.sorted().joined(separator: "\n") + "\n"
    let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/open-routes.txt").path
    if ProcessInfo.processInfo.environment["COCAGNE_UPDATE_GOLDEN"] != nil { try Data(found.utf8).write(to: URL(filePath: golden)) }
    let expected = String(decoding: try Data(contentsOf: URL(filePath: golden)), as: UTF8.self)
    #expect(found == expected, "set COCAGNE_UPDATE_GOLDEN=1 to write \(golden) anew, then read the difference")
  }

  /// A path that matches a pattern.
  private static func path(_ pattern: String, _ house: House) -> String {
    pattern.split(separator: "/").map { segment in
      guard segment.hasPrefix("{") || segment.contains("{") else { return String(segment) }
      switch segment {
      case "{scope}": return "subscriptions/\(house.subscription)/resourceGroups/g"
      case "{subscription}", "{subscriptionId}", "{subscriptionID}": return house.subscription.description
      case "{group}", "{resourceGroup}", "{resourceGroupName}": return "g"
      case "{namespace}": return "Microsoft.Storage"
      default: return segment.prefix { $0 != "{" } + GUID(high: 1, low: 2).description + (segment.hasSuffix("')") ? "')" : "")
      }
    }.reduce("") { $0 + "/" + $1 }
  }
}
