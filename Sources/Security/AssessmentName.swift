internal import Base
internal import Crypto

/// The name of the assessment that a control's observations are shown as: Azure's names are identifiers, and clients keep them.
enum AssessmentName {
  /// Chosen once; another would rename every assessment.
  private static let namespace = GUID(high: 0x6f3d_1c52_8a4e_4b0b, low: 0x9d57_2f1c_0a7b_e941)

  /// Version 5 of a control's id: the same in every cloud, forever.
  ///
  /// Source: RFC 9562, section 5.5.
  static func of(control: String) -> GUID {
    let digest = Array(Insecure.SHA1.hash(data: namespace.bytes + Array(control.utf8)))
    let high = digest[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = digest[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return GUID(high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x5000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
  }
}
