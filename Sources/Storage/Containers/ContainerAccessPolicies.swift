internal import Base
internal import Wire

/// The binary form of stored access policies, and the XML in which Set Container ACL takes and Get Container ACL gives them.
extension StoredAccessPolicy {
  /// Characters of an id.
  static let maximumIDLength = 64

  func encode(to writer: inout ByteWriter) {
    writer.string(id)
    writer.optional(start) { $0.timestamp($1) }
    writer.optional(expiry) { $0.timestamp($1) }
    writer.optional(permissions) { $0.string($1) }
  }

  init(from reader: inout ByteReader) throws {
    self.init(
      id: try reader.string(), start: try reader.optional { try $0.timestamp() }, expiry: try reader.optional { try $0.timestamp() },
      permissions: try reader.optional { try $0.string() })
  }

  /// Reads the body of Set Container ACL. Throws `CloudError` or `XMLError`.
  static func parse(_ document: some Collection<UInt8>, maximumCount: Int) throws -> [StoredAccessPolicy] {
    guard !document.isEmpty else { return [] }
    let root = try XMLElement(parsing: document)
    guard root.name == "SignedIdentifiers", root.children.count <= maximumCount else { throw StorageError.invalidXmlDocument }
    var policies: [StoredAccessPolicy] = []
    for child in root.children {
      guard child.name == "SignedIdentifier" else { throw StorageError.unsupportedXmlNode(child.name) }
      let policy = try StoredAccessPolicy(child)
      guard !policies.contains(where: { $0.id.utf8.elementsEqual(policy.id.utf8) }) else { throw StorageError.invalidXmlNodeValue("Id", policy.id) }
      policies.append(policy)
    }
    return policies
  }

  private init(_ element: XMLElement) throws {
    guard let id = element.child("Id")?.trimmedText, !id.isEmpty else { throw StorageError.missingRequiredXmlNode("Id") }
    guard id.unicodeScalars.count <= Self.maximumIDLength else { throw StorageError.invalidXmlNodeValue("Id", id) }
    let policy = element.child("AccessPolicy")
    func text(_ name: String) -> String? {
      policy?.child(name)?.trimmedText.nonEmpty
    }
    func time(_ name: String) throws -> Timestamp? {
      guard let text = text(name) else { return nil }
      guard let time = Timestamp(iso8601: text) else { throw StorageError.invalidXmlNodeValue(name, text) }
      return time
    }
    let permissions = text("Permission")
    if let permissions, !permissions.allSatisfy(Self.permissionLetters.contains) {
      throw StorageError.invalidXmlNodeValue("Permission", permissions)
    }
    self.init(id: id, start: try time("Start"), expiry: try time("Expiry"), permissions: permissions)
  }

  /// Every letter that a signature may hold.
  private static let permissionLetters: Set<Character> = Set("racwdxyltfmeopiu")

  /// `omittingEmpty`: a policy that sets nothing is given by its id alone, as containers and tables do.
  static func document(_ policies: [StoredAccessPolicy], omittingEmpty: Bool = false) -> [UInt8] {
    var writer = XMLWriter()
    writer.element("SignedIdentifiers") { writer in
      for policy in policies {
        writer.element("SignedIdentifier") { writer in
          writer.element("Id", policy.id)
          if omittingEmpty, policy.start == nil, policy.expiry == nil, policy.permissions == nil { return }
          writer.element("AccessPolicy") { writer in
            if let start = policy.start { writer.element("Start", start.iso8601Fractional) }
            if let expiry = policy.expiry { writer.element("Expiry", expiry.iso8601Fractional) }
            if let permissions = policy.permissions { writer.element("Permission", permissions) }
          }
        }
      }
    }
    return writer.bytes
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
