public import Base
public import Wire

/// What an operator asks for.
public struct LockboxDraft: Sendable {
  public let subscription: GUID
  public let scope: ResourceID
  public let justification: String
  public let minutes: Int
  public let ticket: String

  /// From a body: `scope`, `justification`, `hours` (1 to 8) or `minutes`, and `ticket`. Throws 400 for everything that is not so.
  public init(_ body: JSON) throws {
    let known: Set<String> = ["scope", "justification", "hours", "minutes", "ticket"]
    if let unknown = body.object?.names.first(where: { !known.contains($0) }) {
      throw LockboxErrors.invalid(String(unknown.prefix(64)), "is not known.")
    }
    func text(_ name: String, _ limit: Int) throws -> String {
      guard let text = body[name]?.string?.trimmed, !text.isEmpty else { throw LockboxErrors.invalid(name, "is required.") }
      guard text.utf8.count <= limit else { throw LockboxErrors.invalid(name, "is longer than \(limit) bytes.") }
      guard !text.hasControls else {
        throw LockboxErrors.invalid(name, "holds a control character.")
      }
      return text
    }
    let scope = try ResourceID(text("scope", LockboxLimits.maximumScopeBytes))
    guard let scope, let subscription = scope.subscription, scope.resourceGroup != nil else {
      throw LockboxErrors.invalid("scope", "must be the id of a resource or of a resource group.")
    }
    self.scope = scope
    self.subscription = subscription
    justification = try text("justification", LockboxLimits.maximumTextBytes)
    minutes = try Self.minutes(body)
    ticket = try text("ticket", LockboxLimits.maximumTicketBytes)
  }

  private static func minutes(_ body: JSON) throws -> Int {
    let most = LockboxLimits.maximumHours * 60
    switch (body["hours"], body["minutes"]) {
    case (let hours?, nil):
      guard let hours = hours.integer, (1...Int64(LockboxLimits.maximumHours)).contains(hours) else {
        throw LockboxErrors.invalid("hours", "must be a whole number from 1 to \(LockboxLimits.maximumHours).")
      }
      return Int(hours) * 60
    case (nil, let minutes?):
      guard let minutes = minutes.integer, (Int64(LockboxLimits.minimumMinutes)...Int64(most)).contains(minutes) else {
        throw LockboxErrors.invalid("minutes", "must be a whole number from \(LockboxLimits.minimumMinutes) to \(most).")
      }
      return Int(minutes)
    default: throw LockboxErrors.invalid("hours", "is required; or 'minutes', not both.")
    }
  }
}

extension String {
  /// Without the spaces around it.
  var trimmed: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
