internal import Base
internal import Records
internal import Wire

/// The rules for the names of vaults, which are part of host names and so unique in the whole cloud.
///
/// Source: Microsoft, "Vaults - Check Name Availability", REST reference of the Key Vault resource provider.
enum VaultResourceName {
  static let length = 3...24

  /// Letters, digits and single hyphens between them; the first is a letter.
  static func isValid(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard length.contains(bytes.count), isLetter(bytes[0]), bytes.last != hyphen else { return false }
    guard bytes.allSatisfy({ isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == hyphen }) else { return false }
    return !zip(bytes, bytes.dropFirst()).contains { $0 == hyphen && $1 == hyphen }
  }

  private static let hyphen = UInt8(ascii: "-")

  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

  static func check(_ name: String) throws {
    guard isValid(name) else { throw invalid(name) }
  }

  static func invalid(_ name: String) -> CloudError {
    CloudError(
      400, "VaultNameNotValid",
      "The vault name '\(name)' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a "
        + "letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742"
    )
  }

  static func alreadyExists(_ name: String) -> CloudError {
    CloudError(
      409, "VaultAlreadyExists",
      "The vault name '\(name)' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that "
        + "the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a "
        + "recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information "
        + "about VaultAlreadyExists, soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740.")
  }

  /// A deleted vault of the same subscription holds the name.
  static let isDeleted = CloudError(
    409, "ConflictError",
    "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link "
      + "https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.")

  static func availability(_ body: JSON, in reader: any RecordReader) throws -> JSON {
    guard let name = body.member("name")?.string else { throw VaultSettings.invalid("name") }
    guard body.member("type")?.string?.equalsIgnoringASCIICase("Microsoft.KeyVault/vaults") ?? false else { throw VaultSettings.invalid("type") }
    guard isValid(name) else {
      return ["nameAvailable": false, "reason": "AccountNameInvalid", "message": .string(invalid(name).message)]
    }
    guard try reader.fetch(Vault.self, Vault.key(name)) == nil else {
      return ["nameAvailable": false, "reason": "AlreadyExists", "message": .string(alreadyExists(name).message)]
    }
    return ["nameAvailable": true]
  }
}
