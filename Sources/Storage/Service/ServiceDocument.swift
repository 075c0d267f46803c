internal import Wire

/// The parts of which the documents of service properties are made.
///
/// Source: Microsoft, "Set Blob Service Properties", REST reference.
enum ServiceDocument {
  /// Bytes of a document that sets properties.
  static let maximumBytes = 64 << 10

  /// The children of a document's root. Throws where it is another document, or names something twice.
  static func nodes(_ root: XMLElement) throws -> [XMLElement] {
    guard root.name == "StorageServiceProperties" else { throw StorageError.invalidXmlDocument }
    var seen: Set<String> = []
    for node in root.children {
      guard seen.insert(node.name).inserted else { throw StorageError.invalidXmlDocument }
    }
    return root.children
  }

  static func flag(_ name: String, in node: XMLElement) throws -> Bool {
    guard let child = node.child(name) else { throw StorageError.missingRequiredXmlNode(name) }
    switch child.trimmedText.lowercased() {
    case "true", "1": return true
    case "false", "0": return false
    default: throw StorageError.invalidXmlNodeValue(name, child.trimmedText)
    }
  }

  /// The version of Storage Analytics, which a document may leave out.
  static func analyticsVersion(_ node: XMLElement, known: Set<String>) throws -> String {
    guard let child = node.child("Version") else { return "1.0" }
    guard known.contains(child.trimmedText) else { throw StorageError.invalidXmlNodeValue("Version", child.trimmedText) }
    return child.trimmedText
  }

  /// A policy that a document may leave out: then it is off.
  static func retention(_ name: String, in node: XMLElement) throws -> RetentionPolicy {
    try node.child(name).map { try retention($0) } ?? RetentionPolicy()
  }

  static func retention(_ node: XMLElement) throws -> RetentionPolicy {
    guard try flag("Enabled", in: node) else { return RetentionPolicy() }
    guard let text = node.child("Days")?.trimmedText else { throw StorageError.missingRequiredXmlNode("Days") }
    guard let days = Int(text), RetentionPolicy.days.contains(days) else { throw StorageError.invalidXmlNodeValue("Days", text) }
    return RetentionPolicy(days: days)
  }

  static func write(_ policy: RetentionPolicy, _ name: String, to writer: inout XMLWriter) {
    writer.element(name) { writer in
      writer.element("Enabled", policy.isEnabled)
      if let days = policy.days { writer.element("Days", days) }
    }
  }

  static func rules(_ node: XMLElement) throws -> [CrossOriginRule] {
    guard node.children.count <= CrossOriginRule.maximumRules, node.children.allSatisfy({ $0.name == "CorsRule" }) else {
      throw StorageError.invalidXmlDocument
    }
    return try node.children.map { try CrossOriginRule($0) }
  }

  static func write(_ rules: [CrossOriginRule], to writer: inout XMLWriter) {
    guard !rules.isEmpty else { return writer.element("Cors", "") }
    writer.element("Cors") { writer in
      for rule in rules { rule.write(to: &writer) }
    }
  }
}
