public import Base

/// The roles of the directory, which are assigned at `AccessScope.directory` and grant what Graph guards.
///
/// Source: Microsoft, "Microsoft Entra built-in roles".
public enum DirectoryRole {
  public static let globalAdministrator = GUID(high: 0x62e9_0394_69f5_4237, low: 0x9190_0121_7714_5e10)
  public static let userAdministrator = GUID(high: 0xfe93_0be7_5e62_47db, low: 0x91af_98c3_a49a_38b1)
  public static let applicationAdministrator = GUID(high: 0x9b89_5d92_2cd3_44c7, low: 0x9d02_a6ac_2d5e_a5c3)
  public static let directoryReaders = GUID(high: 0x88d8_e3e3_8f55_4a1e, low: 0x953a_9b98_98b8_876b)

  /// What is needed to assign directory roles, and to change the credentials or members of what holds one.
  public static let roleManagement = Action("microsoft.directory/roleAssignments/allProperties/allTasks")

  public static let all: [RoleDefinition] = [
    BuiltInRole.role(
      applicationAdministrator, "Application Administrator", "Can create and manage all aspects of app registrations and enterprise apps.",
      RolePermissions(actions: ["microsoft.directory/applications/*", "microsoft.directory/servicePrincipals/*", reading]),
      scope: AccessScope.directory),
    BuiltInRole.role(
      directoryReaders, "Directory Readers",
      "Can read basic directory information. Commonly used to grant directory read access to applications and guests.",
      RolePermissions(actions: [reading]), scope: AccessScope.directory),
    BuiltInRole.role(
      globalAdministrator, "Global Administrator",
      "Can manage all aspects of Microsoft Entra ID and Microsoft services that use Microsoft Entra identities.",
      RolePermissions(actions: ["microsoft.directory/*"]), scope: AccessScope.directory),
    BuiltInRole.role(
      userAdministrator, "User Administrator", "Can manage all aspects of users and groups, including resetting passwords for limited admins.",
      RolePermissions(actions: ["microsoft.directory/users/*", "microsoft.directory/groups/*", reading]), scope: AccessScope.directory),
  ]

  private static let reading = "microsoft.directory/*/read"
}
