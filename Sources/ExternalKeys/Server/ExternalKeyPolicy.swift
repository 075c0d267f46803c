package import Declarations

/// Who may use which key of a customer's, and what for. What is not written in it is refused.
///
/// The words are French, as in every declaration that an operator writes; the reasons are those that stand on the wire.
package struct ExternalKeyPolicy: Sendable, Equatable {
  package struct Rule: Sendable, Equatable {
    /// What the key may be used for.
    package var reasons: Set<String>
    /// The tenants that it may be used for, in lower case.
    package var tenants: Set<String>
    /// The ids that the resource must be, or lie below, in lower case; nil: any of the tenants'.
    package var subjects: [String]?
    /// Whether everything is refused for now.
    package var isSuspended: Bool
  }

  /// By the key's name.
  package var rules: [String: Rule]

  private static let maximumItems = 1000

  /// Throws `DeclarationError` for anything that it does not know: a rule that was misspelled would be one that does not hold.
  package init(_ declaration: Declaration) throws {
    let members = try declaration.members(required: ["cles"])
    rules = [:]
    guard let keys = members["cles"], !keys.isNull else { return }
    for (name, value) in try keys.entries() {
      guard ExternalKeyConnection.isIdentifier(name) else {
        throw value.error(
          "le nom d'une clé n'a que des lettres, des chiffres et des traits d'union.", "a key's name has letters, digits and hyphens alone.")
      }
      rules[name] = try Self.rule(value)
    }
  }

  private static func rule(_ declaration: Declaration) throws -> Rule {
    let members = try declaration.members(required: ["motifs", "locataires"], optional: ["ressources", "suspendue"])
    func texts(_ name: String) throws -> [String]? {
      guard let value = members[name] else { return nil }
      let texts = try value.texts()
      guard texts.count <= maximumItems else {
        throw value.error("plus de \(maximumItems) éléments.", "more than \(maximumItems) items.")
      }
      return texts
    }
    return Rule(
      reasons: Set(try texts("motifs") ?? []), tenants: Set((try texts("locataires") ?? []).map { $0.lowercased() }),
      subjects: try texts("ressources")?.map { $0.lowercased() }, isSuspended: try members["suspendue"]?.boolean() ?? false)
  }

  /// A refusal: its code on the wire, and a sentence.
  package struct Refusal: Sendable, Equatable {
    package var code: String
    package var message: String
  }

  /// Nil where the key may be used so.
  package func refusal(key: String, reason: String?, tenant: String?, subject: String?) -> Refusal? {
    guard let rule = rules[key] else { return Refusal(code: "KeyNotAllowed", message: "The policy does not name this key.") }
    guard !rule.isSuspended else { return Refusal(code: "KeyDisabled", message: "The key is suspended by its owner.") }
    guard let tenant, rule.tenants.contains(tenant.lowercased()) else {
      return Refusal(code: "TenantNotAllowed", message: "The policy does not allow this tenant.")
    }
    guard let reason else { return Refusal(code: "ReasonMissing", message: "The request states no reason.") }
    guard rule.reasons.contains(reason) else {
      return Refusal(code: "ReasonNotAllowed", message: "The policy does not allow this reason.")
    }
    guard let subjects = rule.subjects else { return nil }
    guard let subject = subject?.lowercased(), subjects.contains(where: { Self.is(subject, atOrBelow: $0) }) else {
      return Refusal(code: "SubjectNotAllowed", message: "The policy does not allow this resource.")
    }
    return nil
  }

  private static func `is`(_ subject: String, atOrBelow scope: String) -> Bool {
    subject == scope || subject.hasPrefix(scope.hasSuffix("/") ? scope : scope + "/")
  }
}
