extension BinaryInteger {
  /// The digits of a number that is not negative, with zeros before them up to a width, so that texts sort as the numbers do.
  func zeroPadded(_ width: Int, radix: Int = 10, uppercase: Bool = false) -> String {
    let digits = String(self, radix: radix, uppercase: uppercase)
    return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
  }
}
