internal import Base

/// The fields in which a person signs in, and what is said when that fails.
enum SignInForm {
  static func fields(username: String, asksForNewPassword: Bool) -> String {
    var html = WebPage.input("username", "Nom d’utilisateur", "User name", value: username, autocomplete: "username")
    html += WebPage.input("password", "Mot de passe", "Password", type: "password", autocomplete: "current-password")
    if asksForNewPassword {
      html += WebPage.input("new_password", "Nouveau mot de passe", "New password", type: "password", autocomplete: "new-password")
    }
    return html
  }

  /// What the person is told.
  static func alert(_ error: CloudError) -> String {
    if error.target == DirectoryErrors.password.target {
      return WebPage.alert(
        "Le nouveau mot de passe doit différer de l’ancien et avoir au moins 8 caractères de trois sortes (minuscules, majuscules, chiffres, autres).",
        "The new password must differ from the old one and have at least 8 characters of three kinds (lower case, upper case, digits, others).")
    }
    return switch error.aadstsNumber {
    case 50126, 50034: WebPage.alert("Nom d’utilisateur ou mot de passe incorrect.", "Wrong user name or password.")
    case 50053: WebPage.alert("Trop d’essais : réessayez plus tard.", "Too many attempts: try again later.")
    case 50057: WebPage.alert("Ce compte est désactivé.", "This account is disabled.")
    case 50055: WebPage.alert("Choisissez un nouveau mot de passe.", "Choose a new password.")
    case 50020:
      WebPage.alert("Ce compte n’existe pas dans l’organisation demandée.", "This account does not exist in the organization that was asked for.")
    case 70_000: WebPage.alert("Ce code est inconnu, a servi ou a expiré.", "That code is unknown, was used, or has expired.")
    case 165_000: WebPage.alert("La page a expiré : réessayez.", "The page has expired: try again.")
    default: WebPage.alert("La connexion a échoué. Réessayez plus tard.", "Sign-in failed. Try again later.")
    }
  }

  /// Whether the person must choose a new password before anything else.
  static func asksForNewPassword(_ error: CloudError) -> Bool {
    error.target == DirectoryErrors.password.target || error.aadstsNumber == 50055
  }
}
