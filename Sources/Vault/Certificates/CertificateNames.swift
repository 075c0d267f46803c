internal import Base
internal import SwiftASN1
internal import Wire
internal import X509

#if canImport(Glibc)
  internal import Glibc
#endif

/// The alternative names of a policy: `x509_props.sans`.
///
/// Source: Microsoft, "SubjectAlternativeNames", Key Vault REST reference.
struct CertificateNames: Sendable, Equatable {
  var emails: [String] = []
  var dnsNames: [String] = []
  var userPrincipalNames: [String] = []
  var addresses: [String] = []
  var identifiers: [String] = []

  /// Microsoft's name form for user principal names.
  static let userPrincipalName: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 311, 20, 2, 3]

  init() {}

  var isEmpty: Bool { emails.isEmpty && dnsNames.isEmpty && userPrincipalNames.isEmpty && addresses.isEmpty && identifiers.isEmpty }

  // MARK: JSON

  /// Throws 400. Stored ones are taken as they are.
  init(_ json: JSON, isStored: Bool = false) throws {
    guard json.object != nil else { throw CertificateError.invalid("sans") }
    func texts(_ name: String, _ fits: (String) -> Bool) throws -> [String] {
      guard let value = json.member(name) else { return [] }
      guard let items = value.array else { throw CertificateError.invalid(name) }
      let texts = items.compactMap(\.string)
      if isStored { return texts }
      guard texts.count == items.count, texts.count <= CertificateLimits.maximumNames,
        texts.allSatisfy({ (1...CertificateLimits.maximumTextCharacters).contains($0.count) && fits($0) })
      else { throw CertificateError.invalid(name) }
      return texts
    }
    emails = try texts("emails") { $0.isMailAddress }
    dnsNames = try texts("dns_names") { $0.isHostName }
    userPrincipalNames = try texts("upns") { $0.contains("@") }
    addresses = try texts("ipAddresses") { Self.bytes(ofAddress: $0) != nil }
    identifiers = try texts("uris") { $0.contains(":") && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
  }

  var json: JSON? {
    guard !isEmpty else { return nil }
    func list(_ texts: [String]) -> JSON? { texts.isEmpty ? nil : .array(texts.map { .string($0) }) }
    return .object([
      "emails": list(emails), "dns_names": list(dnsNames), "upns": list(userPrincipalNames), "ipAddresses": list(addresses),
      "uris": list(identifiers),
    ])
  }

  // MARK: X.509

  func generalNames() throws -> [GeneralName] {
    try emails.map { GeneralName.rfc822Name($0) } + dnsNames.map { .dnsName($0) }
      + userPrincipalNames.map {
        .otherName(GeneralName.OtherName(typeID: Self.userPrincipalName, value: try ASN1Any(erasing: ASN1UTF8String($0))))
      } + addresses.compactMap { Self.bytes(ofAddress: $0) }.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
      + identifiers.map { .uniformResourceIdentifier($0) }
  }

  /// What stands in somebody's certificate, of the sorts that a policy knows.
  init(_ names: SubjectAlternativeNames) {
    for name in names {
      switch name {
      case .rfc822Name(let text): emails.append(text)
      case .dnsName(let text): dnsNames.append(text)
      case .uniformResourceIdentifier(let text): identifiers.append(text)
      case .otherName(let other) where other.typeID == Self.userPrincipalName:
        if let text = other.value.flatMap({ try? ASN1UTF8String(asn1Any: $0) }) { userPrincipalNames.append(String(text)) }
      case .ipAddress(let bytes):
        if let text = Self.text(ofAddress: Array(bytes.bytes)) { addresses.append(text) }
      default: continue
      }
    }
  }

  private static func bytes(ofAddress text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }

  private static func text(ofAddress bytes: [UInt8]) -> String? {
    guard [4, 16].contains(bytes.count) else { return nil }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension String {
  /// Labels of letters, digits, hyphens and underscores; the first may be a star.
  var isHostName: Bool {
    let labels = utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard utf8.count <= 253 else { return false }
    return labels.enumerated().allSatisfy { index, label in
      if index == 0, labels.count > 1, label.elementsEqual("*".utf8) { return true }
      return (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
        && label.allSatisfy { byte in
          let lowercase = byte | 0x20
          return (0x61...0x7A).contains(lowercase) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
    }
  }

  /// `somebody@host.name`.
  var isMailAddress: Bool {
    let parts = split(separator: "@", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && String(parts[1]).isHostName && utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}
