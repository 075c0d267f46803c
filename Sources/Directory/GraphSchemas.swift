internal import Wire

/// The types that are served, with the properties that Graph v1.0 gives them.
///
/// Source: Microsoft, "Microsoft Graph REST API v1.0": user, group, application, servicePrincipal, organization, domain resource types.
extension GraphSchema {
  static let user = GraphSchema(
    type: "user", resource: "User", collection: "users",
    shownByDefault: [
      "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname",
      "userPrincipalName",
    ],
    properties: [
      GraphProperty("businessPhones", .texts), GraphProperty("displayName"), GraphProperty("givenName"), GraphProperty("jobTitle"),
      GraphProperty("mail"), GraphProperty("mobilePhone"), GraphProperty("officeLocation"), GraphProperty("preferredLanguage"),
      GraphProperty("surname"), GraphProperty("userPrincipalName"), GraphProperty("id", .text, .computed), GraphProperty("accountEnabled", .boolean),
      GraphProperty("ageGroup"), GraphProperty("city"), GraphProperty("companyName"), GraphProperty("country"),
      GraphProperty("createdDateTime", .text, .computed), GraphProperty("deletedDateTime", .text, .computed), GraphProperty("department"),
      GraphProperty("employeeId"), GraphProperty("employeeType"), GraphProperty("faxNumber"), GraphProperty("mailNickname"),
      GraphProperty("onPremisesImmutableId"), GraphProperty("otherMails", .texts), GraphProperty("passwordPolicies"),
      GraphProperty("passwordProfile", .object), GraphProperty("postalCode"), GraphProperty("state"), GraphProperty("streetAddress"),
      GraphProperty("usageLocation"), GraphProperty("userType", .text, .writable, absent: "Member"),
    ])

  static let group = GraphSchema(
    type: "group", resource: "Group", collection: "groups",
    properties: [
      GraphProperty("id", .text, .computed), GraphProperty("deletedDateTime", .text, .computed), GraphProperty("classification"),
      GraphProperty("createdDateTime", .text, .computed), GraphProperty("creationOptions", .texts, .computed), GraphProperty("description"),
      GraphProperty("displayName"), GraphProperty("expirationDateTime", .text, .computed), GraphProperty("groupTypes", .texts),
      GraphProperty("isAssignableToRole", .boolean), GraphProperty("mail", .text, .computed), GraphProperty("mailEnabled", .boolean),
      GraphProperty("mailNickname"), GraphProperty("membershipRule"), GraphProperty("membershipRuleProcessingState"),
      GraphProperty("onPremisesDomainName", .text, .computed), GraphProperty("onPremisesLastSyncDateTime", .text, .computed),
      GraphProperty("onPremisesNetBiosName", .text, .computed), GraphProperty("onPremisesProvisioningErrors", .objects, .computed),
      GraphProperty("onPremisesSamAccountName", .text, .computed), GraphProperty("onPremisesSecurityIdentifier", .text, .computed),
      GraphProperty("onPremisesSyncEnabled", .boolean, .computed), GraphProperty("preferredDataLocation"), GraphProperty("preferredLanguage"),
      GraphProperty("proxyAddresses", .texts, .computed), GraphProperty("renewedDateTime", .text, .computed),
      GraphProperty("resourceBehaviorOptions", .texts), GraphProperty("resourceProvisioningOptions", .texts),
      GraphProperty("securityEnabled", .boolean), GraphProperty("securityIdentifier", .text, .computed),
      GraphProperty("serviceProvisioningErrors", .objects, .computed), GraphProperty("theme"), GraphProperty("uniqueName"),
      GraphProperty("visibility"),
    ])

  static let application = GraphSchema(
    type: "application", resource: "Application", collection: "applications",
    properties: [
      GraphProperty("id", .text, .computed), GraphProperty("deletedDateTime", .text, .computed), GraphProperty("appId", .text, .computed),
      GraphProperty("addIns", .objects),
      GraphProperty(
        "api", .object, .writable,
        absent: [
          "acceptMappedClaims": .null, "knownClientApplications": [], "oauth2PermissionScopes": [], "preAuthorizedApplications": [],
          "requestedAccessTokenVersion": .null,
        ]),
      GraphProperty("appRoles", .objects), GraphProperty("applicationTemplateId", .text, .computed),
      GraphProperty("certification", .object, .computed), GraphProperty("createdDateTime", .text, .computed),
      GraphProperty("defaultRedirectUri"), GraphProperty("description"), GraphProperty("disabledByMicrosoftStatus", .text, .computed),
      GraphProperty("displayName"), GraphProperty("groupMembershipClaims"), GraphProperty("identifierUris", .texts),
      GraphProperty(
        "info", .object, .writable,
        absent: ["logoUrl": .null, "marketingUrl": .null, "privacyStatementUrl": .null, "supportUrl": .null, "termsOfServiceUrl": .null]),
      GraphProperty("isDeviceOnlyAuthSupported", .boolean), GraphProperty("isFallbackPublicClient", .boolean),
      GraphProperty("keyCredentials", .objects), GraphProperty("nativeAuthenticationApisEnabled"), GraphProperty("notes"),
      GraphProperty("optionalClaims", .object),
      GraphProperty(
        "parentalControlSettings", .object, .writable, absent: ["countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"]),
      GraphProperty("passwordCredentials", .objects, .computed),
      GraphProperty("publicClient", .object, .writable, absent: ["redirectUris": []]), GraphProperty("publisherDomain", .text, .computed),
      GraphProperty("requestSignatureVerification", .object), GraphProperty("requiredResourceAccess", .objects),
      GraphProperty("samlMetadataUrl"), GraphProperty("serviceManagementReference"), GraphProperty("servicePrincipalLockConfiguration", .object),
      GraphProperty("signInAudience", .text, .writable, absent: "AzureADMyOrg"),
      GraphProperty("spa", .object, .writable, absent: ["redirectUris": []]), GraphProperty("tags", .texts), GraphProperty("tokenEncryptionKeyId"),
      GraphProperty("uniqueName"),
      GraphProperty(
        "verifiedPublisher", .object, .computed, absent: ["addedDateTime": .null, "displayName": .null, "verifiedPublisherId": .null]),
      GraphProperty(
        "web", .object, .writable,
        absent: [
          "homePageUrl": .null, "implicitGrantSettings": ["enableAccessTokenIssuance": false, "enableIdTokenIssuance": false],
          "logoutUrl": .null, "redirectUriSettings": [], "redirectUris": [],
        ]),
    ])

