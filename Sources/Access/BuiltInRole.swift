public import Base

/// The roles that every tenant has, with the ids, names and permissions that Azure gives them.
///
/// Source: Microsoft, "Azure built-in roles".
public enum BuiltInRole {
  public static let owner = GUID(high: 0x8e3a_f657_a8ff_443c, low: 0xa75c_2fe8_c4bc_b635)
  public static let contributor = GUID(high: 0xb249_88ac_6180_42a0, low: 0xab88_20f7_382d_d24c)
  public static let reader = GUID(high: 0xacdd_72a7_3385_48ef, low: 0xbd42_f606_fba8_1ae7)
  public static let userAccessAdministrator = GUID(high: 0x18d7_d88d_d35e_4fb5, low: 0xa5c3_7773_c20a_72d9)
  public static let roleBasedAccessControlAdministrator = GUID(high: 0xf583_10d9_a9f6_439a, low: 0x9e8d_f62e_7b41_a168)
  public static let storageAccountContributor = GUID(high: 0x17d1_049b_9a84_46fb, low: 0x8f53_8698_81c3_d3ab)
  public static let storageAccountKeyOperator = GUID(high: 0x81a9_662b_bebf_436f, low: 0xa333_f67b_2988_0f12)
  public static let readerAndDataAccess = GUID(high: 0xc12c_1c16_33a1_487b, low: 0x954d_41c8_9c60_f349)
  public static let storageBlobDataOwner = GUID(high: 0xb7e6_dc6d_f1e8_4753, low: 0x8033_0f27_6bb0_955b)
  public static let storageBlobDataContributor = GUID(high: 0xba92_f5b4_2d11_453d, low: 0xa403_e96b_0029_c9fe)
  public static let storageBlobDataReader = GUID(high: 0x2a2b_9908_6ea1_4ae2, low: 0x8e65_a410_df84_e7d1)
  public static let storageBlobDelegator = GUID(high: 0xdb58_b8e5_c6ad_4a2a, low: 0x8342_4190_687c_bf4a)
  public static let storageQueueDataContributor = GUID(high: 0x974c_5e8b_45b9_4653, low: 0xba55_5f85_5dd0_fb88)
  public static let storageQueueDataMessageProcessor = GUID(high: 0x8a0f_0c08_91a1_4084, low: 0xbc3d_661d_6723_3fed)
  public static let storageQueueDataMessageSender = GUID(high: 0xc6a8_9b2d_59bc_44d0, low: 0x9896_0f6e_12d7_b80a)
  public static let storageQueueDataReader = GUID(high: 0x19e7_f393_937e_4f77, low: 0x808e_9453_5e29_7925)
  public static let storageQueueDelegator = GUID(high: 0x7ee3_86e9_84f0_448e, low: 0x80a6_f185_f653_3131)
  public static let storageTableDataContributor = GUID(high: 0x0a9a_7e1f_b9d0_4cc4, low: 0xa60d_0319_b160_aaa3)
  public static let storageTableDataReader = GUID(high: 0x7619_9698_9eea_4c19, low: 0xbc75_cec2_1354_c6b6)
  public static let storageTableDelegator = GUID(high: 0x9650_33a5_c8eb_4f35, low: 0xb82f_fef4_60a3_606d)
  public static let monitoringReader = GUID(high: 0x43d0_d8ad_25c7_4714, low: 0x9337_8ba2_59a9_fe05)
  public static let monitoringContributor = GUID(high: 0x749f_88d5_cbae_40b8, low: 0xbcfc_e573_ddc7_72fa)

  public static let securityReader = GUID(high: 0x39bc_4728_0917_49c7, low: 0x9d2c_d954_23bc_2eb4)
  public static let securityAdmin = GUID(high: 0xfb1c_8493_542b_48eb, low: 0xb624_b4c8_fea6_2acd)

  public static let virtualMachineContributor = GUID(high: 0x9980_e02c_c2be_4d73, low: 0x94e8_173b_1dc7_cf3c)
  public static let networkContributor = GUID(high: 0x4d97_b98b_1d4f_4787, low: 0xa291_c678_34d2_12e7)

  /// The roles of Resource Manager's hierarchy, in the order of their names.
  public static let all: [RoleDefinition] = (general + storage + messages + tables + monitoring + security + machines + vaults + lockbox)
    .sorted { $0.roleName < $1.roleName }

  /// The built-in role of an id, of the hierarchy or of the directory.
  public static func definition(_ id: GUID) -> RoleDefinition? { byID[id] }

  private static let byID = Dictionary(uniqueKeysWithValues: (all + DirectoryRole.all).map { ($0.id, $0) })

  static let compiled = byID.mapValues { CompiledPermissions($0.permissions) }

