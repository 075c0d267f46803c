internal import Base
internal import NIOHTTP1
internal import Wire

/// What ledgers refuse, in the codes of Azure Confidential Ledger and of CCF, on which it runs.
///
/// Source: Microsoft, "ConfidentialLedgerError", REST reference, and CCF, `odata_error.h`.
enum LedgerServiceError {
  static let unauthenticated = CloudError(
    401, "InvalidAuthenticationInfo", "Invalid authentication credentials.",
    headers: [("WWW-Authenticate", "Bearer realm=\"JWT bearer token access\"")])

  static func notAllowed(_ method: HTTPMethod, _ path: String) -> CloudError {
    CloudError(403, "NotAllowed", "Not allowed to call \(method.rawValue) \(path)")
  }

  static func unknownPath(_ path: String) -> CloudError { CloudError(404, "ResourceNotFound", "Unknown path: \(path).") }

  static func unsupportedVerb(_ path: String, allowed: [HTTPMethod]) -> CloudError {
    let names = Set(allowed.map(\.rawValue)).sorted().joined(separator: ", ")
    return CloudError(405, "UnsupportedHttpVerb", "Allowed methods for '\(path)' are: \(names).", headers: [("Allow", names)])
  }

  static func unsupportedContentType(_ type: String) -> CloudError {
    CloudError(415, "UnsupportedContentType", "Unsupported content type \(type.prefix(128)). Only application/json is currently supported.")
  }

  static func invalidInput(_ message: String) -> CloudError { CloudError(400, "InvalidInput", message) }

  static func invalidQuery(_ name: String, _ message: String) -> CloudError {
    CloudError(400, "InvalidQueryParameterValue", "Invalid value for query parameter '\(name)': \(message)")
  }

  static func malformedTransactionID(_ text: String) -> CloudError {
    CloudError(400, "InvalidTransactionId", "The value '\(text.prefix(64))' could not be converted to a valid Tx ID.")
  }

  static func invalidTransactionID(_ text: String) -> CloudError {
    CloudError(404, "InvalidTransactionId", "Transaction \(text.prefix(64)) is invalid.")
  }

  static func unknownTransaction(_ id: TransactionID) -> CloudError {
    CloudError(404, "TransactionPendingOrUnknown", "Transaction \(id) is not available.")
  }

  static func ledgerNotFound(_ name: some StringProtocol) -> CloudError {
    CloudError(404, "ResourceNotFound", "The ledger '\(name.prefix(64))' does not exist.")
  }

  static func tooLarge(_ limit: Int) -> CloudError {
    CloudError(413, "RequestBodyTooLarge", "HTTP request body is too large (max size allowed: \(limit) bytes).")
  }

  static func notImplemented(_ what: String) -> CloudError { CloudError(501, "NotImplemented", "\(what) are not supported by this ledger.") }

  static func json(_ error: CloudError) -> JSON {
    ["error": ["code": .string(error.code), "message": .string(error.message)]]
  }
}
