internal import CPKCS11

#if canImport(Glibc)
  internal import Glibc
#endif

/// A PKCS#11 library in this process: its table of functions.
///
/// Source: OASIS, "PKCS #11 Cryptographic Token Interface Base Specification", version 2.40.
struct Cryptoki: @unchecked Sendable {
  let functions: UnsafeMutablePointer<ck_function_list>

  /// Loads the library at an absolute path. Throws `SecurityModuleError.unavailable`.
  init(library path: String) throws(SecurityModuleError) {
    guard path.hasPrefix("/") else { throw .unavailable("\(path) is no absolute path") }
    // It stays loaded: libraries of this kind start threads and keep state that nobody can take from them.
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw .unavailable("\(path) cannot be loaded: \(dlerror().map { String(cString: $0) } ?? "unknown error")")
    }
    guard let symbol = dlsym(handle, "C_GetFunctionList") else { throw .unavailable("\(path) is no PKCS#11 library") }
    let give = unsafeBitCast(symbol, to: CK_C_GetFunctionList.self)
    var functions: UnsafeMutablePointer<ck_function_list>?
    guard give(&functions) == CKR_OK, let functions else { throw .unavailable("\(path) gives no functions") }
    // The standard wants a stub where a function is not served, so that none needs to be asked for later.
    let isComplete = withUnsafeBytes(of: functions.pointee) { bytes in
      bytes.bindMemory(to: UInt.self).dropFirst().allSatisfy { $0 != 0 }
    }
    guard isComplete else { throw .unavailable("\(path) lacks functions") }
    self.functions = functions
  }

  /// Throws `SecurityModuleError.failed` for every answer but `CKR_OK`.
  func call(_ function: String, _ body: (ck_function_list) -> ck_rv_t) throws(SecurityModuleError) {
    let code = body(functions.pointee)
    guard code == CKR_OK else { throw .failed(function: function, code: code) }
  }
}

/// What PKCS#11's return values mean to a caller.
enum ReturnValue {
  /// The token, or the session with it, is no more.
  static let lost: Set<UInt> = [
    CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
    CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SLOT_ID_INVALID, CKR_USER_NOT_LOGGED_IN,
  ]
  /// What a lost token and a wrong ciphertext have in common: the token must be asked whether it is there.
  static let doubtful: Set<UInt> = [
    CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_HOST_MEMORY, CKR_DEVICE_MEMORY, CKR_OBJECT_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID,
  ]
  /// A remembered handle is no more.
  static let stale: Set<UInt> = [
    CKR_OBJECT_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID, CKR_WRAPPING_KEY_HANDLE_INVALID, CKR_UNWRAPPING_KEY_HANDLE_INVALID,
  ]
  static let unsupported: Set<UInt> = [
    CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_FUNCTION_NOT_SUPPORTED, CKR_CURVE_NOT_SUPPORTED, CKR_DOMAIN_PARAMS_INVALID,
  ]
  static let invalidData: Set<UInt> = [
    CKR_DATA_INVALID, CKR_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE, CKR_WRAPPED_KEY_INVALID,
    CKR_WRAPPED_KEY_LEN_RANGE, CKR_KEY_SIZE_RANGE, CKR_KEY_TYPE_INCONSISTENT, CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE,
  ]
  /// Functions whose vague failures come from what a client sent.
  static let takesUntrusted: Set<String> = ["C_Decrypt", "C_UnwrapKey", "C_Verify"]
  static let pinRefused: Set<UInt> = [CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED, CKR_PIN_LOCKED]
}

extension SecurityModuleError {
  /// The PKCS#11 return value, where it is one.
  var code: UInt? {
    guard case .failed(_, let code) = self else { return nil }
    return code
  }

  /// The same as callers know it.
  var meaning: SecurityModuleError {
    guard case .failed(let function, let code) = self else { return self }
    if ReturnValue.lost.contains(code) { return .unavailable("\(function) answered 0x\(String(code, radix: 16))") }
    if ReturnValue.unsupported.contains(code) { return .unsupported("\(function) answered 0x\(String(code, radix: 16))") }
    if ReturnValue.invalidData.contains(code) { return .invalidData }
    // The token is there, as was asked: then it is what it was given.
    if ReturnValue.doubtful.contains(code), ReturnValue.takesUntrusted.contains(function) { return .invalidData }
    return self
  }
}
