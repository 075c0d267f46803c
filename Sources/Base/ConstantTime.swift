/// Whether two strings of bytes are equal, without telling by its duration where they differ. Their lengths are no secret.
package func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  // The parentheses matter: `|` and `^` have the same precedence in Swift.
  return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
