package import Base
package import Wire

/// One request as the service sees it, without HTTP: who asks, from where, for what, under which ids, when.
package struct ArmContext: Sendable {
  package var principal: Principal
  package var subscription: GUID?
  /// The permission that was granted for it, and so its name in the activity log.
  package var permission: String
  /// What it is about: a resource's, group's or subscription's id.
  package var resourceID: String
  package var apiVersion: String
  package var requestID: GUID
  package var correlationID: GUID
  package var clientRequestID: String?
  package var clientAddress: String
  package var method: String
  package var now: Timestamp
  /// The URL without its query, and the query.
  package var url: String
  package var query: Query

  package var tenant: GUID { principal.tenant }

  package init(
    principal: Principal, subscription: GUID?, permission: String, resourceID: String, apiVersion: String, requestID: GUID, correlationID: GUID,
    clientRequestID: String? = nil, clientAddress: String, method: String, now: Timestamp, url: String, query: Query
  ) {
    self.principal = principal
    self.subscription = subscription
    self.permission = permission
    self.resourceID = resourceID
    self.apiVersion = apiVersion
    self.requestID = requestID
    self.correlationID = correlationID
    self.clientRequestID = clientRequestID
    self.clientAddress = clientAddress
    self.method = method
    self.now = now
    self.url = url
    self.query = query
  }

  /// What a provider's type gets to see of it.
  func operation(_ subscription: GUID) -> OperationContext {
    OperationContext(
      principal: principal, tenant: tenant, subscription: subscription, correlationID: correlationID, requestID: requestID, now: now,
      apiVersion: apiVersion, url: url, query: query)
  }

  /// The caller as the activity log and error messages name it: a user by name, an application by its id.
  var caller: String {
    principal.kind == .servicePrincipal ? (principal.applicationID ?? principal.objectID).description : principal.name
  }

  /// The entry that tells of this request's result.
  func entry(
    _ status: ActivityLogEntry.Status, _ statusCode: Int, error: CloudError? = nil, operationID: GUID? = nil, id: GUID
  ) -> ActivityLogEntry {
    ActivityLogEntry(
      id: id, tenant: tenant, subscription: subscription, time: now, operationName: permission, resourceID: resourceID, status: status,
      statusCode: statusCode, errorCode: error?.code, errorMessage: error?.message, caller: caller, principalID: principal.objectID,
      claims: principal.claims, correlationID: correlationID, operationID: operationID ?? requestID, clientRequestID: clientRequestID,
      clientAddress: clientAddress, method: method)
  }
}
