internal import ResourceManager

/// The permissions of `Microsoft.Storage`, as `az provider operation show` lists them.
///
/// Source: Microsoft, "Azure permissions for Storage", Microsoft.Storage.
enum StorageProviderOperations {
  static let all: [ProviderOperation] = management + data

  private static func operation(_ name: String, isDataAction: Bool = false, _ resource: String, _ operation: String, _ text: String)
    -> ProviderOperation
  {
    ProviderOperation(name: "Microsoft.Storage/\(name)", isDataAction: isDataAction, resource: resource, operation: operation, description: text)
  }

  private static let management = [
    operation(
      "register/action", "Subscription", "Registers the Storage Resource Provider",
      "Registers the subscription for the storage resource provider and enables the creation of storage accounts."),
    operation("checknameavailability/read", "Name Availability", "Check Name Availability", "Checks that account name is valid and is not in use."),
    operation("operations/read", "Operations", "Poll Asynchronous Operation", "Polls the status of an asynchronous operation."),
    operation("skus/read", "Skus", "List Skus", "Lists the Skus supported by Microsoft.Storage."),
    operation(
      "locations/usages/read", "Usages", "Get Subscription Usages",
      "Returns the limit and the current usage count for resources in the specified subscription"),
    operation(
      "storageAccounts/read", "Storage Accounts", "List/Get Storage Account(s)",
      "Returns the list of storage accounts or gets the properties for the specified storage account."),
    operation(
      "storageAccounts/write", "Storage Accounts", "Create/Update Storage Account",
      "Creates a storage account with the specified parameters or update the properties or tags or adds custom domain for the specified storage account."
    ),
    operation("storageAccounts/delete", "Storage Accounts", "Delete Storage Account", "Deletes an existing storage account."),
    operation(
      "storageAccounts/listkeys/action", "Storage Accounts", "List Storage Account Keys", "Returns the access keys for the specified storage account."
    ),
    operation(
      "storageAccounts/regeneratekey/action", "Storage Accounts", "Regenerate Storage Account Keys",
      "Regenerates the access keys for the specified storage account."),
    operation(
      "storageAccounts/revokeUserDelegationKeys/action", "Storage Accounts", "Revoke Storage Account User Delegation Keys",
      "Revokes all the user delegation keys for the specified storage account."),
    operation(
      "storageAccounts/listAccountSas/action", "Storage Accounts", "Returns Storage Account SAS Token",
      "Returns the Account SAS token for the specified storage account."),
    operation(
      "storageAccounts/listServiceSas/action", "Storage Accounts", "Returns Storage Service SAS Token",
      "Returns the Service SAS token for the specified storage account."),
    operation(
      "storageAccounts/blobServices/read", "Blob service", "List/Get blob service(s)",
      "List blob services. Returns blob service properties or statistics"),
    operation(
      "storageAccounts/blobServices/write", "Blob service", "Put blob service properties", "Returns the result of put blob service properties"),
    operation(
      "storageAccounts/blobServices/getInfo/action", "Blob service", "Get Account Information",
      "Returns the sku name and account kind for the specified account."),
    operation(
      "storageAccounts/blobServices/generateUserDelegationKey/action", "Blob service", "Get A User Delegation Key",
      "Returns a user delegation key for the blob service"),
    operation(
      "storageAccounts/blobServices/containers/read", "Blob container", "List/Get blob container(s)",
      "Returns list of containers. Returns a container"),
    operation(
      "storageAccounts/blobServices/containers/write", "Blob container", "Create/Update blob container",
      "Returns the result of patch blob container. Returns the result of put blob container"),
    operation(
      "storageAccounts/blobServices/containers/delete", "Blob container", "Delete blob container", "Returns the result of deleting a container"),
    operation(
      "storageAccounts/blobServices/containers/getAcl/action", "Blob container", "Get blob container ACL",
      "Returns the access control list of a container"),
    operation(
      "storageAccounts/blobServices/containers/setAcl/action", "Blob container", "Set blob container ACL",
      "Returns the result of setting the access control list of a container"),
    operation(
      "storageAccounts/queueServices/read", "Queue service", "Get Queue service properties",
      "Returns the properties or statistics of the queue service"),
    operation(
      "storageAccounts/queueServices/write", "Queue service", "Set Queue service properties",
      "Returns the result of setting the queue service's properties"),
    operation("storageAccounts/queueServices/queues/read", "Queue", "Get Queue", "Returns a queue or a list of queues"),
    operation("storageAccounts/queueServices/queues/write", "Queue", "Put Queue", "Returns the result of writing a queue"),
    operation("storageAccounts/queueServices/queues/delete", "Queue", "Delete Queue", "Returns the result of deleting a queue"),
    operation(
      "storageAccounts/tableServices/read", "Table service", "Get Table service properties",
      "Returns the properties or statistics of the table service"),
    operation(
      "storageAccounts/tableServices/write", "Table service", "Set Table service properties",
      "Returns the result of setting the table service's properties"),
    operation("storageAccounts/tableServices/tables/read", "Table", "Get Table", "Returns a table or a list of tables"),
    operation("storageAccounts/tableServices/tables/write", "Table", "Put Table", "Returns the result of writing a table"),
    operation("storageAccounts/tableServices/tables/delete", "Table", "Delete Table", "Returns the result of deleting a table"),
    operation(
      "storageAccounts/managementPolicies/read", "Data management policy", "Get management policy", "Gets the storage account's management policy"),
    operation(
      "storageAccounts/managementPolicies/write", "Data management policy", "Put management policy", "Puts the storage account's management policy"),
    operation(
      "storageAccounts/managementPolicies/delete", "Data management policy", "Delete management policy",
      "Deletes the storage account's management policy"),
    operation(
      "storageAccounts/objectReplicationPolicies/read", "Object replication policy", "Get object replication policy",
      "Gets an object replication policy"),
    operation(
      "storageAccounts/objectReplicationPolicies/write", "Object replication policy", "Create or update object replication policy",
      "Creates or updates an object replication policy"),
  ]

