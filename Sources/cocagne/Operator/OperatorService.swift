internal import Base
internal import Edge
internal import Identity
internal import Logging
internal import NIOHTTP1
internal import Operators
internal import SwiftASN1
internal import Wire
internal import X509

/// The operators' side of a running cloud: their register for the commands of the host, their issuer and their API on a port of their own.
struct OperatorService: Sendable {
  let register: OperatorRegister
  let tokens: OperatorTokens
  let actions: ActionLog
  let issuer: OperatorIssuerEndpoint
  let operations: OperatorEndpoint

  /// `routes` are those of other services, beside the platform's own.
  init(
    _ platform: Platform, actions: ActionLog, routes: [OperatorRoute], status: @escaping @Sendable () async throws -> JSON,
    tenants: @escaping @Sendable () async throws -> [JSON]
  ) {
    let logger = Logger(label: "operators", copying: platform.logger)
    self.actions = actions
    register = OperatorRegister(records: platform.records, keyring: platform.keyring, clock: platform.clock, random: platform.random)
    tokens = OperatorTokens(address: platform.operatorAddress, identity: platform.issuer, logger: logger)
    issuer = OperatorIssuerEndpoint(tokens: tokens, notes: platform.notes, logger: logger)
    operations = OperatorEndpoint(
      routes: OperatorRoutes(records: platform.records, status: status, tenants: tenants).routes + routes, tokens: tokens, actions: actions,
      notes: platform.notes, logger: logger)
  }

  /// What the operators' port serves, and no other.
  var hosts: HostTable {
    HostTable([(.exact(tokens.address.issuerHost), issuer), (.exact(tokens.address.operationsHost), operations)])
  }

  // MARK: Commands

  static let prefix = "operator "

  /// What a command of the host gives. Throws `OperatorError`.
  func handle(_ command: String, _ arguments: JSON, _ account: OperatorAccount) async throws -> JSON {
    do {
      return try await answer(command, arguments, account.personal)
    } catch let refusal as OperatorRefusal {
      throw OperatorError(refusal.french, refusal.english)
    }
  }

  private func answer(_ command: String, _ arguments: JSON, _ account: OperatorRegister.Account) async throws -> JSON {
    let person = arguments["person"]?.string ?? ""
    let days = Int(clamping: arguments["days"]?.integer ?? Int64(OperatorLimits.certificateDays.upperBound))
    let request = arguments["request"]?.string ?? ""
    switch command {
    case "operator add":
      return try certified(
        try await register.add(
          name: arguments["displayName"]?.string ?? "", email: arguments["email"]?.string ?? "", roles: Self.roles(arguments), request: request,
          days: days, by: account))
    case "operator renew": return try certified(try await register.renew(person, request: request, days: days, by: account))
    case "operator list": return ["value": .array(try await register.list().map(\.json))]
    case "operator show": return try await register.find(person).json
    case "operator roles": return try await register.setRoles(Self.roles(arguments), of: person, by: account).json
    case "operator disable": return try await register.setDisabled(true, person, by: account).json
    case "operator enable": return try await register.setDisabled(false, person, by: account).json
    case "operator remove": return try await register.remove(person, by: account).json
    case "operator authority": return ["certificate": .string(try await register.authorityCertificate())]
    case "operator routes": return served
    default: throw OperatorError("Commande inconnue : \(command).", "Unknown command: \(command).")
    }
  }

  private static func roles(_ arguments: JSON) -> Set<OperatorRole> {
    Set((arguments["roles"]?.array ?? []).compactMap { $0.string.flatMap { OperatorRole(rawValue: $0) } })
  }

  /// An operator with what is needed to sign in: the certificate, the authority and the scope.
  private func certified(_ person: Operator) throws -> JSON {
    let certificate = try Certificate(derEncoded: person.certificateDER).serializeAsPEM().pemString
    let further: [(name: String, value: JSON)] = [
      ("certificate", .string(certificate)), ("authority", .string(tokens.address.authority)),
      ("scope", .string(tokens.address.operations + "/.default")),
    ]
    return .object(JSON.Object((person.json.object?.members ?? []).map { ($0.name, $0.value) } + further))
  }

  /// Everything that an operator can call, with what it demands.
  private var served: JSON {
    let routes: [JSON] = operations.routes.map { route in
      let isGranted: Bool = if case .grant = route.access { true } else { false }
      return .object([
        "method": .string(route.method.rawValue), "pattern": .string(route.pattern), "permission": route.permission.map { .string($0.rawValue) },
        "grant": .boolean(isGranted),
      ])
    }
    let commands: [JSON] = HostCommand.all.map { ["name": .string($0.name), "shows": .string($0.shows.rawValue)] }
    return ["routes": .array(routes), "commands": .array(commands)]
  }
}
