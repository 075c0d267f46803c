internal import Base
internal import Ledger
internal import Operators
internal import Records
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// The account of this host that gave a command.
struct OperatorAccount: Sendable {
  /// What the kernel says of the other end of the control socket (`struct ucred`).
  struct Credentials: Sendable {
    var process: pid_t = 0
    var user: uid_t = 0
    var group: gid_t = 0
  }

  /// Nil where it cannot be known.
  var user: uid_t?

  /// Of this process.
  static var own: OperatorAccount { OperatorAccount(user: geteuid()) }

  private static let maximumRecordBytes = 16 << 10

  /// The account's name and number: personal data.
  var personal: [String: String] {
    guard let user else { return [:] }
    var buffer = [CChar](repeating: 0, count: Self.maximumRecordBytes)
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    let status = getpwuid_r(user, &record, &buffer, buffer.count, &found)
    let name = status == 0 && found != nil ? record.pw_name.map { String(cString: $0) } : nil
    return ["caller": name ?? String(user), "principal": String(user)]
  }
}

/// Enters the operator's commands in the ledger, each with who gave it and how it ended.
struct OperatorActions: Sendable {
  let log: ActionLog

  /// What changes nothing and shows nothing of anybody, and is asked again and again: by whoever watches over the cloud, or by the commands themselves.
  static let unrecorded: Set<String> = ["status", "tenant erasure", "ledger status", "ledger receipt", "ledger publish", "operator routes"]

  /// The arguments that say what a command is about. Others may name persons.
  private static let subjects = ["name", "tenant", "folder", "control", "slot", "item", "sequence"]

  /// The beginning of commands that are about a client.
  private static let ofClients = "tenant "

  /// Runs a command, and enters it.
  func perform(_ command: String, _ arguments: JSON, by account: OperatorAccount, _ body: @Sendable () async throws -> JSON) async throws -> JSON {
    guard !Self.unrecorded.contains(command) else { return try await body() }
    let subject = Self.subject(of: command, arguments)
    // A client that is erased leaves no trace of its name, and the log is for good.
    let namesClient = command.hasPrefix(Self.ofClients) && subject != command
    let personal = namesClient ? account.personal.merging(["client": subject]) { $1 } : account.personal
    return try await log.perform(command, subject: namesClient ? command : subject, personal: personal, body)
  }

  private static func subject(of command: String, _ arguments: JSON) -> String {
    for name in subjects {
      if let text = arguments[name]?.string { return text }
      if let number = arguments[name]?.integer { return String(number) }
    }
    return command
  }

  /// Enters a command that works on a stopped cloud, in a transaction of its own.
  static func enter(
    _ command: String, subject: String, in records: any RecordStore, clock: any WallClock = SystemClock(), random: any RandomSource = SystemRandom()
  ) async throws {
    let entry = LedgerEntry(
      id: random.guid(), time: clock.now(), tenant: .zero, kind: .operatorAction, subject: subject, outcome: .succeeded,
      facts: ["operation": command], personal: OperatorAccount.own.personal)
    try await records.write { try entry.append(in: $0) }
  }
}