  static let servicePrincipal = GraphSchema(
    type: "servicePrincipal", resource: "ServicePrincipal", collection: "servicePrincipals",
    properties: [
      GraphProperty("id", .text, .computed), GraphProperty("deletedDateTime", .text, .computed), GraphProperty("accountEnabled", .boolean),
      GraphProperty("addIns", .objects), GraphProperty("alternativeNames", .texts), GraphProperty("appDescription", .text, .computed),
      GraphProperty("appDisplayName", .text, .computed), GraphProperty("appId", .text, .computed),
      GraphProperty("appOwnerOrganizationId", .text, .computed), GraphProperty("appRoleAssignmentRequired", .boolean, .writable, absent: false),
      GraphProperty("appRoles", .objects, .computed), GraphProperty("applicationTemplateId", .text, .computed),
      GraphProperty("createdDateTime", .text, .computed), GraphProperty("description"),
      GraphProperty("disabledByMicrosoftStatus", .text, .computed), GraphProperty("displayName"), GraphProperty("homepage"),
      GraphProperty("info", .object, .computed), GraphProperty("keyCredentials", .objects), GraphProperty("loginUrl"), GraphProperty("logoutUrl"),
      GraphProperty("notes"), GraphProperty("notificationEmailAddresses", .texts),
      GraphProperty("oauth2PermissionScopes", .objects, .computed), GraphProperty("passwordCredentials", .objects, .computed),
      GraphProperty("preferredSingleSignOnMode"), GraphProperty("preferredTokenSigningKeyThumbprint"), GraphProperty("replyUrls", .texts),
      GraphProperty("resourceSpecificApplicationPermissions", .objects, .computed), GraphProperty("samlSingleSignOnSettings", .object),
      GraphProperty("servicePrincipalNames", .texts, .computed),
      GraphProperty("servicePrincipalType", .text, .computed, absent: "Application"), GraphProperty("signInAudience", .text, .computed),
      GraphProperty("tags", .texts), GraphProperty("tokenEncryptionKeyId"),
      GraphProperty(
        "verifiedPublisher", .object, .computed, absent: ["addedDateTime": .null, "displayName": .null, "verifiedPublisherId": .null]),
    ])

  static let organization = GraphSchema(
    type: "organization", resource: "Organization", collection: "organization",
    properties: [
      GraphProperty("id", .text, .computed), GraphProperty("deletedDateTime", .text, .computed), GraphProperty("businessPhones", .texts, .computed),
      GraphProperty("city", .text, .computed), GraphProperty("country", .text, .computed), GraphProperty("countryLetterCode", .text, .computed),
      GraphProperty("createdDateTime", .text, .computed), GraphProperty("displayName", .text, .computed),
      GraphProperty("preferredLanguage", .text, .computed), GraphProperty("tenantType", .text, .computed, absent: "AAD"),
      GraphProperty("verifiedDomains", .objects, .computed),
    ])

  static let domain = GraphSchema(
    type: "domain", resource: "Domain", collection: "domains",
    properties: [
      GraphProperty("id", .text, .computed), GraphProperty("authenticationType", .text, .computed, absent: "Managed"),
      GraphProperty("availabilityStatus", .text, .computed), GraphProperty("isAdminManaged", .boolean, .computed, absent: true),
      GraphProperty("isDefault", .boolean, .computed), GraphProperty("isInitial", .boolean, .computed),
      GraphProperty("isRoot", .boolean, .computed, absent: true), GraphProperty("isVerified", .boolean, .computed, absent: true),
      GraphProperty("supportedServices", .texts, .computed),
    ])

  /// Every property of the types that stand mixed in one list, for what may be selected and filtered there.
  static let directoryObject = GraphSchema(
    type: "directoryObject", resource: "DirectoryObject", collection: "directoryObjects",
    properties: mixed.flatMap(\.properties).reduce(into: []) { all, property in
      if !all.contains(where: { $0.name == property.name }) { all.append(property) }
    })

  private static let mixed: [GraphSchema] = [.user, .group, .servicePrincipal, .application]

  /// The type of an object that comes with its `@odata.type`.
  static func of(_ typed: JSON.Object) -> GraphSchema? {
    mixed.first { $0.odataType == typed["@odata.type"]?.string }
  }
}
