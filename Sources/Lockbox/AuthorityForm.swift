internal import Base
internal import Wire

/// The members of a body, read by name, of what is entered of an authority's request.
struct AuthorityForm: Sendable {
  private let body: JSON
  private let today: String

  /// Throws 400 for a member that is not known.
  init(_ body: JSON, _ known: Set<String>, today: Timestamp) throws {
    self.body = body
    self.today = String(today.iso8601.prefix(10))
    guard let object = body.object else { throw invalid("body", "must be an object.") }
    if let unknown = object.names.first(where: { !known.contains($0) }) { throw invalid(String(unknown.prefix(64)), "is not known.") }
  }

  func invalid(_ name: String, _ message: String) -> CloudError { LockboxErrors.invalid(name, message) }

  func optionalText(_ name: String) throws -> String? {
    guard let value = body[name] else { return nil }
    guard let text = value.string?.trimmed, !text.isEmpty else { throw invalid(name, "must be a text.") }
    guard text.utf8.count <= LockboxLimits.maximumAuthorityTextBytes else {
      throw invalid(name, "is longer than \(LockboxLimits.maximumAuthorityTextBytes) bytes.")
    }
    guard !text.hasControls else { throw invalid(name, "holds a control character.") }
    return text
  }

  func text(_ name: String) throws -> String {
    guard let text = try optionalText(name) else { throw invalid(name, "is required.") }
    return text
  }

  /// A day that is not in the future.
  func optionalDay(_ name: String) throws -> String? {
    guard let text = try optionalText(name) else { return nil }
    guard text.utf8.count == 10, Timestamp(iso8601: text) != nil else { throw invalid(name, "must be a day, YYYY-MM-DD.") }
    guard text <= today else { throw invalid(name, "lies in the future.") }
    return text
  }

  func day(_ name: String) throws -> String {
    guard let day = try optionalDay(name) else { throw invalid(name, "is required.") }
    return day
  }

  func country(_ name: String) throws -> String {
    let text = try text(name)
    guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw invalid(name, "must be a country's code of two capital letters.")
    }
    return text
  }

  func choice<Value: RawRepresentable & CaseIterable>(_ name: String, _ type: Value.Type = Value.self) throws -> Value
  where Value.RawValue == String {
    guard let value = Value(rawValue: try text(name)) else {
      throw invalid(name, "must be one of \(Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")).")
    }
    return value
  }

  func tenant(_ name: String) throws -> GUID? {
    guard let text = try optionalText(name) else { return nil }
    guard let tenant = GUID(text) else { throw invalid(name, "must be a tenant's id.") }
    return tenant
  }

  /// All of a decision, or nothing of one.
  func decision() throws -> AuthorityRequest.Decision? {
    guard ["decisionAuthority", "decisionCountry", "decisionReference"].contains(where: { body[$0] != nil }) else { return nil }
    return AuthorityRequest.Decision(
      authority: try text("decisionAuthority"), country: try country("decisionCountry"), reference: try text("decisionReference"))
  }
}
