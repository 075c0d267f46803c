internal import Base
internal import Wire
internal import X509

/// What a tenant may have certified by the platform's own authority.
///
/// All clients of the cloud trust that authority, for all tenants alike. So every name that it certifies lies in a domain that the operator has entered for the
/// tenant, and a domain belongs to one tenant: nobody can stand for another tenant or for a stranger. Nothing is certified that the cloud's own domain
/// covers, whoever has it: nobody can stand for the platform. Subjects hold a common name alone, because nobody has proved anything else; addresses
/// and URIs are nobody's.
struct IssuerNames: Sendable {
  /// In lower case.
  let domains: [String]
  let cloudDomain: String

  init(domains: [String], cloudDomain: String) {
    self.domains = domains.map { $0.lowercased() }
    self.cloudDomain = cloudDomain.lowercased()
  }

  /// Throws 403.
  func require(_ policy: CertificatePolicy) throws {
    let subject = try DistinguishedName(subject: policy.subject)
    for name in subject {
      for attribute in name {
        guard attribute.type == .RDNAttributeType.commonName, let text = String(attribute.value) else {
          throw CertificateError.notCertified("a subject other than one common name is not certified.")
        }
        try require(host: text)
      }
    }
    for name in policy.names.dnsNames { try require(host: name) }
    for name in policy.names.emails + policy.names.userPrincipalNames {
      guard let at = name.lastIndex(of: "@") else { throw refusal(name) }
      let host = String(name[name.index(after: at)...])
      guard !host.hasPrefix("*") else { throw refusal(name) }
      try require(host: host)
    }
    guard policy.names.addresses.isEmpty, policy.names.identifiers.isEmpty else {
      throw CertificateError.notCertified("addresses and URIs are not certified.")
    }
    let permitted = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]
    // A certificate that names no purpose has every one.
    guard !policy.purposes.isEmpty, policy.purposes.allSatisfy(permitted.contains) else {
      throw CertificateError.notCertified("purposes other than server and client authentication are not certified.")
    }
  }

  private func require(host: String) throws {
    let name = host.lowercased()
    let base = name.hasPrefix("*.") ? String(name.dropFirst(2)) : name
    guard name.isHostName, domains.contains(where: { base == $0 || base.hasSuffix("." + $0) }) else { throw refusal(host) }
    // A star stands for one label: the domain itself may be what it stands for.
    let isCovered = base == cloudDomain || base.hasSuffix("." + cloudDomain) || name.hasPrefix("*.") && cloudDomain.parent == base
    guard !isCovered, base != "localhost" else {
      throw CertificateError.notCertified("'\(host.prefix(128))' belongs to the cloud itself.")
    }
  }

  private func refusal(_ name: String) -> CloudError {
    CertificateError.notCertified("'\(name.prefix(128))' lies in none of the tenant's domains (\(domains.joined(separator: ", "))).")
  }

  /// A certificate of the authority never signs others, whatever the policy says.
  static func usages(_ policy: CertificatePolicy) -> [CertificatePolicy.Usage] {
    policy.usages.filter { [.digitalSignature, .nonRepudiation, .keyEncipherment, .dataEncipherment, .keyAgreement].contains($0) }
  }
}

extension String {
  /// What stands behind the first dot.
  fileprivate var parent: String? { firstIndex(of: ".").map { String(self[index(after: $0)...]) } }
}
