internal import Base
internal import Catalogue
internal import Identity
internal import Records
internal import Wire

/// Passwords and secrets rest as salted, slow hashes, and nowhere in clear.
package struct ControlCRYPTO04: ControlObservation {
  package let control = "CTL-CRYPTO-04"
  package let test = "CTL-CRYPTO-04Tests: a weak hash, a shared salt and a password that rests in clear are found"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let hashes = try await platform.records.read { try StoredHashes.read(platform, in: $0) }
    let clear = try await Self.credentialsInClear(platform)
    let nothing = Text("aucun mot de passe n'est enregistré.", "no password is stored.")
    let subject = Text(
      "chaque mot de passe d'utilisateur et secret d'application enregistré : forme, fonction, coût, sel",
      "each stored password of a user and secret of an application: form, function, cost, salt")
    return [
      Finding(
        ["10.3.a"],
        subject: Text(
          "\(subject.french) ; le fichier des identifiants du premier administrateur",
          "\(subject.english); the file of the first administrator's credentials"),
        looked: hashes.count, gaps: hashes.unhashed + clear, nothing: nothing, figures: hashes.figures, evidence: hashes.evidence),
      Finding(
        ["10.3.b"], subject: subject, looked: hashes.count, gaps: hashes.unhashed + hashes.weak, nothing: nothing, figures: hashes.figures,
        evidence: hashes.evidence),
      Finding(
        ["10.3.c"], subject: subject, looked: hashes.count, gaps: hashes.unhashed + hashes.weak + [Self.recommendation], nothing: nothing,
        figures: hashes.figures),
      Finding(
        ["10.3.d"], subject: subject, looked: hashes.count, gaps: hashes.unhashed + hashes.unsalted, nothing: nothing, figures: hashes.figures,
        evidence: hashes.evidence),
    ]
  }

  /// `SecretHash` knows one function.
  private static let recommendation = Text(
    "PBKDF2 est itérative mais pas gourmande en mémoire, comme l'est la fonction recommandée (Argon2id) ; une recommandation n'est pas vérifiée pour "
      + "une qualification.",
    "PBKDF2 iterates but is not memory-hard, as the recommended function (Argon2id) is; a recommendation is not checked for a qualification.")

  /// The file that the first start leaves for its operator, where what stands in it still opens an account.
  private static func credentialsInClear(_ platform: ObservedPlatform) async throws -> [Text] {
    let path = platform.site.credentials
    guard let text = try platform.host.text(of: path, limit: 64 << 10), let json = try? JSON(parsing: Array(text.utf8)) else { return [] }
    let stored = try await platform.records.read { reader in
      let user = try json["userName"]?.string.flatMap { try platform.identity.user(named: $0, in: reader) }
      let application = try json["clientId"]?.string.flatMap { GUID($0) }.flatMap { try platform.identity.application(appID: $0, in: reader) }
      return (user?.passwordHash, application?.passwordCredentials.map(\.hash) ?? [])
    }
    let (password, secrets) = stored
    var gaps: [Text] = []
    if let clear = json["password"]?.string, let password, try await platform.identity.isSecret(clear, of: password) {
      gaps.append(
        Text(
          "\(path) garde en clair le mot de passe, encore valable, du premier administrateur : supprimez le fichier, ou changez le mot de passe.",
          "\(path) keeps the first administrator's password, which still holds, in clear: delete the file, or change the password."))
    }
    if let clear = json["clientSecret"]?.string {
      for secret in secrets where try await platform.identity.isSecret(clear, of: secret) {
        gaps.append(
          Text(
            "\(path) garde en clair le secret, encore valable, de la première application : supprimez le fichier, ou remplacez le secret.",
            "\(path) keeps the first application's secret, which still holds, in clear: delete the file, or replace the secret."))
      }
    }
    return gaps
  }
}

/// The hashes of all passwords and secrets, as they are stored.
private struct StoredHashes: Sendable {
  var sample: TenantSample
  var passwords = 0
  var secrets = 0
  /// What is no hash: perhaps a password in clear. Nothing of it is shown.
  var unhashed: [Text] = []
  var weak: [Text] = []
  var unsalted: [Text] = []
  var fewestPasswordRounds = Int.max
  var fewestSecretRounds = Int.max
  var shortestSalt = Int.max
  private var salts: [[UInt8]: String] = [:]

