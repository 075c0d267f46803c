public import Base
internal import Records

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Every token's user is read from its record: it rests in binary form. Records of format 1 are JSON.
extension User {
  public static var format: UInt8 { 2 }

  /// What the profile may lack, in the order of their writing.
  private static let optionalTexts: [any WritableKeyPath<User, String?> & Sendable] = [
    \.mail, \.givenName, \.surname, \.jobTitle, \.department, \.companyName, \.officeLocation, \.mobilePhone, \.preferredLanguage, \.usageLocation,
    \.passwordHash,
  ]

  public func encode(to writer: inout ByteWriter) throws {
    writer.guid(id)
    writer.guid(tenant)
    writer.string(userPrincipalName)
    writer.string(displayName)
    writer.string(mailNickname)
    writer.flag(accountEnabled)
    writer.flag(forceChangePasswordNextSignIn)
    writer.timestamp(sessionsValidFrom)
    writer.timestamp(created)
    writer.optional(home) { writer, home in
      writer.guid(home.tenant)
      writer.guid(home.user)
    }
    for text in Self.optionalTexts { writer.optional(self[keyPath: text]) { $0.string($1) } }
    writer.list(businessPhones) { $0.string($1) }
    writer.list(otherMails) { $0.string($1) }
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    guard format > 1 else {
      self = try JSONDecoder().decode(Self.self, from: Data(try reader.blob()))
      return
    }
    let (id, tenant) = (try reader.guid(), try reader.guid())
    let (name, displayName, nickname) = (try reader.string(), try reader.string(), try reader.string())
    let (isEnabled, mustChange) = (try reader.flag(), try reader.flag())
    let (validFrom, created) = (try reader.timestamp(), try reader.timestamp())
    let home = try reader.optional { HomeAccount(tenant: try $0.guid(), user: try $0.guid()) }
    self.init(
      id: id, tenant: tenant, userPrincipalName: name, displayName: displayName, mailNickname: nickname, accountEnabled: isEnabled,
      forceChangePasswordNextSignIn: mustChange, home: home, created: created)
    sessionsValidFrom = validFrom
    for text in Self.optionalTexts { self[keyPath: text] = try reader.optional { try $0.string() } }
    businessPhones = try reader.list { try $0.string() }
    otherMails = try reader.list { try $0.string() }
  }
}
