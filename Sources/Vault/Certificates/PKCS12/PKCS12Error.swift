/// Why a PKCS#12 file cannot be read.
enum PKCS12Error: Error, Equatable {
  case malformed
  case wrongPassword
  /// An algorithm that no library here has, or one beyond the bounds.
  case unsupported(String)
}
