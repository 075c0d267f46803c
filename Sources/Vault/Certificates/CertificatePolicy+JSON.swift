internal import Base
internal import SecurityModule
internal import SwiftASN1
internal import Wire
internal import X509

extension CertificatePolicy {
  /// Reads a policy; members that are not there are taken from `base`, or have their defaults. Throws 400.
  ///
  /// A stored one may describe somebody's certificate, whose names need not be such that one could be made with them.
  init(_ json: JSON, over base: CertificatePolicy? = nil, isStored: Bool = false) throws {
    guard json.object != nil else { throw CertificateError.invalid("policy") }
    let issuer = try Self.issuer(json.member("issuer")) ?? base?.issuer
    guard let issuer else { throw CertificateError.missing("policy.issuer") }
    self = base ?? CertificatePolicy(issuer: issuer)
    self.issuer = issuer
    if let key = json.member("key_props") { try readKey(key) }
    if let secret = json.member("secret_props"), let value = secret.member("contentType") {
      guard let type = value.string.flatMap({ text in ContentType.allCases.first { $0.rawValue.equalsIgnoringASCIICase(text) } }) else {
        throw CertificateError.invalid("contentType")
      }
      contentType = type
    }
    if let properties = json.member("x509_props") { try readProperties(properties, isStored: isStored) }
    if let actions = json.member("lifetime_actions") {
      lifetimeActions = try Self.actions(actions)
    } else if base == nil {
      lifetimeActions = [LifetimeAction(trigger: .percentage(80), kind: issuer.isUnknown ? .emailContacts : .autoRenew)]
    }
    if let enabled = json.member("attributes", "enabled") {
      guard let flag = enabled.boolean else { throw CertificateError.invalid("enabled") }
      isEnabled = flag
    }
    if let time = json.member("attributes", "created")?.integer, base == nil { created = Timestamp(seconds: Self.bounded(time)) }
    if let time = json.member("attributes", "updated")?.integer, base == nil { updated = Timestamp(seconds: Self.bounded(time)) }
  }

  /// Reads what `text` gave; nil for anything else.
  init?(stored text: String?) {
    guard let text, let json = try? JSON(parsing: text.utf8), let policy = try? CertificatePolicy(json, isStored: true) else { return nil }
    self = policy
  }

  private static func bounded(_ seconds: Int64) -> Int64 { min(max(seconds, 0), 253_402_300_799) }

  // MARK: Parts

  private static func issuer(_ json: JSON?) throws -> Issuer? {
    guard let json else { return nil }
    guard let name = json.member("name")?.string, !name.isEmpty, name.count <= 127 else { throw CertificateError.invalid("issuer.name") }
    var issuer = Issuer(name: name)
    if let type = json.member("cty") {
      guard let text = type.string, text.count <= CertificateLimits.maximumTextCharacters else { throw CertificateError.invalid("cty") }
      issuer.certificateType = text
    }
    if let transparency = json.member("cert_transparency") {
      guard let flag = transparency.boolean else { throw CertificateError.invalid("cert_transparency") }
      issuer.transparency = flag
    }
    return issuer
  }

  private mutating func readKey(_ json: JSON) throws {
    let size = try json.member("key_size").map { value in
      guard let size = value.integer.flatMap({ Int(exactly: $0) }) else { throw CertificateError.invalid("key_size") }
      return size
    }
    let type = json.member("kty")?.string ?? keyKind.family + (isHardware ? "-HSM" : "")
    isHardware = type.lowercased().hasSuffix("-hsm")
    switch type.lowercased() {
    case "rsa", "rsa-hsm":
      let present: Int? = if case .rsa(let bits) = keyKind { bits } else { nil }
      let bits = size ?? present ?? 2048
      guard [2048, 3072, 4096].contains(bits) else { throw CertificateError.invalid("key_size", "Supported sizes are 2048, 3072 and 4096.") }
      keyKind = .rsa(bits: bits)
    case "ec", "ec-hsm":
      let present: ModuleCurve? = if case .ec(let curve) = keyKind { curve } else { nil }
      let named = json.member("crv")?.string
      let curve =
        named.map { name in ModuleCurve.allCases.first { $0.rawValue.equalsIgnoringASCIICase(name) } } ?? Self.curve(size) ?? present ?? .p256
      // X.509 libraries here know the other three.
      guard let curve, curve != .secp256k1, size == nil || Self.curve(size) == curve else {
        throw CertificateError.invalid("crv", "Supported curves are P-256, P-384 and P-521.")
      }
      keyKind = .ec(curve)
    default: throw CertificateError.invalid("kty", "Supported types are RSA, RSA-HSM, EC and EC-HSM.")
    }
    isExportable = try Self.flag(json, "exportable") ?? (isHardware ? false : isExportable)
    reusesKey = try Self.flag(json, "reuse_key") ?? reusesKey
    guard !isHardware || !isExportable else {
      throw CertificateError.invalid("exportable", "The private key of a certificate does not leave the hardware security module.")
    }
  }

  private static func curve(_ size: Int?) -> ModuleCurve? {
    switch size {
    case 256: .p256
    case 384: .p384
    case 521: .p521
    default: nil
    }
  }

  private static func flag(_ json: JSON, _ name: String) throws -> Bool? {
    guard let value = json.member(name) else { return nil }
    guard let flag = value.boolean else { throw CertificateError.invalid(name) }
    return flag
  }

