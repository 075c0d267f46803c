/// Which passwords users may have.
///
/// Source: Microsoft Entra, "Password policies and account restrictions".
enum PasswordPolicy {
  /// 8 to 256 characters of three of the four classes (lower case, upper case, digits, others), that do not contain the user's name.
  static func accepts(_ password: String, for userPrincipalName: String) -> Bool {
    guard IdentityLimits.passwordCharacters.contains(password.count), DirectoryNames.isPrintable(password) else { return false }
    var classes: Set<Int> = []
    for character in password.unicodeScalars {
      switch character.properties.generalCategory {
      case .lowercaseLetter: classes.insert(0)
      case .uppercaseLetter: classes.insert(1)
      case .decimalNumber: classes.insert(2)
      default: classes.insert(3)
      }
    }
    guard classes.count >= 3 else { return false }
    let name = userPrincipalName.prefix { $0 != "@" }.lowercased()
    return name.count < 4 || !password.lowercased().contains(name)
  }
}
