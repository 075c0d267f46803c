internal import Base
internal import Wire

/// Stored access policies as Resource Manager writes them.
extension StoredAccessPolicy {
  static func list(_ value: JSON) throws -> [StoredAccessPolicy] {
    let list = value.array ?? []
    guard list.count <= StorageLimits().accessPolicies else { throw StorageAccountSettings.invalid("signedIdentifiers") }
    var writer = XMLWriter()
    writer.element("SignedIdentifiers") { writer in
      for item in list {
        writer.element("SignedIdentifier") { writer in
          writer.element("Id", item["id"]?.string ?? "")
          guard let policy = item["accessPolicy"]?.object else { return }
          writer.element("AccessPolicy") { writer in
            for (name, element) in [("startTime", "Start"), ("expiryTime", "Expiry"), ("permission", "Permission")] {
              if let text = policy.member(ignoringCase: name)?.string { writer.element(element, text) }
            }
          }
        }
      }
    }
    do {
      return try parse(writer.bytes, maximumCount: list.count)
    } catch is CloudError {
      throw StorageAccountSettings.invalid("signedIdentifiers")
    }
  }

  var json: JSON {
    var policy = JSON.Object()
    policy["startTime"] = start.map { .string($0.iso8601Fractional) }
    policy["expiryTime"] = expiry.map { .string($0.iso8601Fractional) }
    policy["permission"] = permissions.map { .string($0) }
    return ["id": .string(id), "accessPolicy": .object(policy)]
  }
}
