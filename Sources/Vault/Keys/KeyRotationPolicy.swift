internal import Base
internal import Wire

/// When a key gets its next version: `VaultObject.policy` of keys.
///
/// Source: Microsoft, "KeyRotationPolicy", Key Vault REST reference; "Configure cryptographic key auto-rotation in Azure Key Vault".
struct KeyRotationPolicy: Sendable, Equatable {
  enum Action: String, Sendable {
    case rotate = "Rotate"
    case notify = "Notify"
  }

  struct LifetimeAction: Sendable, Equatable {
    var action: Action
    var timeAfterCreate: ISODuration?
    var timeBeforeExpiry: ISODuration?
  }

  var actions: [LifetimeAction]
  /// How long a version is good that the policy makes.
  var expiry: ISODuration?
  var created: Timestamp?
  var updated: Timestamp?

  /// What holds where nobody has said anything.
  static var unset: KeyRotationPolicy {
    KeyRotationPolicy(actions: [LifetimeAction(action: .notify, timeAfterCreate: nil, timeBeforeExpiry: ISODuration("P30D"))], expiry: nil)
  }

  private init(actions: [LifetimeAction], expiry: ISODuration?) {
    self.actions = actions
    self.expiry = expiry
  }

  /// Reads a request's body. Throws 400.
  init(_ body: JSON) throws {
    expiry = try body.member("attributes", "expiryTime").map { try Self.duration($0, "attributes.expiryTime") }
    if let expiry, expiry.approximateDays < KeyLimits.minimumExpiryDays {
      throw VaultError.badParameter("Invalid key rotation policy: expiryTime must be at least \(KeyLimits.minimumExpiryDays) days.")
    }
    let entries = try body.member("lifetimeActions").map { value in
      guard let entries = value.array, entries.count <= KeyLimits.maximumLifetimeActions else { throw KeyError.invalid("lifetimeActions") }
      return entries
    }
    actions = try (entries ?? []).map { try LifetimeAction($0) }
    guard Set(actions.map(\.action)).count == actions.count else {
      throw VaultError.badParameter("Invalid key rotation policy: an action may be named once.")
    }
    if actions.isEmpty { actions = Self.unset.actions }
    for action in actions {
      guard let expiry else {
        if action.action == .rotate, action.timeBeforeExpiry != nil {
          throw VaultError.badParameter("Invalid key rotation policy: timeBeforeExpiry requires expiryTime.")
        }
        continue
      }
      let days = (action.timeAfterCreate ?? action.timeBeforeExpiry)?.approximateDays ?? 0
      guard days + KeyLimits.minimumTriggerDays <= expiry.approximateDays else {
        throw VaultError.badParameter(
          "Invalid key rotation policy: the trigger must lie at least \(KeyLimits.minimumTriggerDays) days from the key's creation and from its "
            + "expiry.")
      }
    }
  }

  fileprivate static func duration(_ value: JSON, _ property: String) throws -> ISODuration {
    guard let duration = value.string.flatMap({ ISODuration($0) }), duration.approximateDays > 0 else { throw KeyError.invalid(property) }
    return duration
  }

  /// When a version that was made and expires then is to be followed by the next; nil: never.
  func rotation(created: Timestamp, expires: Timestamp?) -> Timestamp? {
    guard let action = actions.first(where: { $0.action == .rotate }) else { return nil }
    if let timeAfterCreate = action.timeAfterCreate { return timeAfterCreate.after(created) }
    guard let timeBeforeExpiry = action.timeBeforeExpiry, let expires else { return nil }
    return timeBeforeExpiry.before(expires)
  }

  /// The document. `url` is the key's, without a version.
  func json(url: String?) -> JSON {
    .object([
      "id": .string(url.map { $0 + "/rotationpolicy" }),
      "lifetimeActions": .array(actions.map(\.json)),
      "attributes": .object([
        "expiryTime": .string(expiry?.text), "created": created.map { .integer($0.seconds) }, "updated": updated.map { .integer($0.seconds) },
      ]),
    ])
  }

  /// Reads what `json` gave; nil for anything else.
  init?(stored text: String?) {
    guard let text, let json = try? JSON(parsing: text), let policy = try? KeyRotationPolicy(json) else { return nil }
    self = policy
    created = json.member("attributes", "created")?.integer.map { Timestamp(seconds: $0) }
    updated = json.member("attributes", "updated")?.integer.map { Timestamp(seconds: $0) }
  }
}

extension KeyRotationPolicy.LifetimeAction {
  fileprivate init(_ json: JSON) throws {
    let name = json.member("action", "type")?.string?.lowercased()
    guard let action = [KeyRotationPolicy.Action.rotate, .notify].first(where: { $0.rawValue.lowercased() == name }) else {
      throw KeyError.invalid("lifetimeActions.action.type")
    }
    self.action = action
    timeAfterCreate = try json.member("trigger", "timeAfterCreate").map {
      try KeyRotationPolicy.duration($0, "lifetimeActions.trigger.timeAfterCreate")
    }
    timeBeforeExpiry = try json.member("trigger", "timeBeforeExpiry").map {
      try KeyRotationPolicy.duration($0, "lifetimeActions.trigger.timeBeforeExpiry")
    }
    guard (timeAfterCreate == nil) != (timeBeforeExpiry == nil), action == .rotate || timeAfterCreate == nil else {
      throw KeyError.invalid("lifetimeActions.trigger")
    }
    guard let days = (timeAfterCreate ?? timeBeforeExpiry)?.approximateDays, days >= KeyLimits.minimumTriggerDays else {
      throw VaultError.badParameter("Invalid key rotation policy: a trigger must be at least \(KeyLimits.minimumTriggerDays) days.")
    }
  }

  fileprivate var json: JSON {
    .object([
      "trigger": .object(["timeAfterCreate": .string(timeAfterCreate?.text), "timeBeforeExpiry": .string(timeBeforeExpiry?.text)]),
      "action": .object(["type": .string(action.rawValue)]),
    ])
  }
}
