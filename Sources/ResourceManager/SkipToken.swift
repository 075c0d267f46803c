internal import Base

/// Where the next page of a list begins, as the opaque text of `$skiptoken`.
///
/// It carries a checksum over the list it was made for, so that an altered token, or one of another list, is refused and not misread. It is no
/// secret and grants nothing: a list is bounded by its own path whatever the token says.
struct SkipToken {
  /// The last position of the page before.
  var position: String

  /// `list` names what is listed: its path and filter.
  func text(list: String) -> String {
    Self.checksum(list, position) + position.utf8.hexadecimal
  }

  init(position: String) {
    self.position = position
  }

  init(parsing text: String, list: String) throws {
    let digits = Array(text.utf8)
    guard digits.count > 16, digits.count % 2 == 0 else { throw CloudError.invalidSkipToken() }
    var bytes: [UInt8] = []
    for index in stride(from: 16, to: digits.count, by: 2) {
      guard let high = hexadecimalValue(digits[index]), let low = hexadecimalValue(digits[index + 1]) else { throw CloudError.invalidSkipToken() }
      bytes.append(high << 4 | low)
    }
    guard let position = String(validating: bytes, as: UTF8.self),
      String(decoding: digits[..<16], as: UTF8.self) == Self.checksum(list, position)
    else { throw CloudError.invalidSkipToken() }
    self.position = position
  }

  /// FNV-1a over both, in hexadecimal.
  private static func checksum(_ list: String, _ position: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in Array(list.lowercased().utf8) + [0] + Array(position.utf8) {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (56 - 8 * UInt64($0))) }.hexadecimal
  }
}
