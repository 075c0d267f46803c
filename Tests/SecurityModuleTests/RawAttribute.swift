import Base
import SecurityModule

/// Attributes of PKCS#11 that must not be readable.
enum RawAttribute: UInt {
  case value = 0x11
  case privateExponent = 0x123
  case prime = 0x124

  /// `CKR_ATTRIBUTE_SENSITIVE`.
  static let sensitive: UInt = 0x11
}

extension SecurityModule {
  /// What the token answers to whoever asks for a private value; nil where it gives it.
  func answer(to attribute: RawAttribute, of id: GUID) async throws -> UInt? {
    do {
      _ = try await rawAttribute(attribute.rawValue, of: id)
      return nil
    } catch SecurityModuleError.failed("C_GetAttributeValue", let code) {
      return code
    }
  }
}