  static func role(_ id: GUID, _ name: String, _ description: String, _ permissions: RolePermissions, scope: String = "/") -> RoleDefinition {
    RoleDefinition(
      tenant: .zero, id: id, roleName: name, description: description, type: .builtIn, permissions: [permissions], assignableScopes: [scope])
  }

  private static let general: [RoleDefinition] = [
    role(
      owner, "Owner", "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
      RolePermissions(actions: ["*"])),
    role(
      contributor, "Contributor",
      "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.",
      RolePermissions(
        actions: ["*"],
        notActions: [
          "Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
          "Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete",
          "Microsoft.Compute/galleries/share/action", "Microsoft.Purview/consents/write", "Microsoft.Purview/consents/delete",
          "Microsoft.Resources/deploymentStacks/manageDenySetting/action", "Microsoft.Subscription/cancel/action",
          "Microsoft.Subscription/enable/action",
        ])),
    role(reader, "Reader", "View all resources, but does not allow you to make any changes.", RolePermissions(actions: ["*/read"])),
    role(
      userAccessAdministrator, "User Access Administrator", "Lets you manage user access to Azure resources.",
      RolePermissions(actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"])),
    role(
      roleBasedAccessControlAdministrator, "Role Based Access Control Administrator",
      "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to manage access using other ways, such as Azure Policy.",
      RolePermissions(actions: [
        "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read", "Microsoft.Support/*",
      ])),
  ]

  private static let storage: [RoleDefinition] = [
    role(
      storageAccountContributor, "Storage Account Contributor",
      "Lets you manage storage accounts, including accessing storage account keys which provide full access to storage account data.",
      RolePermissions(actions: [
        "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Insights/diagnosticSettings/*",
        "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action", "Microsoft.ResourceHealth/availabilityStatuses/read",
        "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Storage/storageAccounts/*",
        "Microsoft.Support/*",
      ])),
    role(
      storageAccountKeyOperator, "Storage Account Key Operator Service Role",
      "Storage Account Key Operators are allowed to list and regenerate keys on Storage Accounts",
      RolePermissions(actions: [
        "Microsoft.Storage/storageAccounts/listkeys/action", "Microsoft.Storage/storageAccounts/regeneratekey/action",
      ])),
    role(
      readerAndDataAccess, "Reader and Data Access",
      "Lets you view everything but will not let you delete or create a storage account or contained resource. It will also allow read/write access to all data contained in a storage account via access to storage account keys.",
      RolePermissions(actions: [
        "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/ListAccountSas/action",
        "Microsoft.Storage/storageAccounts/read",
      ])),
    role(
      storageBlobDataOwner, "Storage Blob Data Owner",
      "Allows for full access to Azure Storage blob containers and data, including assigning POSIX access control.",
      RolePermissions(
        actions: ["\(blobService)/containers/*", delegationKey], dataActions: ["\(blobService)/containers/blobs/*"])),
    role(
      storageBlobDataContributor, "Storage Blob Data Contributor",
      "Allows for read, write and delete access to Azure Storage blob containers and data",
      RolePermissions(
        actions: ["\(blobService)/containers/delete", "\(blobService)/containers/read", "\(blobService)/containers/write", delegationKey],
        dataActions: [
          "\(blobService)/containers/blobs/delete", "\(blobService)/containers/blobs/read", "\(blobService)/containers/blobs/write",
          "\(blobService)/containers/blobs/move/action", "\(blobService)/containers/blobs/add/action",
        ])),
    role(
      storageBlobDataReader, "Storage Blob Data Reader", "Allows for read access to Azure Storage blob containers and data",
      RolePermissions(actions: ["\(blobService)/containers/read", delegationKey], dataActions: ["\(blobService)/containers/blobs/read"])),
    role(
      storageBlobDelegator, "Storage Blob Delegator",
      "Allows for generation of a user delegation key which can be used to sign SAS tokens", RolePermissions(actions: [delegationKey])),
  ]

  private static let messages: [RoleDefinition] = [
    role(
      storageQueueDataContributor, "Storage Queue Data Contributor",
      "Allows for read, write, and delete access to Azure Storage queues and queue messages",
      RolePermissions(
        actions: ["\(queues)/delete", "\(queues)/read", "\(queues)/write"],
        dataActions: [
          "\(queues)/messages/delete", "\(queues)/messages/read", "\(queues)/messages/write", "\(queues)/messages/process/action",
        ])),
    role(
      storageQueueDataMessageProcessor, "Storage Queue Data Message Processor",
      "Allows for peek, receive, and delete access to Azure Storage queue messages",
      RolePermissions(dataActions: ["\(queues)/messages/read", "\(queues)/messages/process/action"])),
    role(
      storageQueueDataMessageSender, "Storage Queue Data Message Sender", "Allows for sending of Azure Storage queue messages",
      RolePermissions(dataActions: ["\(queues)/messages/add/action"])),
    role(
      storageQueueDataReader, "Storage Queue Data Reader", "Allows for read access to Azure Storage queues and queue messages",
      RolePermissions(actions: ["\(queues)/read"], dataActions: ["\(queues)/messages/read"])),
    role(
      storageQueueDelegator, "Storage Queue Delegator", delegator("queue"),
      RolePermissions(actions: ["Microsoft.Storage/storageAccounts/queueServices/generateUserDelegationKey/action"])),
  ]

  private static let tables: [RoleDefinition] = [
    role(
      storageTableDataContributor, "Storage Table Data Contributor",
      "Allows for read, write and delete access to Azure Storage tables and entities",
      RolePermissions(
        actions: ["\(tableResources)/read", "\(tableResources)/write", "\(tableResources)/delete"],
        dataActions: [
          "\(tableResources)/entities/read", "\(tableResources)/entities/write", "\(tableResources)/entities/delete",
          "\(tableResources)/entities/add/action", "\(tableResources)/entities/update/action",
        ])),
    role(
      storageTableDataReader, "Storage Table Data Reader", "Allows for read access to Azure Storage tables and entities",
      RolePermissions(actions: ["\(tableResources)/read"], dataActions: ["\(tableResources)/entities/read"])),
    role(
      storageTableDelegator, "Storage Table Delegator", delegator("table"),
      RolePermissions(actions: ["Microsoft.Storage/storageAccounts/tableServices/generateUserDelegationKey/action"])),
  ]

  private static let queues = "Microsoft.Storage/storageAccounts/queueServices/queues"
  private static let tableResources = "Microsoft.Storage/storageAccounts/tableServices/tables"

  private static func delegator(_ resource: String) -> String {
    "Get a user delegation key, which can then be used to create a shared access signature for an Azure Storage \(resource) that is signed with Azure AD credentials."
  }

  private static let blobService = "Microsoft.Storage/storageAccounts/blobServices"
  private static let delegationKey = "\(blobService)/generateUserDelegationKey/action"

  private static let machines: [RoleDefinition] = [
    role(
      virtualMachineContributor, "Virtual Machine Contributor",
      "Lets you manage virtual machines, but not access to them, and not the virtual network or storage account they're connected to.",
      RolePermissions(actions: [
        "Microsoft.Authorization/*/read", "Microsoft.Compute/availabilitySets/*", "Microsoft.Compute/locations/*",
        "Microsoft.Compute/virtualMachines/*",
        "Microsoft.Compute/virtualMachineScaleSets/*", "Microsoft.Compute/cloudServices/*", "Microsoft.Compute/disks/write",
        "Microsoft.Compute/disks/read", "Microsoft.Compute/disks/delete", "Microsoft.DevTestLab/schedules/*", "Microsoft.Insights/alertRules/*",
        "Microsoft.Network/applicationGateways/backendAddressPools/join/action", "Microsoft.Network/loadBalancers/backendAddressPools/join/action",
        "Microsoft.Network/loadBalancers/inboundNatPools/join/action", "Microsoft.Network/loadBalancers/inboundNatRules/join/action",
        "Microsoft.Network/loadBalancers/probes/join/action", "Microsoft.Network/loadBalancers/read", "Microsoft.Network/locations/*",
        "Microsoft.Network/networkInterfaces/*", "Microsoft.Network/networkSecurityGroups/join/action",
        "Microsoft.Network/networkSecurityGroups/read",
        "Microsoft.Network/publicIPAddresses/join/action", "Microsoft.Network/publicIPAddresses/read", "Microsoft.Network/virtualNetworks/read",
        "Microsoft.Network/virtualNetworks/subnets/join/action", "Microsoft.RecoveryServices/locations/*",
        "Microsoft.RecoveryServices/Vaults/backupFabrics/backupProtectionIntent/write",
        "Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/*/read",
        "Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/read",
        "Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/write",
        "Microsoft.RecoveryServices/Vaults/backupPolicies/read", "Microsoft.RecoveryServices/Vaults/backupPolicies/write",
        "Microsoft.RecoveryServices/Vaults/read", "Microsoft.RecoveryServices/Vaults/usages/read", "Microsoft.RecoveryServices/Vaults/write",
        "Microsoft.ResourceHealth/availabilityStatuses/read", "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.SerialConsole/serialPorts/connect/action", "Microsoft.SqlVirtualMachine/*", "Microsoft.Storage/storageAccounts/listKeys/action",
        "Microsoft.Storage/storageAccounts/read", "Microsoft.Support/*",
      ])),
    role(
      networkContributor, "Network Contributor", "Lets you manage networks, but not access to them.",
      RolePermissions(actions: [
        "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Network/*",
        "Microsoft.ResourceHealth/availabilityStatuses/read",
        "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
      ])),
  ]

  private static let monitoring: [RoleDefinition] = [
    role(
      monitoringReader, "Monitoring Reader", "Can read all monitoring data.",
      RolePermissions(actions: ["*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"])),
    role(
      monitoringContributor, "Monitoring Contributor", "Can read all monitoring data and update monitoring settings.",
      RolePermissions(actions: [
        "*/read", "Microsoft.AlertsManagement/alerts/*", "Microsoft.AlertsManagement/alertsSummary/*", "Microsoft.AlertsManagement/issues/*",
        "Microsoft.Insights/actiongroups/*", "Microsoft.Insights/activityLogAlerts/*", "Microsoft.Insights/AlertRules/*",
        "Microsoft.Insights/components/*", "Microsoft.Insights/createNotifications/*", "Microsoft.Insights/dataCollectionEndpoints/*",
        "Microsoft.Insights/dataCollectionRules/*", "Microsoft.Insights/dataCollectionRuleAssociations/*",
        "Microsoft.Insights/DiagnosticSettings/*", "Microsoft.Insights/eventtypes/*", "Microsoft.Insights/LogDefinitions/*",
        "Microsoft.Insights/metricalerts/*", "Microsoft.Insights/MetricDefinitions/*", "Microsoft.Insights/Metrics/*",
        "Microsoft.Insights/notificationStatus/*", "Microsoft.Insights/Register/Action", "Microsoft.Insights/scheduledqueryrules/*",
        "Microsoft.Insights/webtests/*", "Microsoft.Insights/workbooks/*", "Microsoft.Insights/workbooktemplates/*",
        "Microsoft.Insights/privateLinkScopes/*", "Microsoft.Insights/privateLinkScopeOperationStatuses/*", "Microsoft.Monitor/accounts/*",
        "Microsoft.Monitor/settings/*", "Microsoft.OperationalInsights/workspaces/write",
        "Microsoft.OperationalInsights/workspaces/intelligencepacks/*", "Microsoft.OperationalInsights/workspaces/savedSearches/*",
        "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
        "Microsoft.OperationalInsights/workspaces/sharedKeys/read", "Microsoft.OperationalInsights/workspaces/storageinsightconfigs/*",
        "Microsoft.OperationalInsights/locations/workspaces/failover/action", "Microsoft.OperationalInsights/workspaces/failback/action",
        "Microsoft.Support/*", "Microsoft.AlertsManagement/smartDetectorAlertRules/*", "Microsoft.AlertsManagement/actionRules/*",
        "Microsoft.AlertsManagement/smartGroups/*", "Microsoft.AlertsManagement/migrateFromSmartDetection/*",
        "Microsoft.AlertsManagement/investigations/*", "Microsoft.AlertsManagement/prometheusRuleGroups/*", "Microsoft.Monitor/investigations/*",
        "Microsoft.Resources/deployments/*",
      ])),
  ]

  private static let security: [RoleDefinition] = [
    role(
      securityReader, "Security Reader", "Security Reader Role",
      RolePermissions(actions: [
        "Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/read", "Microsoft.operationalInsights/workspaces/*/read",
        "Microsoft.Resources/deployments/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Security/*/read",
        "Microsoft.IoTSecurity/*/read", "Microsoft.Support/*/read", "Microsoft.Security/iotDefenderSettings/packageDownloads/action",
        "Microsoft.Security/iotDefenderSettings/downloadManagerActivation/action", "Microsoft.Security/iotSensors/downloadResetPassword/action",
        "Microsoft.IoTSecurity/defenderSettings/packageDownloads/action", "Microsoft.IoTSecurity/defenderSettings/downloadManagerActivation/action",
        "Microsoft.Management/managementGroups/read",
      ])),
    role(
      securityAdmin, "Security Admin", "Security Admin Role",
      RolePermissions(actions: [
        "Microsoft.Authorization/*/read", "Microsoft.Authorization/policyAssignments/*", "Microsoft.Authorization/policyDefinitions/*",
        "Microsoft.Authorization/policyExemptions/*", "Microsoft.Authorization/policySetDefinitions/*", "Microsoft.Insights/alertRules/*",
        "Microsoft.Management/managementGroups/read", "Microsoft.operationalInsights/workspaces/*/read", "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Security/*", "Microsoft.IoTSecurity/*", "Microsoft.IoTFirmwareDefense/*",
        "Microsoft.Support/*",
      ])),
  ]
}
