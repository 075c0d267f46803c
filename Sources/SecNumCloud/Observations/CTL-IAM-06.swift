internal import Base
internal import Catalogue
internal import Identity
internal import Wire

/// How people prove who they are: by how many factors, and after how many failures no more.
package struct ControlIAM06: ControlObservation {
  package let control = "CTL-IAM-06"
  package let test = "CTL-IAM-06Tests: a door that lets an account try on and on is found, and one that asks for a second factor is seen"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let administrators = try await ProviderAdministrators.read(platform)
    let trial = try await ThrowawayTenant.with(platform) { probe in
      let factors = try await Self.trySingleFactor(probe)
      return (factors, try await Self.tryLockout(probe))
    }
    let (factors, lockout) = trial
    return factors.findings(administrators) + [lockout.finding]
  }

  // MARK: Factors

  private struct Factors {
    /// How an administrator is signed in who gives a password and nothing else; nil where Entra's refusal asks for a further factor.
    var methods: [String]?

    func findings(_ administrators: ProviderAdministrators) -> [Finding] {
      let subject = Text(
        "la connexion d'un administrateur sonde par son seul mot de passe, et les administrateurs du moment",
        "the sign-in of a probe's administrator with a password alone, and the administrators of the moment")
      let figures = [
        Finding.Figure("administrateurs du prestataire", "administrators of the provider", administrators.accounts.count),
        Finding.Figure("facteurs demandés", "factors asked for", methods == nil ? 2 : 1),
      ]
      let evidence: JSON = ["amr": .array((methods ?? []).map { .string($0) }), "administrators": administrators.evidence]
      let gap = Text(
        "un administrateur se connecte par son seul mot de passe : la plateforme n'a pas d'authentification multifacteur.",
        "an administrator signs in with a password alone: the platform has no multi-factor authentication.")
      let items: [ItemID] = ["9.5.a", "9.5.c", "9.6.f"]
      guard methods == nil else { return [Finding(items, .nonCompliant, subject: subject, reason: gap, figures: figures, evidence: evidence)] }
      let (own, rest): ([ItemID], [ItemID]) = (["9.6.f"], ["9.5.a", "9.5.c"])
      return [
        Finding(own, .compliant, subject: subject, figures: figures, evidence: evidence),
        Finding(
          rest, .notAssessed, subject: subject,
          reason: Text(
            "un second facteur est demandé, mais ni le cycle de vie des moyens ni leur offre aux utilisateurs ne sont encore observés.",
            "a second factor is asked for, but neither the life cycle of the means nor their offer to users is observed yet."), figures: figures,
          evidence: evidence),
      ]
    }
  }

  /// AADSTS50076 and 50079: a further factor must be given, or enrolled first.
  private static let furtherFactor: Set<Int> = [50076, 50079]

  private static func trySingleFactor(_ probe: ThrowawayTenant) async throws -> Factors {
    let tokens = try await probe.signIn(probe.password)
    if let error = tokens.error, furtherFactor.contains(error) { return Factors(methods: nil) }
    guard let token = tokens.access else {
      throw ObservationFailure(
        "la connexion de la sonde a été refusée (\(tokens.error ?? tokens.status)) : elle ne prouve rien.",
        "the probe's sign-in was refused (\(tokens.error ?? tokens.status)): it proves nothing.")
    }
    return Factors(methods: try IdentityService.methods(of: token))
  }

  // MARK: Lock

  private struct Lockout {
    var failures = 0
    var isLocked = false
    /// Whether who knows the password gets in all the same.
    var opensWhileLocked = false
    var othersAreServed = false

    var finding: Finding {
      var gaps: [Text] = []
      if !isLocked {
        gaps.append(Text("après \(failures) échecs, le compte n'est pas verrouillé.", "after \(failures) failures, the account is not locked."))
      }
      if opensWhileLocked { gaps.append(Text("un compte verrouillé s'ouvre.", "a locked account opens.")) }
      if !othersAreServed {
        gaps.append(Text("le verrou d'un compte en ferme un autre.", "the lock of one account shuts another."))
      }
      return Finding(
        ["9.5.b"],
        subject: Text(
          "un compte sonde auquel \(failures) mots de passe faux sont présentés, puis le bon",
          "a probe account to which \(failures) wrong passwords are given, then the right one"),
        looked: failures, gaps: gaps, nothing: Text("aucun essai n'a été fait.", "no attempt was made."),
        figures: [
          Finding.Figure("échecs avant le verrou", "failures before the lock", failures),
          Finding.Figure("premier verrou", "first lock", Int(IdentityLimits.lockoutSeconds), unit: "s"),
          Finding.Figure("verrou le plus long", "longest lock", Int(IdentityLimits.maximumLockoutSeconds), unit: "s"),
        ])
    }
  }

  /// AADSTS50053: the account is locked.
  private static let locked = 50053

  private static func tryLockout(_ probe: ThrowawayTenant) async throws -> Lockout {
    var lockout = Lockout()
    try await probe.keepCheapHash()
    while lockout.failures < IdentityLimits.maximumUserFailures, !lockout.isLocked {
      let tokens = try await probe.signIn("Faux-\(lockout.failures)-\(probe.id)")
      lockout.failures += 1
      lockout.isLocked = tokens.error == locked
    }
    let tokens = try await probe.signIn(probe.password)
    lockout.isLocked = tokens.error == locked
    lockout.opensWhileLocked = tokens.isGiven
    lockout.othersAreServed = try await probe.signIn(probe.administrator).isGiven
    return lockout
  }
}
