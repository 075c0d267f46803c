internal import Base
internal import Records
internal import Wire

/// The rules for the names of ledgers, which are part of host names and so unique in the whole cloud.
///
/// Source: Microsoft, "Microsoft.ConfidentialLedger/ledgers", template reference; "Check Name Availability", REST reference.
enum LedgerName {
  static let length = 3...32
  /// The host of the identity service.
  static let identityService = "identity"

  static func isValid(_ name: String) -> Bool {
    length.contains(name.utf8.count) && name.first != "-" && name.last != "-"
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  static func check(_ name: String) throws {
    guard isValid(name) else { throw CloudError(400, "InvalidResourceName", invalidMessage(name)) }
    guard name.lowercased() != identityService else { throw taken(name) }
  }

  static func taken(_ name: String) -> CloudError {
    CloudError(409, "LedgerNameAlreadyExists", takenMessage(name))
  }

  /// The answer to `checkNameAvailability`.
  static func availability(_ body: JSON, in reader: any RecordReader) throws -> JSON {
    guard let name = body.member("name")?.string else {
      throw CloudError(400, "InvalidRequestContent", "The request content was invalid: 'name' is required.")
    }
    let type = body.member("type")?.string ?? ""
    guard type.lowercased() == ConfidentialLedgerType.name.lowercased() else {
      throw CloudError(400, "InvalidRequestContent", "The request content was invalid: the type '\(type.prefix(128))' is not supported.")
    }
    guard isValid(name) else { return ["nameAvailable": false, "reason": "Invalid", "message": .string(invalidMessage(name))] }
    let isTaken = try name.lowercased() == identityService || reader.exists(ConfidentialLedger.self, ConfidentialLedger.key(name))
    guard !isTaken else { return ["nameAvailable": false, "reason": "AlreadyExists", "message": .string(takenMessage(name))] }
    return ["nameAvailable": true]
  }

  private static func invalidMessage(_ name: String) -> String {
    "The ledger name '\(name.prefix(128))' is invalid. A name has between 3 and 32 letters, digits and hyphens, and neither begins nor ends with a hyphen."
  }

  private static func takenMessage(_ name: String) -> String { "The ledger name '\(name)' is already in use." }
}
