/// What each kind of key of the platform is for, and for how long at most: one use a key, one line a use.
///
/// The bases are NIST SP 800-57 part 1 rev. 5, table 1 (“recommended cryptoperiods”), as ANSSI's guide gives principles and no durations; where the
/// project chose within its ranges, the line says so.
struct CryptoPeriod {
  enum Kind: String, CaseIterable {
    case root = "clé racine"
    case tenant = "clé de client"
    case data = "clé de données"
    case token = "clé de signature des jetons"
    case account = "clé d'accès d'un compte de stockage"
    case authority = "clé de l'autorité de certification"
    case server = "clé du serveur"
    case evidence = "clé des preuves"
  }

  var kind: Kind
  var purpose: Text
  /// Days from its making after which it must not be in use any more.
  var days: Int
  var basis: Text
  var english: String

  static let all: [CryptoPeriod] = [
    CryptoPeriod(
      kind: .root, purpose: Text("envelopper les clés de clients", "wrapping tenants' keys"), days: 730,
      basis: Text("enveloppe de clés : deux ans au plus", "key wrapping: two years at most"), english: "root key"),
    CryptoPeriod(
      kind: .tenant,
      purpose: Text("envelopper les clés de données et sceller les secrets d'un client", "wrapping one tenant's data keys and sealing its secrets"),
      days: 730, basis: Text("enveloppe de clés : deux ans au plus", "key wrapping: two years at most"), english: "tenant key"),
    CryptoPeriod(
      kind: .data,
      purpose: Text("dériver la clé de chaque extent d'un compte ou d'un disque", "deriving the key of each extent of one account or disk"),
      days: 1825,
      basis: Text(
        "chiffrement de données : deux ans d'écriture et trois de lecture ; choix : cinq ans",
        "data encryption: two years of writing and three of reading; a choice: five years"),
      english: "data key"),
    CryptoPeriod(
      kind: .token, purpose: Text("signer des jetons d'accès", "signing access tokens"), days: 100,
      basis: Text(
        "signature : un à trois ans ; choix : rotation tous les 90 jours, et le temps que les derniers jetons expirent",
        "signature: one to three years; a choice: rotation every 90 days, and the time until the last tokens expire"), english: "token signing key"),
    CryptoPeriod(
      kind: .account, purpose: Text("authentifier les requêtes d'un client à son compte", "authenticating a client's requests to its account"),
      days: 730,
      basis: Text("authentification symétrique : deux ans au plus", "symmetric authentication: two years at most"),
      english: "storage account access key"),
    CryptoPeriod(
      kind: .authority, purpose: Text("signer les certificats de la plateforme", "signing the platform's certificates"), days: 3660,
      basis: Text("choix : la vie du certificat de l'autorité, dix ans", "a choice: the life of the authority's certificate, ten years"),
      english: "authority key"),
    CryptoPeriod(
      kind: .server, purpose: Text("authentifier la porte d'entrée (TLS)", "authenticating the front door (TLS)"), days: 398,
      basis: Text("choix : un an et la marge de renouvellement", "a choice: a year and the margin of renewal"), english: "server key"),
    CryptoPeriod(
      kind: .evidence, purpose: Text("signer observations et dossiers", "signing observations and dossiers"), days: 1095,
      basis: Text("signature : un à trois ans", "signature: one to three years"), english: "evidence key"),
  ]

  static func of(_ kind: Kind) -> CryptoPeriod {
    guard let line = all.first(where: { $0.kind == kind }) else { preconditionFailure("\(kind.rawValue) has no line") }
    return line
  }
}
