internal import Base
internal import Identity
internal import Records
internal import Wire

extension DirectoryServices {
  /// A user with every property.
  func whole(_ user: User, in reader: any RecordReader) throws -> JSON.Object {
    let own = JSON.Object.with([
      "id": .string(user.id.description), "userPrincipalName": .string(user.userPrincipalName), "displayName": .string(user.displayName),
      "mailNickname": .string(user.mailNickname), "mail": .string(user.mail), "givenName": .string(user.givenName),
      "surname": .string(user.surname), "jobTitle": .string(user.jobTitle), "department": .string(user.department),
      "companyName": .string(user.companyName), "officeLocation": .string(user.officeLocation), "mobilePhone": .string(user.mobilePhone),
      "businessPhones": texts(user.businessPhones), "otherMails": texts(user.otherMails), "preferredLanguage": .string(user.preferredLanguage),
      "usageLocation": .string(user.usageLocation), "accountEnabled": .boolean(user.accountEnabled),
      "createdDateTime": .string(user.created.iso8601), "userType": user.home == nil ? "Member" : "Guest",
    ])
    return GraphSchema.user.complete(own, kept: try kept(user.id, tenant: user.tenant, in: reader))
  }

  /// A group with every property.
  func whole(_ group: Group, in reader: any RecordReader) throws -> JSON.Object {
    let own = JSON.Object.with([
      "id": .string(group.id.description), "displayName": .string(group.displayName), "mailNickname": .string(group.mailNickname),
      "description": .string(group.description), "securityEnabled": .boolean(group.securityEnabled), "mailEnabled": .boolean(group.mailEnabled),
      "createdDateTime": .string(group.created.iso8601), "renewedDateTime": .string(group.created.iso8601),
      "securityIdentifier": .string(Self.securityIdentifier(group.id)),
    ])
    return GraphSchema.group.complete(own, kept: try kept(group.id, tenant: group.tenant, in: reader))
  }

  /// An application with every property. Certificates themselves are shown only where `showingKeys`.
  func whole(_ application: Application, showingKeys: Bool = false, in reader: any RecordReader) throws -> JSON.Object {
    let kept = try kept(application.id, tenant: application.tenant, in: reader)
    let own = JSON.Object.with([
      "id": .string(application.id.description), "appId": .string(application.appID.description),
      "displayName": .string(application.displayName), "description": .string(application.description),
      "signInAudience": .string(application.signInAudience), "identifierUris": texts(application.identifierURIs),
      "isFallbackPublicClient": application.isFallbackPublicClient ? true : nil, "tags": texts(application.tags),
      "web": redirects(application.webRedirectURIs, in: "web", kept), "spa": redirects(application.singlePageRedirectURIs, in: "spa", kept),
      "publicClient": redirects(application.publicClientRedirectURIs, in: "publicClient", kept),
      "passwordCredentials": .array(application.passwordCredentials.map { json($0) }),
      "keyCredentials": .array(application.keyCredentials.map { json($0, showingKey: showingKeys) }),
      "createdDateTime": .string(application.created.iso8601),
      "publisherDomain": .string(try identity.tenant(application.tenant, in: reader)?.domains.first),
    ])
    return GraphSchema.application.complete(own, kept: completed(kept, .application))
  }

  /// A service principal with every property.
  func whole(_ principal: ServicePrincipal, showingKeys: Bool = false, in reader: any RecordReader) throws -> JSON.Object {
    let own = JSON.Object.with([
      "id": .string(principal.id.description), "appId": .string(principal.appID.description), "displayName": .string(principal.displayName),
      "appDisplayName": .string(principal.displayName), "description": .string(principal.description),
      "accountEnabled": .boolean(principal.accountEnabled), "servicePrincipalNames": texts(principal.servicePrincipalNames),
      "servicePrincipalType": .string(principal.servicePrincipalType),
      "appOwnerOrganizationId": .string(principal.appOwnerOrganizationID.description), "tags": texts(principal.tags),
      "signInAudience": .string(try identity.application(appID: principal.appID, in: reader)?.signInAudience),
      "passwordCredentials": .array(principal.passwordCredentials.map { json($0) }),
      "keyCredentials": .array(principal.keyCredentials.map { json($0, showingKey: showingKeys) }),
      "createdDateTime": .string(principal.created.iso8601),
    ])
    return GraphSchema.servicePrincipal.complete(own, kept: try kept(principal.id, tenant: principal.tenant, in: reader))
  }

  /// Graph's password credential. The secret is there only in the answer to the request that made it.
  func json(_ credential: PasswordCredential, secretText: String? = nil) -> JSON {
    [
      "customKeyIdentifier": .null, "displayName": .string(credential.displayName) ?? .null, "endDateTime": .string(credential.end.iso8601),
      "hint": .string(credential.hint), "keyId": .string(credential.keyID.description), "secretText": .string(secretText) ?? .null,
      "startDateTime": .string(credential.start.iso8601),
    ]
  }

  private func json(_ credential: KeyCredential, showingKey: Bool) -> JSON {
    [
      "customKeyIdentifier": .string(credential.thumbprint.hexadecimal.uppercased()), "displayName": .string(credential.displayName) ?? .null,
      "endDateTime": .string(credential.end.iso8601), "key": showingKey ? .string(credential.certificate) : .null,
      "keyId": .string(credential.keyID.description), "startDateTime": .string(credential.start.iso8601), "type": "AsymmetricX509Cert",
      "usage": "Verify",
    ]
  }

  private func texts(_ values: [String]) -> JSON {
    .array(values.map { .string($0) })
  }

  /// `web`, `spa` or `publicClient`: what is kept of it, over what is shown for none, with the redirect URIs that the platform uses.
  private func redirects(_ uris: [String], in name: String, _ kept: JSON.Object) -> JSON {
    var whole = GraphSchema.application.property(name)?.absent.object ?? JSON.Object()
    if let values = kept[name]?.object { whole = GraphSchema.merged(values, over: whole) }
    whole["redirectUris"] = texts(uris)
    return .object(whole)
  }

  /// Kept objects with the members that they were never given.
  private func completed(_ kept: JSON.Object, _ schema: GraphSchema) -> JSON.Object {
    var result = kept
    for (name, value) in kept.members {
      guard case .object(let given) = value, case .object(let absent)? = schema.property(name)?.absent else { continue }
      result[name] = .object(GraphSchema.merged(given, over: absent))
    }
    return result
  }

  /// The Windows form of a group's id.
  ///
  /// Source: Microsoft, "Security identifiers": `S-1-12-1-` and the four 32-bit words of the id as Windows lays it out in memory.
  static func securityIdentifier(_ id: GUID) -> String {
    let bytes = id.bytes
    func word(_ indexes: [Int]) -> UInt32 { indexes.reduce(0) { $0 << 8 | UInt32(bytes[$1]) } }
    let words = [word([0, 1, 2, 3]), word([6, 7, 4, 5]), word([11, 10, 9, 8]), word([15, 14, 13, 12])]
    return "S-1-12-1-" + words.map(String.init).joined(separator: "-")
  }
}
