internal import Base
internal import Records
internal import Wire

/// The rules for the names of storage accounts, which are part of host names and so unique in the whole cloud.
///
/// Source: Microsoft, "Storage account overview", naming; "Storage Accounts - Check Name Availability", REST reference.
enum StorageAccountName {
  static let length = 3...24

  static func isValid(_ name: String) -> Bool {
    length.contains(name.utf8.count)
      && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// The account of development storage, whose key is no secret, belongs to the platform.
  static func isReserved(_ name: String) -> Bool { name == DevelopmentStorage.accountName }

  static func invalidMessage(_ name: String) -> String {
    "\(name) is not a valid storage account name. Storage account name must be between 3 and 24 characters in length "
      + "and use numbers and lower-case letters only."
  }

  static func check(_ name: String) throws {
    guard isValid(name) else { throw CloudError(400, "AccountNameInvalid", invalidMessage(name)) }
  }

  static func alreadyTaken(_ name: String) -> CloudError {
    CloudError(409, "StorageAccountAlreadyTaken", "The storage account named \(name) is already taken.")
  }

  static func alreadyExists(_ name: String) -> CloudError {
    CloudError(409, "StorageAccountAlreadyExists", "The storage account named \(name) already exists under the subscription.")
  }

  static func availability(_ body: JSON, in reader: any RecordReader) throws -> JSON {
    guard let name = body.object?.member(ignoringCase: "name")?.string else { throw StorageAccountSettings.invalid("name") }
    let type = body.object?.member(ignoringCase: "type")?.string ?? ""
    guard type.lowercased() == "microsoft.storage/storageaccounts" else { throw StorageAccountSettings.invalid("type") }
    guard isValid(name) else {
      return ["nameAvailable": false, "reason": "AccountNameInvalid", "message": .string(invalidMessage(name))]
    }
    guard try !isReserved(name) && reader.fetch(StorageAccount.self, StorageAccount.key(name)) == nil else {
      return ["nameAvailable": false, "reason": "AlreadyExists", "message": .string(alreadyTaken(name).message)]
    }
    return ["nameAvailable": true]
  }

  /// `West Europe` gives `westeurope`.
  static func normalizedLocation(_ text: String) -> String {
    text.lowercased().filter { $0 != " " }
  }
}