  /// CRYPTO_B1's and the guide's: 128 bits.
  private static let minimumSaltBytes = 16

  var count: Int { passwords + secrets }

  var figures: [Finding.Figure] {
    [
      sample.figure, Finding.Figure("mots de passe", "passwords", passwords),
      Finding.Figure("secrets d'applications", "secrets of applications", secrets),
      Finding.Figure("sels différents", "different salts", salts.count),
    ]
      + (passwords > 0 ? [Finding.Figure("itérations, mot de passe le plus faible", "iterations, weakest password", fewestPasswordRounds)] : [])
      + (secrets > 0 ? [Finding.Figure("itérations, secret le plus faible", "iterations, weakest secret", fewestSecretRounds)] : [])
      + (count > 0 ? [Finding.Figure("sel le plus court", "shortest salt", shortestSalt * 8, unit: "bits")] : [])
  }

  var evidence: JSON {
    [
      "scheme": "PBKDF2-HMAC-SHA-256, 256 bits", "requiredPasswordRounds": .integer(Int64(IdentityLimits.passwordRounds)),
      "requiredSecretRounds": .integer(Int64(IdentityLimits.secretRounds)), "requiredSaltBits": .integer(Int64(Self.minimumSaltBytes * 8)),
      "secretsAre": "made by the platform, 223 random bits",
    ]
  }

  private init(sample: TenantSample) { self.sample = sample }

  static func read(_ platform: ObservedPlatform, in reader: any RecordReader) throws -> StoredHashes {
    var hashes = StoredHashes(sample: try TenantSample.take(platform, in: reader))
    let (identity, limit) = (platform.identity, ObservationLimits.maximumListed)
    for tenant in hashes.sample.tenants {
      for user in try identity.users(tenant: tenant.id, limit: limit, in: reader) {
        if let hash = user.passwordHash { hashes.look(at: hash, of: user.id, isPassword: true) }
      }
      for application in try identity.applications(tenant: tenant.id, limit: limit, in: reader) {
        for credential in application.passwordCredentials { hashes.look(at: credential.hash, of: application.id, isPassword: false) }
      }
      for principal in try identity.servicePrincipals(tenant: tenant.id, limit: limit, in: reader) {
        for credential in principal.passwordCredentials { hashes.look(at: credential.hash, of: principal.id, isPassword: false) }
      }
    }
    return hashes
  }

  private mutating func look(at stored: String, of owner: GUID, isPassword: Bool) {
    if isPassword { passwords += 1 } else { secrets += 1 }
    guard let hash = SecretHash(stored) else {
      unhashed.append(Text("ce que \(owner) a pour empreinte n'en est pas une.", "what \(owner) has for a hash is none."))
      return
    }
    let required = isPassword ? IdentityLimits.passwordRounds : IdentityLimits.secretRounds
    if isPassword { fewestPasswordRounds = min(fewestPasswordRounds, hash.rounds) } else { fewestSecretRounds = min(fewestSecretRounds, hash.rounds) }
    if hash.rounds < required {
      weak.append(
        Text(
          "l'empreinte de \(owner) n'a que \(hash.rounds) itérations, au lieu de \(required).",
          "the hash of \(owner) has \(hash.rounds) iterations only, instead of \(required)."))
    }
    shortestSalt = min(shortestSalt, hash.salt.count)
    if hash.salt.count < Self.minimumSaltBytes {
      unsalted.append(
        Text("le sel de \(owner) n'a que \(hash.salt.count * 8) bits.", "the salt of \(owner) has \(hash.salt.count * 8) bits only."))
    }
    // The same credential stands in an application and nowhere else: a salt that is there twice was not drawn.
    guard let other = salts.updateValue(owner.description, forKey: hash.salt) else { return }
    unsalted.append(Text("\(owner) et \(other) ont le même sel.", "\(owner) and \(other) have the same salt."))
  }
}
