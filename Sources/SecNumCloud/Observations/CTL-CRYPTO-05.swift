internal import Base
internal import Catalogue
internal import Crypto
internal import Declarations
internal import Identity
internal import Records
internal import Wire

/// Signatures: every observation of the day is verified anew, and says what it says in its signed text.
public struct ControlCRYPTO05: ControlObservation {
  public let control = "CTL-CRYPTO-05"
  public let test = "CTL-CRYPTO-05Tests: an observation that was changed after it was signed is seen"

  public init() {}

  private static let daySeconds = 86400
  private static let maximumNamed = 20

  public func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let day = try await observations(platform)
    let profile = CryptographicProfile(on: CalendarDate(platform.now))
    let signing = try await platform.records.read { try IdentityService.signingKeys(in: $0) }
    return [
      algorithms(platform, signing, day, profile, .permitted), algorithms(platform, signing, day, profile, .recommended), incidents(platform, day),
    ]
  }

  private struct Day {
    var verified = 0
    var gaps: [Text] = []
  }

  /// All that is stored of the last 24 hours, and the latest look at each control however old.
  private func observations(_ platform: ObservedPlatform) async throws -> Day {
    let start = platform.now.advanced(by: .seconds(-Self.daySeconds))
    let controls = platform.requirements.controls.map(\.id)
    let stored = try await platform.records.read { reader in
      var stored: Set<Observation> = []
      for control in controls {
        if let latest = try reader.fetch(LatestLook.self, LatestLook.key(control)) { stored.formUnion(latest.observations) }
        let before = PastLook(control: control, time: start, observations: []).key
        let past = try reader.list(
          PastLook.self, under: RecordKey(tenant: .zero, control), after: before, limit: ObservationLimits.maximumHistory + 1)
        for look in past { stored.formUnion(look.observations) }
      }
      return stored
    }
    var result = Day()
    for observation in stored.sorted(by: { ($0.time, $0.control) < ($1.time, $1.control) }) {
      result.verified += 1
      let place = "\(observation.control), \(observation.time.iso8601)"
      if !platform.evidenceKey.isValid(observation.signature, over: observation.statement.utf8) {
        result.gaps.append(
          Text("la signature de l'observation \(place) n'est pas valable.", "the signature of the observation \(place) is not valid."))
      } else if !observation.saysWhatWasSigned {
        result.gaps.append(
          Text("l'observation \(place) ne dit pas ce que dit son texte signé.", "the observation \(place) does not say what its signed text says."))
      }
    }
    return result
  }

  private func algorithms(
    _ platform: ObservedPlatform, _ signing: [IdentityService.SigningKeyDescription], _ day: Day, _ profile: CryptographicProfile,
    _ wanted: CryptographicProfile.Standing
  ) -> Finding {
    var gaps = day.gaps
    let isP256 = (try? P256.Signing.PublicKey(pemRepresentation: platform.evidenceKey.publicKeyPEM)) != nil
    if !isP256 || min(profile.standing(.secp256r1), profile.standing(digest: "sha256")) < wanted {
      gaps.append(
        Text("la clé des preuves est hors du profil au \(profile.day).", "the evidence key is outside of the profile on \(profile.day)."))
    }
    for key in signing where profile.standing(.modulus, bits: key.bits) < wanted {
      gaps.append(
        Text(
          "la clé \(key.id.prefix(8))… qui signe les jetons a \(key.bits) bits ; le profil veut \(Self.bits(profile, wanted)) bits au \(profile.day).",
          "the key \(key.id.prefix(8))… that signs tokens has \(key.bits) bits; the profile wants \(Self.bits(profile, wanted)) bits on \(profile.day)."
        ))
    }
    return Finding(
      [wanted == .permitted ? "10.4.a" : "10.4.b"],
      subject: Text(
        "signature de toutes les observations des dernières 24 heures, et algorithmes des clés qui signent preuves et jetons",
        "signature of every observation of the last 24 hours, and algorithms of the keys that sign evidence and tokens"),
      looked: day.verified, gaps: gaps,
      nothing: Text(
        "aucune observation n'est encore enregistrée : rien n'a pu être vérifié.", "no observation is stored yet: nothing could be verified."),
      figures: [
        .init("observations vérifiées", "observations verified", day.verified), .init("signatures en défaut", "signatures at fault", day.gaps.count),
        .init("clés qui signent les jetons", "keys that sign tokens", signing.count),
      ],
      evidence: [
        "cle_des_preuves": .string(platform.evidenceKey.fingerprint), "algorithme": "ECDSA P-256, SHA-256",
        "jetons": .array(signing.prefix(Self.maximumNamed).map { ["kid": .string($0.id), "algorithme": "RS256", "bits": .integer(Int64($0.bits))] }),
      ])
  }

  private static func bits(_ profile: CryptographicProfile, _ wanted: CryptographicProfile.Standing) -> Int {
    let line = profile.line(.modulus)
    return wanted == .permitted ? line.rule : line.recommendation
  }

  /// 16.6.a: what was recorded must be able to prove. Observations are signed; what happened between them, the activity log, is not yet.
  private func incidents(_ platform: ObservedPlatform, _ day: Day) -> Finding {
    let subject = Text("valeur de preuve des observations et du journal d'activité", "value as evidence of observations and of the activity log")
    if let gap = day.gaps.first { return Finding(["16.6.a"], .nonCompliant, subject: subject, reason: gap) }
    return Finding(
      ["16.6.a"], .notAssessed, subject: subject,
      reason: Text(
        """
        \(day.verified) observations signées se vérifient, mais le journal d'activité n'est ni signé ni chaîné, et nul tiers n'horodate : le registre de \
        transparence n'existe pas encore.
        """,
        """
        \(day.verified) signed observations verify, but the activity log is neither signed nor chained, and no third party stamps the time: there is no \
        transparency ledger yet.
        """),
      figures: [.init("observations vérifiées", "observations verified", day.verified)])
  }
}

extension Observation {
  /// Whether the members are those of the signed text.
  var saysWhatWasSigned: Bool {
    guard let signed = try? JSON(parsing: Array(statement.utf8)) else { return false }
    let figuresAreSame =
      signed["figures"]?.array.map { list in
        list.count == figures.count
          && zip(list, figures).allSatisfy { $0["name"] == $1.name.json && $0["value"]?.number == $1.value && $0["unit"]?.string == $1.unit }
      } ?? false
    return signed["control"]?.string == control && signed["items"]?.array?.map(\.string) == items.map(\.description)
      && signed["verdict"]?.string == verdict.rawValue && signed["subject"] == subject.json && signed["reason"] == reason?.json
      && signed["time"]?.string == time.iso8601 && signed["validUntil"]?.string == validUntil.iso8601 && signed["version"]?.string == version
      && signed["since"]?.object?.members.count == since.count && since.allSatisfy { signed["since"]?[$0.key]?.string == $0.value.iso8601 }
      && figuresAreSame
  }
}