  private static let data = [
    operation("storageAccounts/blobServices/containers/blobs/read", isDataAction: true, "Blob", "Read Blob", "Returns a blob or a list of blobs"),
    operation(
      "storageAccounts/blobServices/containers/blobs/write", isDataAction: true, "Blob", "Write Blob", "Returns the result of writing a blob"),
    operation(
      "storageAccounts/blobServices/containers/blobs/delete", isDataAction: true, "Blob", "Delete Blob", "Returns the result of deleting a blob"),
    operation(
      "storageAccounts/blobServices/containers/blobs/add/action", isDataAction: true, "Blob", "Add blob content",
      "Returns the result of adding blob content"),
    operation(
      "storageAccounts/blobServices/containers/blobs/move/action", isDataAction: true, "Blob", "Move Blob", "Moves the blob from one path to another"),
    operation(
      "storageAccounts/blobServices/containers/blobs/filter/action", isDataAction: true, "Blob", "Find blobs by tags",
      "Returns the list of blobs under an account with matching tags filter"),
    operation(
      "storageAccounts/blobServices/containers/blobs/tags/read", isDataAction: true, "Blob", "Read blob tags",
      "Returns the result of reading blob tags"),
    operation(
      "storageAccounts/blobServices/containers/blobs/tags/write", isDataAction: true, "Blob", "Write blob tags",
      "Returns the result of writing blob tags"),
    operation(
      "storageAccounts/blobServices/containers/blobs/deleteBlobVersion/action", isDataAction: true, "Blob", "Delete blob version",
      "Returns the result of deleting a blob version"),
    operation(
      "storageAccounts/blobServices/containers/blobs/permanentDelete/action", isDataAction: true, "Blob", "Permanently delete blob",
      "Permanently deletes a soft-deleted blob version or snapshot"),
    operation(
      "storageAccounts/blobServices/containers/blobs/manageOwnership/action", isDataAction: true, "Blob", "Change ownership",
      "Changes ownership of the blob"),
    operation(
      "storageAccounts/blobServices/containers/blobs/modifyPermissions/action", isDataAction: true, "Blob", "Modify permissions",
      "Modifies permissions of the blob"),
    operation(
      "storageAccounts/blobServices/containers/blobs/runAsSuperUser/action", isDataAction: true, "Blob", "Run as super user",
      "Returns the result of the blob command"),
    operation(
      "storageAccounts/blobServices/containers/blobs/immutableStorage/runAsSuperUser/action", isDataAction: true, "Blob", "Run as super user",
      "Returns the result of the blob command on immutable storage"),
    operation(
      "storageAccounts/queueServices/queues/messages/read", isDataAction: true, "Message", "Read message", "Returns a message"),
    operation(
      "storageAccounts/queueServices/queues/messages/write", isDataAction: true, "Message", "Write message", "Returns the result of writing a message"
    ),
    operation(
      "storageAccounts/queueServices/queues/messages/delete", isDataAction: true, "Message", "Delete message",
      "Returns the result of deleting a message"),
    operation(
      "storageAccounts/queueServices/queues/messages/add/action", isDataAction: true, "Message", "Add message",
      "Returns the result of adding a message"),
    operation(
      "storageAccounts/queueServices/queues/messages/process/action", isDataAction: true, "Message", "Process message",
      "Returns the result of processing a message"),
    operation(
      "storageAccounts/tableServices/tables/entities/read", isDataAction: true, "Table entity", "Query table entities", "Queries table entities"),
    operation(
      "storageAccounts/tableServices/tables/entities/write", isDataAction: true, "Table entity", "Insert, merge, or replace table entities",
      "Inserts, merges, or replaces table entities"),
    operation(
      "storageAccounts/tableServices/tables/entities/delete", isDataAction: true, "Table entity", "Delete table entities", "Deletes table entities"),
    operation(
      "storageAccounts/tableServices/tables/entities/add/action", isDataAction: true, "Table entity", "Insert table entities",
      "Inserts table entities"),
    operation(
      "storageAccounts/tableServices/tables/entities/update/action", isDataAction: true, "Table entity", "Merge or update table entities",
      "Merges or updates table entities"),
  ]
}
