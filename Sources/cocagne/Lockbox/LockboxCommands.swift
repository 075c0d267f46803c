internal import Base
internal import Lockbox
internal import Wire

/// What the running cloud does for `cocagne lockbox …` and `cocagne authority-request …`. Neither shows anything that is a tenant's.
struct LockboxCommands: Sendable {
  let lockbox: Lockbox
  let register: AuthorityRequests

  static let commands = [
    "lockbox list", "lockbox show", "authority-request add", "authority-request list", "authority-request show", "authority-request answer",
    "authority-request notify", "authority-request close",
  ]

  func handle(_ command: String, _ arguments: JSON, by account: OperatorAccount) async throws -> JSON {
    let id = arguments["id"]?.string ?? ""
    let form = arguments["form"] ?? [:]
    do {
      switch command {
      case "lockbox list":
        let (requests, next) = try await lockbox.list(after: arguments["after"]?.string)
        return .object(["requests": .array(requests), "next": .string(next)])
      case "lockbox show": return try await lockbox.show(id)
      case "authority-request add": return try await register.add(form, by: account.personal).json
      case "authority-request list": return ["requests": .array(try await register.list().map(\.json))]
      case "authority-request show": return try await register.request(id).json
      case "authority-request answer": return try await register.answer(id, form, by: account.personal).json
      case "authority-request notify": return try await register.giveNotice(id, form, by: account.personal).json
      case "authority-request close": return try await register.close(id, by: account.personal).json
      default: throw OperatorError("Commande inconnue : \(command).", "Unknown command: \(command).")
      }
    } catch let error as CloudError where error.status < 500 {
      throw OperatorError("Refusé (\(error.code)) : \(error.message)", "Refused (\(error.code)): \(error.message)")
    }
  }
}
