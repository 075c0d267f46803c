internal import Base

/// The secrets that the platform makes for applications.
enum ApplicationSecret {
  /// Letters, digits and the four marks that Entra uses: 66 characters, 6.04 bits each.
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~".utf8)

  /// 40 characters (37 of them random: 223 bits) of Entra's form, with `8Q~` in the fourth place, by which scanners for leaked secrets know one.
  static func make(_ random: any RandomSource) -> String {
    // A command line would take a first hyphen for an option.
    let plain = Array(alphabet.prefix(62))
    let head = random.text(1, from: plain) + random.text(2, from: alphabet)
    return head + "8Q~" + random.text(IdentityLimits.secretCharacters - 7, from: alphabet) + random.text(1, from: plain)
  }
}