  private mutating func readProperties(_ json: JSON, isStored: Bool) throws {
    if let value = json.member("subject") {
      guard let text = value.string else { throw CertificateError.invalid("subject") }
      if !isStored { _ = try DistinguishedName(subject: text) }
      subject = text
    }
    if let value = json.member("sans") { names = try CertificateNames(value, isStored: isStored) }
    if let value = json.member("ekus") {
      guard let items = value.array, isStored || items.count <= CertificateLimits.maximumPurposes else { throw CertificateError.invalid("ekus") }
      purposes = try items.map { item in
        guard let text = item.string, isStored || ASN1ObjectIdentifier(dotted: text) != nil else { throw CertificateError.invalid("ekus") }
        return text
      }
      guard Set(purposes).count == purposes.count else { throw CertificateError.invalid("ekus") }
    }
    if let value = json.member("key_usage") {
      guard let items = value.array, items.count <= 16 else { throw CertificateError.invalid("key_usage") }
      let wanted = try items.map { item in
        guard let usage = item.string.flatMap({ text in Usage.allCases.first { $0.rawValue.equalsIgnoringASCIICase(text) } }) else {
          throw CertificateError.invalid("key_usage")
        }
        return usage
      }
      usages = Usage.allCases.filter { wanted.contains($0) }
    }
    if let value = json.member("validity_months") {
      guard let months = value.integer.flatMap({ Int(exactly: $0) }), CertificateLimits.validityMonths.contains(months) else {
        throw CertificateError.invalid("validity_months")
      }
      validityMonths = months
    }
  }

  private static func actions(_ json: JSON) throws -> [LifetimeAction] {
    guard let items = json.array, items.count <= CertificateLimits.maximumLifetimeActions else { throw CertificateError.invalid("lifetime_actions") }
    return try items.map { item in
      guard let name = item.member("action", "action_type")?.string,
        let kind = LifetimeAction.Kind.allCases.first(where: { $0.rawValue.equalsIgnoringASCIICase(name) })
      else { throw CertificateError.invalid("action_type") }
      let percentage = item.member("trigger", "lifetime_percentage")
      let days = item.member("trigger", "days_before_expiry")
      switch (percentage, days) {
      case (let percentage?, nil):
        guard let number = percentage.integer.flatMap({ Int(exactly: $0) }), (1...99).contains(number) else {
          throw CertificateError.invalid("lifetime_percentage")
        }
        return LifetimeAction(trigger: .percentage(number), kind: kind)
      case (nil, let days?):
        guard let number = days.integer.flatMap({ Int(exactly: $0) }), (1...36_500).contains(number) else {
          throw CertificateError.invalid("days_before_expiry")
        }
        return LifetimeAction(trigger: .daysBeforeExpiry(number), kind: kind)
      default: throw CertificateError.invalid("trigger")
      }
    }
  }

  /// What the whole must fulfil before a certificate can be made by it. Throws 400.
  func requireMakeable() throws {
    guard !subject.isEmpty || !names.isEmpty else {
      throw CertificateError.invalid("policy", "A subject or a subject alternative name is required.")
    }
    // An action that falls before the beginning would renew for ever.
    let days = validityMonths * 30
    for case .daysBeforeExpiry(let before) in lifetimeActions.map(\.trigger) where before >= days {
      throw CertificateError.invalid("days_before_expiry", "It must be less than the validity of the certificate.")
    }
  }

  // MARK: Writing

  /// With an `id` where one is given.
  func json(id: String? = nil) -> JSON {
    var key = JSON.Object()
    key["exportable"] = .boolean(isExportable)
    key["kty"] = .string(keyKind.family + (isHardware ? "-HSM" : ""))
    switch keyKind {
    case .rsa(let bits): key["key_size"] = .integer(Int64(bits))
    case .ec(let curve):
      key["key_size"] = .integer(curve == .p521 ? 521 : Int64(curve.coordinateBytes * 8))
      key["crv"] = .string(curve.rawValue)
    case .aes, .hmac: break
    }
    key["reuse_key"] = .boolean(reusesKey)
    let properties: JSON = .object([
      "subject": .string(subject), "sans": names.json, "ekus": .array(purposes.map { .string($0) }),
      "key_usage": .array(usages.map { .string($0.rawValue) }), "validity_months": .integer(Int64(validityMonths)),
      "basic_constraints": ["ca": false],
    ])
    let issuer: JSON = .object([
      "name": .string(issuer.name), "cty": .string(issuer.certificateType), "cert_transparency": issuer.transparency.map { .boolean($0) },
    ])
    let attributes: JSON = .object([
      "enabled": .boolean(isEnabled), "created": created.map { .integer($0.seconds) }, "updated": updated.map { .integer($0.seconds) },
    ])
    return .object([
      "id": .string(id), "key_props": .object(key), "secret_props": ["contentType": .string(contentType.rawValue)], "x509_props": properties,
      "lifetime_actions": .array(lifetimeActions.map(Self.json)), "issuer": issuer, "attributes": attributes,
    ])
  }

  private static func json(_ action: LifetimeAction) -> JSON {
    let trigger: JSON =
      switch action.trigger {
      case .percentage(let number): ["lifetime_percentage": .integer(Int64(number))]
      case .daysBeforeExpiry(let number): ["days_before_expiry": .integer(Int64(number))]
      }
    return ["trigger": trigger, "action": ["action_type": .string(action.kind.rawValue)]]
  }

  /// As it rests in `VaultObject.policy`.
  var text: String { json().text }
}
